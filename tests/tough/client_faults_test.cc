// What a client leaves behind when it is killed, or its disk is full, at any of its changes (A12).

#include <cerrno>

#include "tests/support/system_call_faults.h"
#include "tests/tough/client_fixture.h"

namespace tough {
namespace {

using base::Result;
using test::IsOk;
using test::kNow;
using testing::Contains;

namespace fs = std::filesystem;

class ClientFaults : public ClientFixture {
 protected:
  // A cache of version 1, and a repository that has gone on: a new root with a new snapshot key, so
  // that the cached floors are deleted, and new versions of everything.
  void SetUp() override {
    repository_.AddTarget("dir/a", "first");
    repository_.PublishNextVersions();
    ASSERT_THAT(Refresh(), IsOk());
    before_ = CacheContents();
    fs::copy(CachePath(""), cache_ / "before", fs::copy_options::recursive);

    repository_.SetKeys(Role::kSnapshot, {"new snapshot key"});
    repository_.PublishNextRoot();
    repository_.PublishNextRoot();
    repository_.AddTarget("dir/a", "second");
    repository_.PublishNextVersions();
    ASSERT_THAT(Refresh(), IsOk());
    after_ = CacheContents();
    ResetCache();
  }
  void ResetCache() const {
    fs::remove_all(CachePath(""));
    fs::copy(cache_ / "before", CachePath(""), fs::copy_options::recursive);
  }

  // Each file is wholly the old or the new one, whatever happened.
  void ExpectOnlyWholeFiles(int n) const {
    for (const auto& [name, bytes] : CacheContents()) {
      if (name.ends_with(".tmp")) continue;
      const auto old_file = before_.find(name);
      const auto new_file = after_.find(name);
      const bool is_old = old_file != before_.end() && bytes == old_file->second;
      const bool is_new = new_file != after_.end() && bytes == new_file->second;
      const bool is_between = bytes == repository_.File("2.root.json");
      EXPECT_TRUE(is_old || is_new || is_between) << name << " after change " << n;
    }
  }

  static bool HasTemporaries(const std::string& folder) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.path().extension() == ".tmp") return true;
    }
    return false;
  }

  std::map<std::string, std::string> before_;
  std::map<std::string, std::string> after_;
};

TEST_F(ClientFaults, ARefreshThatIsKilledAnywhereIsMadeGoodByTheNext) {
  int n = 1;
  const auto refresh = [this] { return Refresh().has_value() ? 0 : 1; };
  while (test::RunKilledAtChange(n, refresh) == test::kKilledStatus) {
    ExpectOnlyWholeFiles(n);
    ASSERT_THAT(Refresh(), IsOk()) << "after change " << n;
    ASSERT_EQ(CacheContents(), after_) << "after change " << n;
    ResetCache();
    ++n;
  }
  EXPECT_GT(n, 30);  // seven files, of several changes each
  EXPECT_EQ(CacheContents(), after_);
}

TEST_F(ClientFaults, AFullDiskAtAnyChangeIsAnErrorThatLosesNothing) {
  for (int n = 1;; ++n) {
    Result<> refreshed;
    const bool struck = test::RunFailingFromChange(n, ENOSPC, [&] { refreshed = Refresh(); });
    if (!struck) {
      EXPECT_THAT(refreshed, IsOk());
      break;
    }
    EXPECT_THAT(refreshed, test::Fails(base::ErrorCode::kNoSpace)) << "change " << n;
    EXPECT_EQ(refreshed.error().message().find('\n'), std::string::npos);
    EXPECT_FALSE(HasTemporaries(CachePath(""))) << "change " << n;
    ExpectOnlyWholeFiles(n);
    ASSERT_THAT(Refresh(), IsOk()) << "after change " << n;
    EXPECT_EQ(CacheContents(), after_);
    ResetCache();
  }
}

class SaveFaults : public ClientFaults {
 protected:
  Result<> Save() {
    Client client = TRY(Open());
    TRY(client.Refresh(kNow));
    return client.Save("dir/a", folder_.path(), kNow);
  }
  // The saved file; empty where there is none.
  std::string Saved() const { return ReadAll(folder_ / "dir/a"); }

  test::TempDir folder_;
};

TEST_F(SaveFaults, ATargetThatIsKilledAnywhereIsWholeOrNotThere) {
  ASSERT_THAT(Refresh(), IsOk());
  std::vector<std::string> seen;
  for (int n = 1;; ++n) {
    const int status = test::RunKilledAtChange(n, [this] { return Save().has_value() ? 0 : 1; });
    seen.push_back(Saved());
    EXPECT_TRUE(Saved().empty() || Saved() == "second") << "change " << n;
    EXPECT_THAT(Save(), IsOk()) << "after change " << n;
    EXPECT_EQ(Saved(), "second");
    fs::remove_all(folder_ / "dir");
    if (status != test::kKilledStatus) break;
  }
  EXPECT_THAT(seen, Contains(""));
  EXPECT_THAT(seen, Contains("second"));
}

TEST_F(SaveFaults, AFullDiskAtAnyChangeLeavesNothing) {
  auto client = Open();
  ASSERT_THAT(client, IsOk());
  ASSERT_THAT(client->Refresh(kNow), IsOk());
  for (int n = 1;; ++n) {
    Result<> saved;
    const bool struck = test::RunFailingFromChange(
        n, ENOSPC, [&] { saved = client->Save("dir/a", folder_.path(), kNow); });
    if (!struck) break;
    EXPECT_THAT(saved, test::Fails(base::ErrorCode::kNoSpace)) << "change " << n;
    EXPECT_FALSE(HasTemporaries(folder_.path()));
    fs::remove_all(folder_ / "dir");
  }
  EXPECT_EQ(Saved(), "second");
}

}  // namespace
}  // namespace tough
