// What a publisher leaves behind when it is killed, or its disk is full, at any of its changes:
// what every client accepts, the old state or the new one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/file.h"
#include "tests/support/matchers.h"
#include "tests/support/repository_builder.h"
#include "tests/support/system_call_faults.h"
#include "tests/support/temp_dir.h"
#include "tough/client.h"
#include "tough/editor.h"
#include "tough/http_transport.h"
#include "tough/publish.h"

namespace tough {
namespace {

namespace fs = std::filesystem;
using base::Result;
using test::IsOk;
using test::IsOkAnd;
using test::kExpiry;
using test::kNow;
using test::TestKey;
using testing::AnyOf;

class PublishFaults : public testing::Test {
 protected:
  // Version 1 of a repository in "before", and what makes version 2 of it.
  void SetUp() override {
    const auto keys = Keys({"targets", "snapshot", "timestamp"});
    RepositoryEditor editor = RepositoryEditor::Create(builder_.File("1.root.json")).value();
    for (const std::string_view role : {"targets", "snapshot", "timestamp"})
      ASSERT_THAT(editor.SetExpires(role, kExpiry), IsOk());
    const auto targets = Sources("old");
    ASSERT_THAT(editor.AddTarget("dir/file", targets.front().description), IsOk());
    ASSERT_THAT(PublishRepository(directory_ / "before", targets, editor.Sign(keys).value()),
                IsOk());
    published_ = {.past_roots = {},
                  .root = builder_.File("1.root.json"),
                  .next_roots = {},
                  .timestamp = Read("before/metadata/timestamp.json"),
                  .snapshot = Read("before/metadata/1.snapshot.json"),
                  .targets = Read("before/metadata/1.targets.json"),
                  .delegated = {}};
  }
  static std::vector<SigningKey> Keys(const std::vector<std::string>& names) {
    std::vector<SigningKey> keys;
    for (const std::string& name : names) keys.push_back(TestKey(name));
    return keys;
  }
  std::string Read(const std::string& name) const {
    return base::ReadFile(directory_ / name, 1 << 20).value();
  }
  std::vector<TargetSource> Sources(const std::string& content) const {
    const std::string path = directory_ / (content + "/dir/file");
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path) << content;
    return FindTargets(directory_ / content, SymbolicLinks::kLeaveOut).value();
  }
  // As version 2, by these keys.
  std::vector<MetadataFile> Next(const std::vector<TargetSource>& targets,
                                 const std::vector<std::string>& keys) const {
    RepositoryEditor editor = RepositoryEditor::Open(published_).value();
    EXPECT_THAT(editor.AddTarget("dir/file", targets.front().description), IsOk());
    return editor.Sign(Keys(keys)).value();
  }
  void Reset() const {
    fs::remove_all(directory_ / "out");
    fs::copy(directory_ / "before", directory_ / "out", fs::copy_options::recursive);
  }
  // What a host without a cache gets.
  Result<std::string> Download() const {
    const test::TempDir cache;
    const auto transport = TRY(HttpTransport::Create({}));
    ClientOptions options;
    options.metadata_base_url = "file://" + (directory_ / "out/metadata");
    options.targets_base_url = "file://" + (directory_ / "out/targets");
    options.metadata_dir = cache.path();
    Client client = TRY(Client::Open(builder_.File("1.root.json"), options, *transport));
    TRY(client.Refresh(kNow));
    return client.Fetch("dir/file", 1 << 20, kNow);
  }
  // A host that read the old timestamp a moment ago goes on with files that are still there.
  void ExpectOldFilesUntouched() const {
    for (const auto& entry : fs::recursive_directory_iterator(directory_ / "before")) {
      const std::string name = fs::relative(entry.path(), directory_ / "before").string();
      if (!entry.is_regular_file() || entry.path().filename() == "timestamp.json") continue;
      EXPECT_EQ(Read("out/" + name), Read("before/" + name)) << name;
    }
  }
  // Publishes `files`, killed at each change in turn; a client after each, and the run repeated.
  void KillEverywhere(const std::vector<TargetSource>& targets,
                      const std::vector<MetadataFile>& files) const {
    const auto publish = [&] {
      return PublishRepository(directory_ / "out", targets, files).has_value() ? 0 : 1;
    };
    int status = test::kKilledStatus;
    int n = 1;
    for (; status == test::kKilledStatus; ++n) {
      SCOPED_TRACE(n);
      Reset();
      status = test::RunKilledAtChange(n, publish);
      EXPECT_THAT(Download(), IsOkAnd(AnyOf("old", "new")));
      ExpectOldFilesUntouched();
      EXPECT_EQ(publish(), 0);
      EXPECT_THAT(Download(), IsOkAnd(std::string("new")));
    }
    EXPECT_EQ(status, 0);
    EXPECT_GT(n, 10) << "changes were counted";
  }

  test::RepositoryBuilder builder_;
  test::TempDir directory_;
  PublishedMetadata published_;
};

TEST_F(PublishFaults, AnUpdateThatIsKilledAnywhereLeavesWhatClientsAccept) {
  const auto targets = Sources("new");
  KillEverywhere(targets, Next(targets, {"targets", "snapshot", "timestamp"}));
}

TEST_F(PublishFaults, ARotationByBothKeysThatIsKilledAnywhereLeavesWhatClientsAccept) {
  builder_.SetKeys(Role::kTimestamp, {"another"});
  builder_.SetKeys(Role::kTargets, {"yet another"});
  builder_.PublishNextRoot();
  published_.next_roots = {builder_.File("2.root.json")};
  const auto targets = Sources("new");
  KillEverywhere(targets,
                 Next(targets, {"targets", "yet another", "snapshot", "timestamp", "another"}));
}

TEST_F(PublishFaults, AFullDiskAtAnyChangeLeavesWhatClientsAccept) {
  const auto targets = Sources("new");
  const auto files = Next(targets, {"targets", "snapshot", "timestamp"});
  bool struck = true;
  for (int n = 1; struck; ++n) {
    SCOPED_TRACE(n);
    Reset();
    bool published = false;
    struck = test::RunFailingFromChange(n, ENOSPC, [&] {
      published = PublishRepository(directory_ / "out", targets, files).has_value();
    });
    EXPECT_NE(published, struck);
    EXPECT_THAT(Download(), IsOkAnd(AnyOf("old", "new")));
    ExpectOldFilesUntouched();
  }
}

}  // namespace
}  // namespace tough
