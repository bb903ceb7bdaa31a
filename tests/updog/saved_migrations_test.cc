#include "updog/saved_migrations.h"

#include <gmock/gmock.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include "base/file.h"
#include "tests/support/matchers.h"
#include "tests/support/memory_transport.h"
#include "tests/support/repository_builder.h"
#include "tests/support/system_call_faults.h"
#include "tests/support/temp_dir.h"
#include "updog/migrations.h"

namespace updog {
namespace {

using base::ErrorCode;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::IsOkAnd;
using test::kNow;
using testing::ElementsAre;
using tough::Role;

constexpr std::string_view kMetadataUrl = "http://x/m";
constexpr std::string_view kTargetsUrl = "http://x/t";
const VersionChange kChange = {.from = Version::Parse("1.0.0").value(),
                               .to = Version::Parse("2.0.0").value()};

class SavedMigrationsTest : public testing::Test {
 protected:
  SavedMigrationsTest() : shipped_(repository_.File("1.root.json")) {
    repository_.AddTarget("manifest.json", R"j({"updates": [], "migrations": {
        "(1.0.0, 2.0.0)": ["migrate_2.0.0_rename"]}})j");
    repository_.AddTarget("migrate_2.0.0_rename", "a program");
    repository_.PublishNextVersions();
  }

  base::Result<> FetchThem() { return FetchThemInto(places()); }
  base::Result<> FetchThemInto(const MigrationPlaces& places) {
    return FetchMigrations(transport_,
                           {.trusted_root = shipped_,
                            .metadata_base_url = std::string(kMetadataUrl),
                            .targets_base_url = std::string(kTargetsUrl)},
                           kChange, places, kNow);
  }
  // Fetches, puts in place, and opens them as after a reboot.
  base::Result<SavedMigrations> OpenThem() { return OpenTrusting(shipped_); }
  base::Result<FoundMigrations> FindThem() {
    return FindSavedMigrations(places(), shipped_, kChange);
  }
  base::Result<SavedMigrations> OpenTrusting(const std::string& trusted_root) {
    return SavedMigrations::Open(directory(), trusted_root);
  }
  static base::Result<std::string> Read(SavedMigrations& saved, const std::string& name) {
    base::StringSink sink(name, 1000);
    TRY(saved.Read(name, sink));
    return sink.Take();
  }

  base::Result<std::string> Serve(const std::string& url) const {
    for (const auto& [base_url, files] : {std::pair(kMetadataUrl, &repository_.files()),
                                          std::pair(kTargetsUrl, &repository_.target_files())}) {
      if (!url.starts_with(base_url)) continue;
      const auto file = files->find(url.substr(base_url.size() + 1));
      if (file != files->end()) return file->second;
    }
    return base::Fail(ErrorCode::kNotFound, url + ": not there");
  }

  // A name that a URL must escape.
  std::string directory() const { return dir_ / "the migrations%20"; }
  MigrationPlaces places() const {
    return {.usual = directory(), .substitute = dir_ / "substitute"};
  }

  test::TempDir dir_;
  test::RepositoryBuilder repository_;
  std::string shipped_;
  test::MemoryTransport transport_{[this](const std::string& url) { return Serve(url); }};
};

TEST_F(SavedMigrationsTest, AreReadOfflineAsTheyWerePublished) {
  ASSERT_THAT(FetchThem(), IsOk());
  ASSERT_THAT(PutMigrationsInPlace(places()), IsOk());
  auto saved = OpenThem();
  ASSERT_THAT(saved, IsOk());
  EXPECT_THAT(PlanMigrations(saved->manifest(), Version::Parse("2.0.0").value(),
                             Version::Parse("1.0.0").value()),
              IsOkAnd(ElementsAre("migrate_2.0.0_rename")));
  EXPECT_THAT(Read(*saved, "migrate_2.0.0_rename"), IsOkAnd(std::string("a program")));
}

TEST_F(SavedMigrationsTest, MayHaveExpired) {
  for (const Role role : {Role::kTargets, Role::kSnapshot, Role::kTimestamp}) {
    repository_.SetExpiry(role, kNow + std::chrono::seconds(1));
  }
  repository_.PublishNextVersions();
  ASSERT_THAT(FetchThem(), IsOk());
  ASSERT_THAT(PutMigrationsInPlace(places()), IsOk());
  // No clock is read: whatever it says now, they count.
  auto saved = OpenThem();
  ASSERT_THAT(saved, IsOk());
  EXPECT_THAT(Read(*saved, "migrate_2.0.0_rename"), IsOk());
}

TEST_F(SavedMigrationsTest, AreNotFetchedWithExpiredMetadata) {
  repository_.SetExpiry(Role::kTimestamp, kNow - std::chrono::seconds(1));
  repository_.PublishNextVersions();
  EXPECT_THAT(FetchThem(), Fails(ErrorCode::kExpired));
  EXPECT_FALSE(std::filesystem::exists(directory() + ".new"));
}

TEST_F(SavedMigrationsTest, AreRefusedByAnotherPublishersRoot) {
  ASSERT_THAT(FetchThem(), IsOk());
  ASSERT_THAT(PutMigrationsInPlace(places()), IsOk());
  test::RepositoryBuilder other;
  for (const Role role : {Role::kRoot, Role::kTargets, Role::kSnapshot, Role::kTimestamp}) {
    other.SetKeys(role, {"somebody else's"});
  }
  other.PublishRoot();
  EXPECT_THAT(OpenTrusting(other.File("1.root.json")), Fails(ErrorCode::kUntrusted));
}

TEST_F(SavedMigrationsTest, AreRefusedWhereAFileWasChanged) {
  ASSERT_THAT(FetchThem(), IsOk());
  ASSERT_THAT(PutMigrationsInPlace(places()), IsOk());
  const std::string path = directory() + "/targets/migrate_2.0.0_rename";
  ASSERT_THAT(base::ReplaceFile(path, base::AsBytes("b program")), IsOk());
  auto saved = OpenThem();
  ASSERT_THAT(saved, IsOk());
  EXPECT_THAT(Read(*saved, "migrate_2.0.0_rename"), Fails(ErrorCode::kMismatch));

  std::filesystem::remove(path);
  EXPECT_THAT(Read(*saved, "migrate_2.0.0_rename"), Fails(ErrorCode::kNotFound));
}

TEST_F(SavedMigrationsTest, ServeAnImageThatWasShippedWithAnOlderRootOrANewerOne) {
  repository_.PublishNextRoot();
  const std::string second = repository_.File("2.root.json");
  repository_.PublishNextRoot();
  const std::string first = std::exchange(shipped_, second);
  ASSERT_THAT(FetchThem(), IsOk());
  ASSERT_THAT(PutMigrationsInPlace(places()), IsOk());
  for (const std::string& root : {first, second, repository_.File("3.root.json")}) {
    EXPECT_THAT(OpenTrusting(root), IsOk());
  }
}

TEST_F(SavedMigrationsTest, OfAnEarlierUpdateStayUntilTheNewOnesAreWhole) {
  ASSERT_THAT(FetchThem(), IsOk());
  ASSERT_THAT(PutMigrationsInPlace(places()), IsOk());
  repository_.AddTarget("manifest.json", R"j({"updates": [], "migrations": {
      "(1.0.0, 2.0.0)": ["migrate_2.0.0_not_there"]}})j");
  repository_.PublishNextVersions();
  EXPECT_THAT(FetchThem(),
              testing::AllOf(Fails(ErrorCode::kNotFound), FailsSaying("migrate_2.0.0_not_there")));
  EXPECT_FALSE(std::filesystem::exists(directory() + ".new"));
  EXPECT_THAT(FindThem(), IsOk());
}

TEST_F(SavedMigrationsTest, GiveWayToOthersWithoutAnInstantInBetween) {
  ASSERT_THAT(FetchThem(), IsOk());
  ASSERT_THAT(PutMigrationsInPlace(places()), IsOk());
  int cuts = 0;
  for (int status = test::kKilledStatus; status == test::kKilledStatus; ++cuts) {
    ASSERT_THAT(FetchThem(), IsOk());
    status =
        test::RunKilledAtChange(cuts + 1, [&] { return PutMigrationsInPlace(places()) ? 0 : 1; });
    EXPECT_THAT(FindThem(), IsOk()) << "after a cut at change " << cuts + 1;
  }
  EXPECT_GT(cuts, 3);
  EXPECT_FALSE(std::filesystem::exists(directory() + ".new"));
}

TEST_F(SavedMigrationsTest, AreFoundOnlyWhereAllOfThemAreThereAndVerify) {
  EXPECT_THAT(FindThem(), Fails(ErrorCode::kNotFound));
  ASSERT_THAT(FetchThem(), IsOk());
  ASSERT_THAT(PutMigrationsInPlace(places()), IsOk());
  ASSERT_THAT(FindThem(), IsOk());
  EXPECT_THAT(FindThem()->names, ElementsAre("migrate_2.0.0_rename"));
  EXPECT_THAT(FindSavedMigrations(places(), shipped_,
                                  {.from = kChange.from, .to = Version::Parse("3.0.0").value()}),
              Fails(ErrorCode::kNotFound));
  const std::string path = directory() + "/targets/migrate_2.0.0_rename";
  ASSERT_THAT(base::ReplaceFile(path, base::AsBytes("b program")), IsOk());
  EXPECT_THAT(FindThem(), Fails(ErrorCode::kMismatch));
  std::filesystem::remove(path);
  EXPECT_THAT(FindThem(), Fails(ErrorCode::kNotFound));
}

// A data partition that cannot be mounted: what lies in memory instead is gone after the restart.
TEST_F(SavedMigrationsTest, AreKeptInTheOtherPlaceWhereTheUsualOneIsInMemoryOnly) {
  struct statfs status{};
  ASSERT_EQ(statfs(dir_.path().c_str(), &status), 0);
  if (status.f_type == TMPFS_MAGIC) GTEST_SKIP() << dir_.path() << " is in memory too";
  std::string in_memory = "/dev/shm/updog-test-XXXXXX";
  ASSERT_NE(mkdtemp(in_memory.data()), nullptr);
  const MigrationPlaces lost = {.usual = in_memory + "/a/b", .substitute = places().substitute};
  ASSERT_THAT(FetchThemInto(lost), IsOk());
  ASSERT_THAT(PutMigrationsInPlace(lost), IsOk());
  std::filesystem::remove_all(in_memory);
  EXPECT_THAT(FindSavedMigrations(lost, shipped_, kChange), IsOk());
  // The partition is there again.
  EXPECT_THAT(FindThem(), IsOk());
  ASSERT_THAT(FetchThem(), IsOk());
  ASSERT_THAT(PutMigrationsInPlace(places()), IsOk());
  EXPECT_FALSE(std::filesystem::exists(places().substitute));
  EXPECT_THAT(FindThem(), IsOk());
}

TEST_F(SavedMigrationsTest, MayHaveOnePlaceOnly) {
  const MigrationPlaces one = {.usual = directory(), .substitute = directory()};
  ASSERT_THAT(FetchThemInto(one), IsOk());
  ASSERT_THAT(PutMigrationsInPlace(one), IsOk());
  EXPECT_THAT(FindSavedMigrations(one, shipped_, kChange), IsOk());
  // By another name, too.
  std::filesystem::create_symlink(directory(), dir_ / "link");
  const MigrationPlaces linked = {.usual = directory(), .substitute = dir_ / "link"};
  ASSERT_THAT(FetchThemInto(linked), IsOk());
  ASSERT_THAT(PutMigrationsInPlace(linked), IsOk());
  EXPECT_THAT(FindSavedMigrations(linked, shipped_, kChange), IsOk());
}

TEST_F(SavedMigrationsTest, AreNotFoundWhereNothingCanBeReadEither) {
  std::filesystem::create_directories(directory());
  std::filesystem::create_symlink("metadata", directory() + "/metadata");
  EXPECT_THAT(FindThem(), Fails(ErrorCode::kNotFound));
}

TEST_F(SavedMigrationsTest, ThatAreNotThereAreNotFound) {
  EXPECT_THAT(OpenThem(), Fails(ErrorCode::kNotFound));
}

}  // namespace
}  // namespace updog
