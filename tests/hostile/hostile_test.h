// A client, as a program uses it, and a server that means it no good.
//
// Every test begins with a client that has refreshed once from an honest repository, and ends with
// the proof that it accepts the honest repository's next versions: whatever was done to it in
// between, it can still be updated (R1). In between an attack says what it must come to: the kind
// of error, what the client asked for, and the cache, byte by byte.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/loopback_server.h"
#include "tests/support/matchers.h"
#include "tests/support/repository_builder.h"
#include "tests/support/temp_dir.h"
#include "tough/client.h"
#include "tough/http_transport.h"

namespace hostile {

using base::ErrorCode;
using base::Result;
using tough::Role;
using Words = std::vector<std::string>;
// By path below a folder.
using Files = std::map<std::string, std::string>;

// What an attack comes to.
struct Refusal {
  ErrorCode code;
  Words requests;  // metadata by its name, "2.root.json"; targets by their path, "t/HASH.name"
  std::vector<Role> stored = {};   // accepted before the refusal, and kept, as last published
  std::vector<Role> removed = {};  // whose floors went with a key that was removed
  Words stored_delegated = {};     // like `stored`: roles that said something, if not this
};

class HostileTest : public testing::Test {
 protected:
  HostileTest();
  void SetUp() override;
  void TearDown() override;

  // The server has what `repository_` has published, and nothing else; no handler stays.
  void Serve() { Serve(repository_); }
  void Serve(const test::RepositoryBuilder& repository);
  // Next versions of targets, snapshot and timestamp, served.
  void PublishNextVersions();
  // The next root, served.
  void PublishNextRoot();
  // The metadata file of this name is answered so; the others stay.
  void Answer(const std::string& name, test::Handler handler) {
    server_.On("/m/" + name, std::move(handler));
  }

  // Runs of a program: opened, refreshed, closed.
  Result<> Refresh(base::Time now = test::kNow);
  Result<> Save(const std::string& name, base::Time now = test::kNow);

  // The next refresh, or the next Save(), comes to just that. A target that is refused leaves
  // nothing in its folder.
  void ExpectRefusal(const Refusal& expected, base::Time now = test::kNow);
  void ExpectRefusalOfTarget(const std::string& name, const Refusal& expected,
                             base::Time now = test::kNow);

  // What was asked for since the last call.
  Words TakeRequests();
  Files Cache() const { return ReadFolder(cache_); }
  // Puts these files in the place of all that the cache has.
  void WriteCache(const Files& files) const;
  Files Saved() const { return ReadFolder(saved_); }
  static Files ReadFolder(const std::string& folder);

  test::TempDir directory_;
  const std::string cache_ = directory_ / "metadata";
  const std::string saved_ = directory_ / "targets";
  test::RepositoryBuilder repository_;
  // What the client must still be able to follow at the end: a test that honestly publishes a new
  // root says so.
  test::RepositoryBuilder honest_ = repository_;
  const std::string trusted_root_ = repository_.File("1.root.json");
  test::LoopbackServer server_;
  tough::ClientOptions options_;
  tough::HttpOptions http_options_;

 private:
  Files Expected(Files cache, const Refusal& expected) const;
  void ExpectOutcome(const Result<>& outcome, const Refusal& expected, const Files& before);
};

}  // namespace hostile
