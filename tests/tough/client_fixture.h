// A repository in memory, a transport that serves it, and a cache directory: what every test of the
// client begins with.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/matchers.h"
#include "tests/support/memory_transport.h"
#include "tests/support/repository_builder.h"
#include "tests/support/temp_dir.h"
#include "tough/client.h"
#include "tough/schema.h"
#include "tough/url.h"

namespace tough {

// Collects, and tells whether it was finished.
class RecordingSink final : public base::ByteSink {
 public:
  base::Result<> Write(base::ByteView bytes) override {
    text_.append(base::AsText(bytes));
    return {};
  }
  base::Result<> Finish() override {
    finished_ = true;
    return {};
  }
  const std::string& text() const { return text_; }
  bool finished() const { return finished_; }

 private:
  std::string text_;
  bool finished_ = false;
};

class ClientFixture : public testing::Test {
 protected:
  static constexpr const char* kBase = "https://repository/";

  ClientOptions Options() const {
    ClientOptions options;
    options.metadata_base_url = std::string(kBase) + "m";
    options.targets_base_url = std::string(kBase) + "t";
    options.metadata_dir = cache_ / "metadata";
    return options;
  }
  base::Result<Client> Open() { return Client::Open(trusted_root_, Options(), transport_); }
  // One run of a program: opened, refreshed, closed.
  base::Result<> Refresh(base::Time now = test::kNow) {
    Client client = TRY(Open());
    return client.Refresh(now);
  }
  // The same, and what it asked for, below the server's root.
  std::vector<std::string> RequestsOfRefresh(base::Time now = test::kNow) {
    transport_.Forget();
    EXPECT_THAT(Refresh(now), test::IsOk());
    return Requests();
  }
  std::vector<std::string> Requests() const {
    std::vector<std::string> paths;
    for (const std::string& url : transport_.requests()) {
      paths.push_back(url.substr(std::string(kBase).size()));
    }
    return paths;
  }
  // A client that has refreshed.
  Client Ready(base::Time now = test::kNow) {
    auto client = Open();
    EXPECT_THAT(client, test::IsOk());
    EXPECT_THAT(client->Refresh(now), test::IsOk());
    transport_.Forget();
    return *std::move(client);
  }

  std::string CachePath(const std::string& name) const { return cache_ / ("metadata/" + name); }
  // The cached file's bytes; empty where there is none.
  std::string Cached(const std::string& name) const { return ReadAll(CachePath(name)); }
  void WriteCache(const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories(std::filesystem::path(CachePath(name)).parent_path());
    std::ofstream(CachePath(name), std::ios::binary) << bytes;
  }
  // All files of the cache but the lock, with their bytes.
  std::map<std::string, std::string> CacheContents() const {
    std::map<std::string, std::string> contents;
    const std::filesystem::path root = cache_ / "metadata";
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
      if (!entry.is_regular_file() || entry.path().filename() == "lock") continue;
      contents[entry.path().lexically_relative(root)] = ReadAll(entry.path());
    }
    return contents;
  }
  static std::string ReadAll(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  // Next versions of targets, snapshot and timestamp, and a target of this name.
  void PublishTarget(const std::string& name, const std::string& content) {
    repository_.AddTarget(name, content);
    repository_.PublishNextVersions();
  }

  test::TempDir cache_;
  test::RepositoryBuilder repository_;
  std::string trusted_root_ = repository_.File("1.root.json");
  test::MemoryTransport transport_{[this](const std::string& url) { return Serve(url); }};

 private:
  base::Result<std::string> Serve(const std::string& url) const {
    const std::string path = TRY(PercentDecode(url.substr(std::string(kBase).size())));
    const auto& files = path.starts_with("m/") ? repository_.files() : repository_.target_files();
    const auto found = files.find(path.substr(2));
    if (found == files.end()) return base::Fail(base::ErrorCode::kNotFound, url);
    return found->second;
  }
};

}  // namespace tough
