#include <limits>

#include "tests/tough/client_fixture.h"

namespace tough {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;
using std::chrono::days;
using std::chrono::seconds;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::kExpiry;
using test::kNow;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Key;
using testing::Not;

class ClientRefresh : public ClientFixture {};

// --- What is asked for.

TEST_F(ClientRefresh, AsksForWhatTheWorkflowNeedsInItsOrder) {
  EXPECT_THAT(RequestsOfRefresh(), ElementsAre("m/2.root.json", "m/timestamp.json",
                                               "m/1.snapshot.json", "m/1.targets.json"));
}

TEST_F(ClientRefresh, AsksForPlainNamesWithoutConsistentSnapshots) {
  repository_.SetConsistentSnapshot(false);
  repository_.PublishNextRoot();
  repository_.PublishNextVersions();
  EXPECT_THAT(RequestsOfRefresh(), ElementsAre("m/2.root.json", "m/3.root.json", "m/timestamp.json",
                                               "m/snapshot.json", "m/targets.json"));
}

TEST_F(ClientRefresh, AsksAgainForNothingThatItHas) {
  ASSERT_THAT(Refresh(), IsOk());
  EXPECT_THAT(RequestsOfRefresh(), ElementsAre("m/2.root.json", "m/timestamp.json"));
}

TEST_F(ClientRefresh, AsksOnlyForWhatChanged) {
  ASSERT_THAT(Refresh(), IsOk());
  repository_.SetVersion(Role::kSnapshot, 2);
  repository_.SetVersion(Role::kTimestamp, 2);
  repository_.PublishSnapshot();
  repository_.PublishTimestamp();
  EXPECT_THAT(RequestsOfRefresh(),
              ElementsAre("m/2.root.json", "m/timestamp.json", "m/2.snapshot.json"));
}

TEST_F(ClientRefresh, AsksForNothingBeforeTheTrustedRootIsFoundGood) {
  trusted_root_ = test::SignedDocument(repository_.Signed(Role::kRoot), {"somebody else"});
  EXPECT_THAT(Open(), Fails(ErrorCode::kUntrusted));
  trusted_root_ = "{";
  EXPECT_THAT(Open(), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(Requests(), IsEmpty());
}

// --- Roots.

TEST_F(ClientRefresh, WalksTheRootsOneByOne) {
  repository_.PublishNextRoot();
  repository_.PublishNextRoot();
  EXPECT_THAT(RequestsOfRefresh(),
              ElementsAre("m/2.root.json", "m/3.root.json", "m/4.root.json", "m/timestamp.json",
                          "m/1.snapshot.json", "m/1.targets.json"));
  EXPECT_EQ(Cached("root.json"), repository_.File("3.root.json"));
  EXPECT_EQ(Cached("root_history/2.root.json"), repository_.File("2.root.json"));
}

TEST_F(ClientRefresh, GoesOnFromTheRootsThatItHas) {
  repository_.PublishNextRoot();
  repository_.PublishNextRoot();
  ASSERT_THAT(Refresh(), IsOk());
  EXPECT_THAT(RequestsOfRefresh(), ElementsAre("m/4.root.json", "m/timestamp.json"));
}

TEST_F(ClientRefresh, StartsFromAnExpiredTrustedRoot) {
  repository_.SetExpiry(Role::kRoot, kNow - days(400));
  repository_.PublishRoot();
  trusted_root_ = repository_.File("1.root.json");
  repository_.SetExpiry(Role::kRoot, kExpiry);
  repository_.PublishNextRoot();
  EXPECT_THAT(Refresh(), IsOk());
}

TEST_F(ClientRefresh, FailsAtAnExpiredLastRootButKeepsIt) {
  repository_.SetExpiry(Role::kRoot, kNow);
  repository_.PublishNextRoot();
  EXPECT_THAT(Refresh(), Fails(ErrorCode::kExpired));
  EXPECT_EQ(Cached("root.json"), repository_.File("2.root.json"));
  EXPECT_THAT(Requests(), ElementsAre("m/2.root.json", "m/3.root.json"));
}

TEST_F(ClientRefresh, EndsTheChainOnlyWhereTheServerSaysThatThereIsNoMore) {
  for (const ErrorCode code : {ErrorCode::kNetwork, ErrorCode::kTooLarge, ErrorCode::kPermission}) {
    transport_.Forget();
    transport_.Set("https://repository/m/2.root.json", Fail(code, "no luck"));
    EXPECT_THAT(Refresh(), Fails(code));
    EXPECT_THAT(Requests(), ElementsAre("m/2.root.json"));
  }
}

TEST_F(ClientRefresh, KeepsTheRootsBeforeABadOne) {
  repository_.PublishNextRoot();
  repository_.SetFile("3.root.json", repository_.File("1.root.json"));
  EXPECT_THAT(Refresh(), Fails(ErrorCode::kRollback));
  EXPECT_EQ(Cached("root.json"), repository_.File("2.root.json"));
  EXPECT_THAT(CacheContents(), Not(Contains(Key("root_history/3.root.json"))));
}

TEST_F(ClientRefresh, TakesAFewRootsAtATimeAndGoesOnNextTime) {
  for (int i = 0; i < 3; ++i) repository_.PublishNextRoot();
  ClientOptions options = Options();
  options.limits.new_roots = 2;
  const auto refresh = [&]() -> Result<> {
    Client client = TRY(Client::Open(trusted_root_, options, transport_));
    return client.Refresh(kNow);
  };
  ASSERT_THAT(refresh(), IsOk());
  EXPECT_EQ(Cached("root.json"), repository_.File("3.root.json"));
  ASSERT_THAT(refresh(), IsOk());
  EXPECT_EQ(Cached("root.json"), repository_.File("4.root.json"));
}

TEST_F(ClientRefresh, Takes256RootsAtMost) {
  for (int i = 0; i < 257; ++i) repository_.PublishNextRoot();
  ASSERT_THAT(Refresh(), IsOk());
  EXPECT_EQ(Cached("root.json"), repository_.File("257.root.json"));
  EXPECT_THAT(Requests(), Not(Contains("m/258.root.json")));
}

TEST_F(ClientRefresh, TakesNoCachedRootForItsAnchor) {
  ASSERT_THAT(Refresh(), IsOk());
  test::RepositoryBuilder attacker;
  attacker.SetKeys(Role::kRoot, {"attacker"});
  attacker.SignWith(Role::kRoot, {"attacker"});
  attacker.PublishNextRoot();
  WriteCache("root.json", attacker.File("2.root.json"));
  WriteCache("root_history/2.root.json", attacker.File("2.root.json"));
  EXPECT_THAT(RequestsOfRefresh(), ElementsAre("m/2.root.json", "m/timestamp.json"));
  EXPECT_EQ(Cached("root.json"), trusted_root_);
}

TEST_F(ClientRefresh, PrefersAnEmbeddedRootThatIsNewerThanTheCache) {
  ASSERT_THAT(Refresh(), IsOk());
  repository_.PublishNextRoot();
  trusted_root_ = repository_.File("2.root.json");
  EXPECT_THAT(RequestsOfRefresh(), ElementsAre("m/3.root.json", "m/timestamp.json"));
  EXPECT_EQ(Cached("root.json"), trusted_root_);
}

TEST_F(ClientRefresh, MendsARootThatACutLeftBehindItsHistory) {
  repository_.PublishNextRoot();
  ASSERT_THAT(Refresh(), IsOk());
  WriteCache("root.json", repository_.File("1.root.json"));
  ASSERT_THAT(Refresh(), IsOk());
  EXPECT_EQ(Cached("root.json"), repository_.File("2.root.json"));
}

// --- What is persisted.

TEST_F(ClientRefresh, PersistsExactlyWhatItReceived) {
  ASSERT_THAT(Refresh(), IsOk());
  EXPECT_THAT(CacheContents(),
              ElementsAre(testing::Pair("latest_known_time", base::FormatTime(kNow)),
                          testing::Pair("root.json", repository_.File("1.root.json")),
                          testing::Pair("snapshot.json", repository_.File("1.snapshot.json")),
                          testing::Pair("targets.json", repository_.File("1.targets.json")),
                          testing::Pair("timestamp.json", repository_.File("timestamp.json"))));
}

TEST_F(ClientRefresh, DropsATimestampOfTheSameVersionAndGoesOn) {
  ASSERT_THAT(Refresh(), IsOk());
  const std::string first = Cached("timestamp.json");
  repository_.SetVersion(Role::kTargets, 2);
  repository_.SetVersion(Role::kSnapshot, 2);
  repository_.Publish();  // the timestamp changes, its version does not
  EXPECT_THAT(RequestsOfRefresh(), ElementsAre("m/2.root.json", "m/timestamp.json"));
  EXPECT_EQ(Cached("timestamp.json"), first);
}

TEST_F(ClientRefresh, PersistsNothingThatIsExpired) {
  ASSERT_THAT(Refresh(), IsOk());
  const auto before = CacheContents();
  repository_.SetExpiry(Role::kTimestamp, kNow);
  repository_.PublishNextVersions();
  EXPECT_THAT(Refresh(), Fails(ErrorCode::kExpired));
  EXPECT_EQ(CacheContents(), before);
}

TEST_F(ClientRefresh, PersistsAStepAtATime) {
  ASSERT_THAT(Refresh(), IsOk());
  repository_.SetExpiry(Role::kTargets, kNow);
  repository_.PublishNextVersions();
  EXPECT_THAT(Refresh(), Fails(ErrorCode::kExpired));
  EXPECT_EQ(Cached("timestamp.json"), repository_.File("timestamp.json"));
  EXPECT_EQ(Cached("snapshot.json"), repository_.File("2.snapshot.json"));
  EXPECT_EQ(Cached("targets.json"), repository_.File("1.targets.json"));
}

// R1. Whoever comes later is asked only for what is still missing.
TEST_F(ClientRefresh, EndsAtAFileThatIsMissingOrUnsignedAndGoesOnFromThere) {
  repository_.SetListing(test::Listing::kVersion);
  ASSERT_THAT(Refresh(), IsOk());
  repository_.PublishNextVersions();
  const std::pair<Role, std::string> steps[] = {{Role::kTimestamp, "timestamp.json"},
                                                {Role::kSnapshot, "2.snapshot.json"},
                                                {Role::kTargets, "2.targets.json"}};
  for (const auto& [role, file] : steps) {
    const std::string good = repository_.File(file);
    const std::string cached = std::string(RoleName(role)) + ".json";
    const std::string before = Cached(cached);
    repository_.RemoveFile(file);
    EXPECT_THAT(Refresh(), Fails(ErrorCode::kNotFound)) << file;
    EXPECT_EQ(Requests().back(), "m/" + file);
    repository_.SetFile(file, test::SignedDocument(repository_.Signed(role), {"somebody else"}));
    EXPECT_THAT(Refresh(), Fails(ErrorCode::kUntrusted)) << file;
    EXPECT_EQ(Requests().back(), "m/" + file);
    EXPECT_EQ(Cached(cached), before);
    repository_.SetFile(file, good);
  }
  EXPECT_THAT(RequestsOfRefresh(),
              ElementsAre("m/2.root.json", "m/timestamp.json", "m/2.targets.json"));
}

TEST_F(ClientRefresh, RefusesTheRollbackOfEachRoleAcrossRuns) {
  PublishTarget("a", "1");
  const auto old_files = repository_.files();
  PublishTarget("a", "2");
  ASSERT_THAT(Refresh(), IsOk());
  const auto before = CacheContents();

  transport_.Set("https://repository/m/timestamp.json", old_files.at("timestamp.json"));
  EXPECT_THAT(Refresh(), Fails(ErrorCode::kRollback));
  transport_.Unset("https://repository/m/timestamp.json");
  EXPECT_EQ(CacheContents(), before);

  repository_.SetVersion(Role::kSnapshot, 2);
  repository_.SetVersion(Role::kTimestamp, 4);
  repository_.PublishSnapshot();
  repository_.PublishTimestamp();
  EXPECT_THAT(Refresh(), Fails(ErrorCode::kRollback));
  EXPECT_EQ(CacheContents(), before);
}

TEST_F(ClientRefresh, RefusesTheRollbackOfTargets) {
  PublishTarget("a", "1");
  ASSERT_THAT(Refresh(), IsOk());
  repository_.SetVersion(Role::kTargets, 1);
  repository_.SetVersion(Role::kSnapshot, 3);
  repository_.SetVersion(Role::kTimestamp, 3);
  repository_.Publish();
  EXPECT_THAT(Refresh(), Fails(ErrorCode::kRollback));
  EXPECT_EQ(Cached("snapshot.json"), repository_.File("2.snapshot.json"));
}

TEST_F(ClientRefresh, KeepsAnExpiredTimestampAsTheFloor) {
  repository_.SetVersion(Role::kTimestamp, 5);
  repository_.PublishTimestamp();
  ASSERT_THAT(Refresh(), IsOk());
  for (const Role role : {Role::kRoot, Role::kTimestamp, Role::kSnapshot, Role::kTargets}) {
    repository_.SetExpiry(role, kExpiry + days(100));
  }
  repository_.PublishNextRoot();
  repository_.SetVersion(Role::kTimestamp, 4);
  repository_.Publish();
  EXPECT_THAT(Refresh(kExpiry + days(1)), Fails(ErrorCode::kRollback));
}

TEST_F(ClientRefresh, RecoversFromAFastForwardByRotatedKeys) {
  repository_.SetVersion(Role::kTimestamp, kMaxInteger);
  repository_.SetVersion(Role::kSnapshot, kMaxInteger);
  repository_.Publish();
  ASSERT_THAT(Refresh(), IsOk());
  repository_.SetVersion(Role::kTimestamp, 2);
  repository_.SetVersion(Role::kSnapshot, 2);
  repository_.Publish();
  ASSERT_THAT(Refresh(), Fails(ErrorCode::kRollback));
  repository_.SetKeys(Role::kSnapshot, {"new snapshot key"});
  repository_.PublishNextRoot();
  repository_.Publish();
  EXPECT_THAT(Refresh(), IsOk());
  EXPECT_EQ(Cached("snapshot.json"), repository_.File("2.snapshot.json"));
}

// Only a new snapshot key takes back a version of targets, or a role, that clients have seen.
TEST_F(ClientRefresh, LetsANewSnapshotKeyTakeBackTargetsAndRoles) {
  repository_.Delegate("targets", "role");
  repository_.SetVersion(Role::kTargets, kMaxInteger);
  repository_.Publish();
  ASSERT_THAT(Refresh(), IsOk());
  for (const Role role : {Role::kTargets, Role::kSnapshot, Role::kTimestamp})
    repository_.SetVersion(role, 2);
  repository_.Signed(Role::kSnapshot).Find("meta")->object()->Erase("role.json");
  repository_.PublishTargets();
  repository_.PublishSnapshot();
  repository_.PublishTimestamp();
  ASSERT_THAT(Refresh(), Fails(ErrorCode::kRollback));
  repository_.SetKeys(Role::kSnapshot, {"new snapshot key"});
  repository_.PublishNextRoot();
  repository_.PublishSnapshot();
  repository_.PublishTimestamp();
  EXPECT_THAT(Refresh(), IsOk());
  EXPECT_EQ(Cached("targets.json"), repository_.File("2.targets.json"));
}

// A new release of the program ships a root that is past the rotation: the chain with the removed
// key is never walked.
TEST_F(ClientRefresh, RecoversFromAFastForwardByANewerTrustedRoot) {
  repository_.SetVersion(Role::kTimestamp, kMaxInteger - 1);
  repository_.SetVersion(Role::kSnapshot, kMaxInteger);
  repository_.Publish();
  ASSERT_THAT(Refresh(), IsOk());
  repository_.SetVersion(Role::kTimestamp, kMaxInteger);
  repository_.SetVersion(Role::kSnapshot, 2);
  repository_.SetKeys(Role::kSnapshot, {"new snapshot key"});
  repository_.PublishNextRoot();
  repository_.PublishNextRoot();
  repository_.Publish();
  trusted_root_ = repository_.File("3.root.json");
  EXPECT_THAT(Refresh(), IsOk());
  EXPECT_EQ(Cached("snapshot.json"), repository_.File("2.snapshot.json"));
}

TEST_F(ClientRefresh, KeepsTheFloorUnderANewerTrustedRootWithTheSameKeys) {
  PublishTarget("a", "1");
  ASSERT_THAT(Refresh(), IsOk());
  repository_.PublishNextRoot();
  trusted_root_ = repository_.File("2.root.json");
  for (const Role role : {Role::kTargets, Role::kSnapshot, Role::kTimestamp})
    repository_.SetVersion(role, 1);
  repository_.Publish();
  EXPECT_THAT(Refresh(), Fails(ErrorCode::kRollback));
}

TEST_F(ClientRefresh, RefusesMixedVersions) {
  PublishTarget("a", "1");
  repository_.SetFile("2.targets.json", repository_.File("1.targets.json"));
  EXPECT_THAT(Refresh(), Fails(ErrorCode::kMismatch));
  EXPECT_THAT(CacheContents(), Not(Contains(Key("targets.json"))));
}

// --- The clock (A13).

TEST_F(ClientRefresh, RefusesAClockBehindTheLastRefreshBeforeAsking) {
  ASSERT_THAT(Refresh(kNow), IsOk());
  transport_.Forget();
  EXPECT_THAT(Refresh(kNow - seconds(1)), Fails(ErrorCode::kExpired));
  EXPECT_THAT(Refresh(base::Time()), FailsSaying("set the clock"));
  EXPECT_THAT(Requests(), IsEmpty());
  EXPECT_THAT(Refresh(kNow), IsOk());
}

TEST_F(ClientRefresh, RemembersNoTimeThatWasWrongByYears) {
  constexpr base::Time kFarFuture = std::chrono::sys_days(std::chrono::year(2106) / 2 / 7);
  ASSERT_THAT(Refresh(kNow), IsOk());
  EXPECT_THAT(Refresh(kFarFuture), Fails(ErrorCode::kExpired));
  EXPECT_THAT(Refresh(kNow), IsOk());
}

TEST_F(ClientRefresh, CountsTheMomentOfExpiryAsExpired) {
  EXPECT_THAT(Refresh(kExpiry), Fails(ErrorCode::kExpired));
  EXPECT_THAT(Refresh(kExpiry - seconds(1)), IsOk());
}

// --- The cache (A12).

class ClientCache : public ClientFixture {
 protected:
  // A second run repairs whatever happened to this file of the first.
  void ExpectHealed(const std::string& name) {
    EXPECT_THAT(Refresh(), IsOk()) << name;
    EXPECT_EQ(CacheContents(), healthy_) << name;
  }
  void SetUp() override {
    repository_.PublishNextRoot();
    ASSERT_THAT(Refresh(), IsOk());
    healthy_ = CacheContents();
  }

  const std::vector<std::string> names_ = {"root.json",      "root_history/2.root.json",
                                           "timestamp.json", "snapshot.json",
                                           "targets.json",   "latest_known_time"};
  std::map<std::string, std::string> healthy_;
};

TEST_F(ClientCache, CountsDamagedFilesAsAbsent) {
  for (const std::string& name : names_) {
    const std::string good = Cached(name);
    for (const std::string& bad :
         {std::string(), good.substr(0, good.size() / 2), std::string("garbage"), std::string("{}"),
          std::string("\0\xff", 2), std::string(1'000'000, '['), good + good}) {
      WriteCache(name, bad);
      ExpectHealed(name);
    }
  }
}

TEST_F(ClientCache, CountsHugeFilesAsAbsentWithoutReadingThem) {
  for (const std::string& name : names_) {
    std::filesystem::resize_file(CachePath(name), 1ULL << 40);
    ExpectHealed(name);
  }
}

TEST_F(ClientCache, FollowsNoLink) {
  const test::TempDir elsewhere;
  for (const std::string& name : names_) {
    const std::string target = elsewhere / "target";
    std::ofstream(target) << healthy_.at(name);
    std::filesystem::remove(CachePath(name));
    std::filesystem::create_symlink(target, CachePath(name));
    ExpectHealed(name);
    EXPECT_FALSE(std::filesystem::is_symlink(CachePath(name)));
    EXPECT_EQ(ReadAll(target), healthy_.at(name));
  }
}

TEST_F(ClientCache, FollowsNoLinkInPlaceOfTheHistory) {
  const test::TempDir elsewhere;
  std::filesystem::remove_all(CachePath("root_history"));
  std::filesystem::create_directory_symlink(elsewhere.path(), CachePath("root_history"));
  EXPECT_THAT(Refresh(), FailsSaying("root_history"));
  EXPECT_TRUE(std::filesystem::is_empty(elsewhere.path()));
}

TEST_F(ClientCache, SaysWhichFileIsADirectory) {
  std::filesystem::remove(CachePath("timestamp.json"));
  std::filesystem::create_directories(CachePath("timestamp.json"));
  EXPECT_THAT(Refresh(), FailsSaying("timestamp.json"));
  std::filesystem::remove(CachePath("timestamp.json"));
  ExpectHealed("timestamp.json");
}

TEST_F(ClientCache, RemovesWhatAKilledProcessLeft) {
  WriteCache(".timestamp.json.0123456789abcdef.tmp", "half");
  WriteCache("root_history/.3.root.json.0123456789abcdef.tmp", "half");
  ExpectHealed("temporary files");
}

TEST_F(ClientCache, IsMadeWithItsParents) {
  ClientOptions options = Options();
  options.metadata_dir = cache_ / "a/b/c";
  EXPECT_THAT(Client::Open(trusted_root_, options, transport_), IsOk());
  EXPECT_TRUE(std::filesystem::is_directory(cache_ / "a/b/c"));
}

TEST_F(ClientCache, BelongsToOneClientAtATime) {
  const auto first = Open();
  ASSERT_THAT(first, IsOk());
  const auto second = Open();
  EXPECT_THAT(second, Fails(ErrorCode::kBusy));
  EXPECT_THAT(second, FailsSaying("another process is using " + Options().metadata_dir));
}

}  // namespace
}  // namespace tough
