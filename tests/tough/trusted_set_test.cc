// Timestamp, snapshot and targets in the trusted set; the chain of roots has root_chain_test.cc.
#include "tough/trusted_set.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/tough/workflow_test.h"

namespace tough {
namespace {

using base::ErrorCode;
using base::json::Object;
using base::json::Value;
using std::chrono::seconds;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::IsOkAnd;
using test::kExpiry;
using test::kNow;
using test::Listing;
using testing::AllOf;
using testing::IsNull;
using testing::NotNull;

using TrustedSetTest = WorkflowTest;

// The entry of `child` in the tree of its parent.
Object& Listed(test::RepositoryBuilder& repository, Role parent, const char* child) {
  return *repository.Signed(parent).Find("meta")->object()->Find(child)->object();
}

TEST_F(TrustedSetTest, AcceptsAGoodRepository) {
  repository_.AddTarget("manifest.json", "{}");
  repository_.PublishNextVersions();
  const TrustedSet set = WithTargets();
  ASSERT_THAT(set.targets(), NotNull());
  const std::optional<TargetFile> file = set.targets()->files.Find("manifest.json");
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->length, 2U);
  EXPECT_EQ(file->hashes.size(), 2U);
  EXPECT_EQ(set.targets()->files.Find("other"), std::nullopt);
}

// --- order of calls

TEST_F(TrustedSetTest, RefusesStepsOutOfOrder) {
  TrustedSet set = Create();
  EXPECT_THAT(set.LoadTimestamp(repository_.Latest(Role::kTimestamp)), Fails(ErrorCode::kState));
  EXPECT_THAT(set.UpdateTimestamp(repository_.Latest(Role::kTimestamp)), Fails(ErrorCode::kState));
  ASSERT_THAT(set.FinishRoots(), IsOk());
  EXPECT_THAT(set.UpdateRoot(repository_.File("1.root.json")), Fails(ErrorCode::kState));
  EXPECT_THAT(set.LoadRoot(repository_.File("1.root.json")), Fails(ErrorCode::kState));
  EXPECT_THAT(set.SnapshotRequest(), Fails(ErrorCode::kState));
  EXPECT_THAT(set.LoadSnapshot(repository_.Latest(Role::kSnapshot)), Fails(ErrorCode::kState));
  EXPECT_THAT(set.UpdateSnapshot(repository_.Latest(Role::kSnapshot)), Fails(ErrorCode::kState));
  EXPECT_THAT(set.TargetsRequest(), Fails(ErrorCode::kState));
  EXPECT_THAT(set.UpdateTargets(repository_.Latest(Role::kTargets)), Fails(ErrorCode::kState));
  EXPECT_THAT(set.CheckExpiry(kNow), Fails(ErrorCode::kState));
}

TEST_F(TrustedSetTest, TakesEachRoleOnce) {
  TrustedSet set = WithTargets();
  EXPECT_THAT(set.UpdateTimestamp(repository_.Latest(Role::kTimestamp)), Fails(ErrorCode::kState));
  EXPECT_THAT(set.UpdateSnapshot(repository_.Latest(Role::kSnapshot)), Fails(ErrorCode::kState));
  EXPECT_THAT(set.UpdateTargets(repository_.Latest(Role::kTargets)), Fails(ErrorCode::kState));
}

// --- timestamp

TEST_F(TrustedSetTest, AsksForTheTimestampWithoutAVersion) {
  const MetadataRequest request = WithRoots().TimestampRequest();
  EXPECT_EQ(request.file_name, "timestamp.json");
  EXPECT_EQ(request.max_bytes, 64'000U);
}

TEST_F(TrustedSetTest, RejectsATimestampOverItsCap) {
  const std::string padded = repository_.Latest(Role::kTimestamp) + std::string(64'000, ' ');
  EXPECT_THAT(WithRoots().UpdateTimestamp(padded),
              AllOf(Fails(ErrorCode::kTooLarge), FailsSaying("at most 64000 allowed")));
}

TEST_F(TrustedSetTest, RejectsATimestampThatIsNoJson) {
  EXPECT_THAT(WithRoots().UpdateTimestamp("<html>"), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(WithRoots().UpdateTimestamp(""), Fails(ErrorCode::kMalformed));
}

TEST_F(TrustedSetTest, RejectsATimestampByAnotherKey) {
  repository_.SignWith(Role::kTimestamp, {"attacker"});
  repository_.PublishTimestamp();
  EXPECT_THAT(UpdateTimestamp(),
              AllOf(Fails(ErrorCode::kUntrusted), FailsSaying("timestamp.json: "),
                    FailsSaying("threshold 1 not met: 0 valid of 1")));
}

TEST_F(TrustedSetTest, RejectsATimestampThatIsASnapshot) {
  repository_.SignWith(Role::kSnapshot, {"snapshot", "timestamp"});
  repository_.PublishSnapshot();
  EXPECT_THAT(
      WithRoots().UpdateTimestamp(repository_.Latest(Role::kSnapshot)),
      AllOf(Fails(ErrorCode::kMismatch), FailsSaying("_type is 'snapshot', not 'timestamp'")));
}

TEST_F(TrustedSetTest, RejectsRollbackOfTimestamp) {
  const std::string old = repository_.Latest(Role::kTimestamp);
  repository_.PublishNextVersions();
  TrustedSet set = WithRoots();
  ASSERT_THAT(set.LoadTimestamp(repository_.Latest(Role::kTimestamp)), IsOk());
  EXPECT_THAT(set.UpdateTimestamp(old),
              AllOf(Fails(ErrorCode::kRollback), FailsSaying("version 1 is below the trusted 2")));
  EXPECT_THAT(set.timestamp(), IsNull());
}

TEST_F(TrustedSetTest, KeepsTheTrustedTimestampWhereTheVersionIsEqual) {
  TrustedSet set = WithRoots();
  ASSERT_THAT(set.LoadTimestamp(repository_.Latest(Role::kTimestamp)), IsOk());
  Listed(repository_, Role::kTimestamp, "snapshot.json").Set("version", Value::Unsigned(100));
  const std::string same_version =
      test::SignedDocument(repository_.Signed(Role::kTimestamp), {"timestamp"});
  EXPECT_THAT(set.UpdateTimestamp(same_version), IsOkAnd(Accepted::kSame));
  EXPECT_EQ(set.timestamp()->snapshot.version, 1U);
}

TEST_F(TrustedSetTest, ChecksExpiryOfATimestampWhoseVersionIsEqual) {
  TrustedSet set = WithRoots(kExpiry - seconds(1));
  repository_.SetExpiry(Role::kTimestamp, kExpiry - seconds(2));
  repository_.PublishTimestamp();
  ASSERT_THAT(set.LoadTimestamp(repository_.Latest(Role::kTimestamp)), IsOk());
  EXPECT_THAT(set.UpdateTimestamp(repository_.Latest(Role::kTimestamp)),
              Fails(ErrorCode::kExpired));
}

TEST_F(TrustedSetTest, RejectsRollbackOfTheSnapshotVersionInsideTheTimestamp) {
  repository_.PublishNextVersions();
  TrustedSet set = WithRoots();
  ASSERT_THAT(set.LoadTimestamp(repository_.Latest(Role::kTimestamp)), IsOk());
  repository_.SetVersion(Role::kSnapshot, 1);
  repository_.SetVersion(Role::kTimestamp, 3);
  repository_.PublishTimestamp();
  EXPECT_THAT(
      set.UpdateTimestamp(repository_.Latest(Role::kTimestamp)),
      AllOf(Fails(ErrorCode::kRollback), FailsSaying("snapshot version 1 is below the trusted 2")));
}

TEST_F(TrustedSetTest, RejectsAnExpiredTimestamp) {
  repository_.SetExpiry(Role::kTimestamp, kNow - seconds(1));
  repository_.PublishTimestamp();
  EXPECT_THAT(UpdateTimestamp(),
              AllOf(Fails(ErrorCode::kExpired), FailsSaying("expired at 2026-05-31T23:59:59Z")));
}

TEST_F(TrustedSetTest, TakesExpiryAtTheReferenceTimeForExpired) {
  repository_.SetExpiry(Role::kTimestamp, kNow);
  repository_.PublishTimestamp();
  EXPECT_THAT(UpdateTimestamp(), Fails(ErrorCode::kExpired));
  repository_.SetExpiry(Role::kTimestamp, kNow + seconds(1));
  repository_.PublishTimestamp();
  EXPECT_THAT(UpdateTimestamp(), IsOkAnd(Accepted::kNew));
}

TEST_F(TrustedSetTest, HoldsAnExpiredCachedTimestampForAFloor) {
  const std::string old = repository_.Latest(Role::kTimestamp);
  repository_.SetVersion(Role::kTimestamp, 2);
  repository_.SetExpiry(Role::kTimestamp, kNow - seconds(1));
  repository_.PublishTimestamp();
  TrustedSet set = WithRoots();
  EXPECT_THAT(set.LoadTimestamp(repository_.Latest(Role::kTimestamp)), IsOk());
  EXPECT_THAT(set.timestamp(), IsNull());
  EXPECT_THAT(set.UpdateTimestamp(old), Fails(ErrorCode::kRollback));
}

TEST_F(TrustedSetTest, HoldsAnExpiredNewTimestampForAFloor) {
  const std::string old = repository_.Latest(Role::kTimestamp);
  repository_.SetVersion(Role::kTimestamp, 2);
  repository_.SetExpiry(Role::kTimestamp, kNow);
  repository_.PublishTimestamp();
  TrustedSet set = WithRoots();
  ASSERT_THAT(set.UpdateTimestamp(repository_.Latest(Role::kTimestamp)),
              Fails(ErrorCode::kExpired));
  EXPECT_THAT(set.timestamp(), IsNull());
  EXPECT_THAT(set.UpdateTimestamp(old), Fails(ErrorCode::kRollback));
}

TEST_F(TrustedSetTest, ForgetsACachedTimestampThatDoesNotVerify) {
  const std::string old = repository_.Latest(Role::kTimestamp);
  repository_.SetVersion(Role::kTimestamp, 99);
  repository_.SignWith(Role::kTimestamp, {"former key"});
  repository_.PublishTimestamp();
  TrustedSet set = WithRoots();
  EXPECT_THAT(set.LoadTimestamp(repository_.Latest(Role::kTimestamp)),
              Fails(ErrorCode::kUntrusted));
  EXPECT_THAT(set.UpdateTimestamp(old), IsOkAnd(Accepted::kNew));
}

TEST_F(TrustedSetTest, RejectsATimestampWithoutTheSnapshot) {
  repository_.Signed(Role::kTimestamp).Set("meta", Object());
  const std::string bytes =
      test::SignedDocument(repository_.Signed(Role::kTimestamp), {"timestamp"});
  EXPECT_THAT(WithRoots().UpdateTimestamp(bytes),
              AllOf(Fails(ErrorCode::kMalformed), FailsSaying("snapshot.json: missing")));
}

// --- snapshot

TEST_F(TrustedSetTest, AsksForTheSnapshotByItsVersionAndLength) {
  const MetadataRequest request = WithTimestamp().SnapshotRequest().value();
  EXPECT_EQ(request.file_name, "1.snapshot.json");
  EXPECT_EQ(request.max_bytes, repository_.Latest(Role::kSnapshot).size());
}

TEST_F(TrustedSetTest, AsksForUnversionedFilesWithoutConsistentSnapshots) {
  repository_.SetConsistentSnapshot(false);
  repository_.PublishRoot();
  const TrustedSet set = WithSnapshot();
  EXPECT_EQ(set.SnapshotRequest()->file_name, "snapshot.json");
  EXPECT_EQ(set.TargetsRequest()->file_name, "targets.json");
}

TEST_F(TrustedSetTest, TakesAnAbsentConsistentSnapshotForFalse) {
  repository_.Signed(Role::kRoot).Erase("consistent_snapshot");
  repository_.SetFile("1.root.json",
                      test::SignedDocument(repository_.Signed(Role::kRoot), {"root"}));
  EXPECT_EQ(WithTimestamp().SnapshotRequest()->file_name, "snapshot.json");
}

TEST_F(TrustedSetTest, CapsASnapshotWithoutAListedLengthByDefault) {
  repository_.SetListing(Listing::kVersion);
  repository_.PublishTimestamp();
  EXPECT_EQ(WithTimestamp().SnapshotRequest()->max_bytes, 2'000'000U);
}

TEST_F(TrustedSetTest, CapsAListedLengthByTheCeiling) {
  Listed(repository_, Role::kTimestamp, "snapshot.json")
      .Set("length", Value::Unsigned(kMaxInteger));
  TrustedSet set = WithRoots();
  ASSERT_THAT(set.UpdateTimestamp(
                  test::SignedDocument(repository_.Signed(Role::kTimestamp), {"timestamp"})),
              IsOk());
  EXPECT_EQ(set.SnapshotRequest()->max_bytes, 64'000'000U);
}

TEST_F(TrustedSetTest, RejectsASnapshotOfAnotherLength) {
  TrustedSet set = WithTimestamp();
  const std::string longer = repository_.Latest(Role::kSnapshot) + " ";
  const std::string shorter = repository_.Latest(Role::kSnapshot).substr(1);
  EXPECT_THAT(set.UpdateSnapshot(longer),
              AllOf(Fails(ErrorCode::kTooLarge), FailsSaying("1.snapshot.json: ")));
  EXPECT_THAT(set.UpdateSnapshot(shorter),
              AllOf(Fails(ErrorCode::kMismatch), FailsSaying("bytes, listed are ")));
}

TEST_F(TrustedSetTest, RejectsASnapshotOfAnotherHashBeforeItIsParsed) {
  const std::string garbage(repository_.Latest(Role::kSnapshot).size(), '[');
  EXPECT_THAT(WithTimestamp().UpdateSnapshot(garbage),
              AllOf(Fails(ErrorCode::kMismatch), FailsSaying("sha256 is ")));
}

TEST_F(TrustedSetTest, ChecksEveryListedHash) {
  Listed(repository_, Role::kTimestamp, "snapshot.json")
      .Find("hashes")
      ->object()
      ->Set("sha512", std::string(128, '0'));
  TrustedSet set = WithRoots();
  ASSERT_THAT(set.UpdateTimestamp(
                  test::SignedDocument(repository_.Signed(Role::kTimestamp), {"timestamp"})),
              IsOk());
  EXPECT_THAT(set.UpdateSnapshot(repository_.Latest(Role::kSnapshot)),
              AllOf(Fails(ErrorCode::kMismatch), FailsSaying("sha512 is ")));
}

TEST_F(TrustedSetTest, RejectsASnapshotWhoseHashesAreAllOfUnknownAlgorithms) {
  Object hashes;
  hashes.Set("blake2b", "00");
  Listed(repository_, Role::kTimestamp, "snapshot.json").Set("hashes", std::move(hashes));
  TrustedSet set = WithRoots();
  ASSERT_THAT(set.UpdateTimestamp(
                  test::SignedDocument(repository_.Signed(Role::kTimestamp), {"timestamp"})),
              IsOk());
  EXPECT_THAT(set.UpdateSnapshot(repository_.Latest(Role::kSnapshot)),
              Fails(ErrorCode::kUnsupported));
}

TEST_F(TrustedSetTest, RejectsASnapshotByTheTimestampKey) {
  repository_.SignWith(Role::kSnapshot, {"timestamp"});
  repository_.PublishSnapshot();
  repository_.PublishTimestamp();
  EXPECT_THAT(UpdateSnapshot(), Fails(ErrorCode::kUntrusted));
}

TEST_F(TrustedSetTest, RejectsASnapshotOfAnotherVersionThanListed) {
  repository_.SetListing(Listing::kVersion);
  repository_.PublishTimestamp();
  repository_.SetVersion(Role::kSnapshot, 2);
  repository_.PublishSnapshot();
  EXPECT_THAT(UpdateSnapshot(),
              AllOf(Fails(ErrorCode::kMismatch), FailsSaying("version is 2, listed is 1")));
}

TEST_F(TrustedSetTest, RejectsRollbackOfTargetsInTheSnapshot) {
  repository_.PublishNextVersions();
  const std::string cached = repository_.Latest(Role::kSnapshot);
  repository_.SetVersion(Role::kTargets, 1);
  repository_.PublishTargets();
  repository_.SetVersion(Role::kSnapshot, 3);
  repository_.PublishSnapshot();
  repository_.PublishTimestamp();
  TrustedSet set = WithTimestamp();
  ASSERT_THAT(set.LoadSnapshot(cached), IsOkAnd(Cached::kFloor));
  EXPECT_THAT(set.UpdateSnapshot(repository_.Latest(Role::kSnapshot)),
              AllOf(Fails(ErrorCode::kRollback),
                    FailsSaying("targets.json: version 1 is below the trusted 2")));
}

TEST_F(TrustedSetTest, RejectsRollbackOfADelegatedRoleInTheSnapshot) {
  const auto list_role = [this](std::uint64_t version) {
    Object file;
    file.Set("version", Value::Unsigned(version));
    repository_.Signed(Role::kSnapshot).Find("meta")->object()->Set("role.json", std::move(file));
    repository_.PublishNextVersions();
  };
  list_role(7);
  const std::string cached = repository_.Latest(Role::kSnapshot);
  list_role(6);
  TrustedSet set = WithTimestamp();
  ASSERT_THAT(set.LoadSnapshot(cached), IsOkAnd(Cached::kFloor));
  EXPECT_THAT(set.UpdateSnapshot(repository_.Latest(Role::kSnapshot)),
              AllOf(Fails(ErrorCode::kRollback), FailsSaying("role.json: version 6 is below")));
}

TEST_F(TrustedSetTest, RejectsASnapshotThatNoLongerListsARole) {
  Object file;
  file.Set("version", Value::Unsigned(1));
  repository_.Signed(Role::kSnapshot).Find("meta")->object()->Set("role.json", std::move(file));
  repository_.PublishNextVersions();
  const std::string cached = repository_.Latest(Role::kSnapshot);
  repository_.Signed(Role::kSnapshot).Find("meta")->object()->Erase("role.json");
  repository_.PublishNextVersions();
  TrustedSet set = WithTimestamp();
  ASSERT_THAT(set.LoadSnapshot(cached), IsOkAnd(Cached::kFloor));
  EXPECT_THAT(set.UpdateSnapshot(repository_.Latest(Role::kSnapshot)),
              AllOf(Fails(ErrorCode::kRollback), FailsSaying("role.json is no longer listed")));
}

TEST_F(TrustedSetTest, RejectsASnapshotBelowTheCachedOneWhereTheTimestampWasLost) {
  repository_.PublishNextVersions();
  const std::string cached = repository_.Latest(Role::kSnapshot);
  repository_.SetVersion(Role::kSnapshot, 1);
  repository_.PublishSnapshot();
  repository_.PublishTimestamp();
  TrustedSet set = WithTimestamp();
  ASSERT_THAT(set.LoadSnapshot(cached), IsOkAnd(Cached::kFloor));
  EXPECT_THAT(set.UpdateSnapshot(repository_.Latest(Role::kSnapshot)), Fails(ErrorCode::kRollback));
}

TEST_F(TrustedSetTest, RejectsASnapshotThatDoesNotListTargets) {
  repository_.Signed(Role::kSnapshot).Set("meta", Object());
  repository_.SetListing(Listing::kVersion);
  repository_.PublishTimestamp();
  const std::string bytes = test::SignedDocument(repository_.Signed(Role::kSnapshot), {"snapshot"});
  EXPECT_THAT(WithTimestamp().UpdateSnapshot(bytes),
              AllOf(Fails(ErrorCode::kMalformed), FailsSaying("targets.json: missing")));
}

TEST_F(TrustedSetTest, RejectsAnExpiredSnapshot) {
  repository_.SetExpiry(Role::kSnapshot, kNow);
  repository_.PublishSnapshot();
  repository_.PublishTimestamp();
  TrustedSet set = WithTimestamp();
  EXPECT_THAT(set.UpdateSnapshot(repository_.Latest(Role::kSnapshot)), Fails(ErrorCode::kExpired));
  EXPECT_THAT(set.snapshot(), IsNull());
  EXPECT_THAT(set.TargetsRequest(), Fails(ErrorCode::kState));
}

TEST_F(TrustedSetTest, NeedsNoDownloadWhereTheCachedSnapshotIsTheListedOne) {
  TrustedSet set = WithTimestamp();
  EXPECT_THAT(set.LoadSnapshot(repository_.Latest(Role::kSnapshot)), IsOkAnd(Cached::kCurrent));
  EXPECT_THAT(set.snapshot(), NotNull());
  EXPECT_THAT(set.UpdateTargets(repository_.Latest(Role::kTargets)), IsOk());
}

TEST_F(TrustedSetTest, NeedsADownloadWhereTheCachedSnapshotHasAnotherHash) {
  const std::string cached = repository_.Latest(Role::kSnapshot);
  repository_.Signed(Role::kSnapshot).Set("comment", "the same version, other bytes");
  repository_.PublishSnapshot();
  repository_.PublishTimestamp();
  TrustedSet set = WithTimestamp();
  EXPECT_THAT(set.LoadSnapshot(cached), IsOkAnd(Cached::kFloor));
  EXPECT_THAT(set.snapshot(), IsNull());
}

TEST_F(TrustedSetTest, HoldsAnExpiredCachedSnapshotForAFloorOnly) {
  repository_.SetExpiry(Role::kSnapshot, kNow);
  repository_.PublishNextVersions();
  const std::string cached = repository_.Latest(Role::kSnapshot);
  repository_.SetExpiry(Role::kSnapshot, kExpiry);
  repository_.SetVersion(Role::kTargets, 1);
  repository_.PublishTargets();
  repository_.SetVersion(Role::kSnapshot, 3);
  repository_.PublishSnapshot();
  repository_.PublishTimestamp();
  TrustedSet set = WithTimestamp();
  EXPECT_THAT(set.LoadSnapshot(cached), IsOkAnd(Cached::kFloor));
  EXPECT_THAT(set.UpdateSnapshot(repository_.Latest(Role::kSnapshot)), Fails(ErrorCode::kRollback));
}

// --- targets

TEST_F(TrustedSetTest, AsksForTheTargetsByTheirVersionAndLength) {
  const MetadataRequest request = WithSnapshot().TargetsRequest().value();
  EXPECT_EQ(request.file_name, "1.targets.json");
  EXPECT_EQ(request.max_bytes, repository_.Latest(Role::kTargets).size());
}

TEST_F(TrustedSetTest, CapsTargetsWithoutAListedLengthByDefault) {
  repository_.SetListing(Listing::kVersion);
  repository_.Publish();
  EXPECT_EQ(WithSnapshot().TargetsRequest()->max_bytes, 5'000'000U);
}

TEST_F(TrustedSetTest, RejectsTargetsOfAnotherHash) {
  std::string swapped = repository_.Latest(Role::kTargets);
  std::replace(swapped.begin(), swapped.end(), '1', '2');
  EXPECT_THAT(WithSnapshot().UpdateTargets(swapped),
              AllOf(Fails(ErrorCode::kMismatch), FailsSaying("1.targets.json: sha256 is ")));
}

TEST_F(TrustedSetTest, RejectsTargetsOfAnotherVersionThanListed) {
  repository_.SetListing(Listing::kVersion);
  repository_.Publish();
  repository_.SetVersion(Role::kTargets, 2);
  repository_.PublishTargets();
  EXPECT_THAT(UpdateTargets(),
              AllOf(Fails(ErrorCode::kMismatch), FailsSaying("version is 2, listed is 1")));
}

TEST_F(TrustedSetTest, RejectsATargetAddedAfterSigning) {
  repository_.SetListing(Listing::kVersion);
  repository_.Publish();
  std::string bytes = repository_.Latest(Role::kTargets);
  constexpr std::string_view kEmpty = "\"targets\":{}";
  bytes.replace(bytes.find(kEmpty), kEmpty.size(),
                R"("targets":{"evil":{"hashes":{"sha256":"00"},"length":1}})");
  EXPECT_THAT(WithSnapshot().UpdateTargets(bytes), Fails(ErrorCode::kUntrusted));
}

TEST_F(TrustedSetTest, RejectsTargetsByTheSnapshotAndTimestampKeys) {
  repository_.SignWith(Role::kTargets, {"snapshot", "timestamp"});
  repository_.Publish();
  EXPECT_THAT(UpdateTargets(), Fails(ErrorCode::kUntrusted));
}

TEST_F(TrustedSetTest, RejectsExpiredTargets) {
  repository_.SetExpiry(Role::kTargets, kNow);
  repository_.Publish();
  EXPECT_THAT(UpdateTargets(), Fails(ErrorCode::kExpired));
}

TEST_F(TrustedSetTest, TakesCachedTargetsOnlyIfTheyAreTheListedOnes) {
  const std::string cached = repository_.Latest(Role::kTargets);
  TrustedSet current = WithSnapshot();
  EXPECT_THAT(current.LoadTargets(cached), IsOk());
  EXPECT_THAT(current.targets(), NotNull());

  repository_.PublishNextVersions();
  TrustedSet newer = WithSnapshot();
  EXPECT_THAT(newer.LoadTargets(cached),
              AllOf(Fails(ErrorCode::kMismatch), FailsSaying("cached targets.json: ")));
  EXPECT_THAT(newer.UpdateTargets(repository_.Latest(Role::kTargets)), IsOk());
}

TEST_F(TrustedSetTest, KeepsMembersThatItDoesNotKnowUnderTheSignature) {
  repository_.Signed(Role::kTargets).Set("x-comment", Object());
  repository_.Publish();
  EXPECT_THAT(UpdateTargets(), IsOk());
  std::string bytes = repository_.Latest(Role::kTargets);
  bytes.replace(bytes.find("x-comment"), 9, "y-comment");
  repository_.SetListing(Listing::kVersion);
  repository_.PublishSnapshot();
  repository_.PublishTimestamp();
  EXPECT_THAT(WithSnapshot().UpdateTargets(bytes), Fails(ErrorCode::kUntrusted));
}

// --- later

TEST_F(TrustedSetTest, ChecksTheExpiryOfEveryRoleAgainBeforeADownload) {
  for (const Role role : {Role::kTimestamp, Role::kSnapshot, Role::kTargets}) {
    test::RepositoryBuilder fresh;
    repository_ = fresh;
    repository_.SetExpiry(role, kNow + seconds(10));
    repository_.Publish();
    const TrustedSet set = WithTargets();
    EXPECT_THAT(set.CheckExpiry(kNow + seconds(9)), IsOk());
    EXPECT_THAT(set.CheckExpiry(kNow + seconds(10)),
                AllOf(Fails(ErrorCode::kExpired), FailsSaying(std::string(RoleName(role)))));
  }
  EXPECT_THAT(WithTargets().CheckExpiry(kExpiry),
              AllOf(Fails(ErrorCode::kExpired), FailsSaying("root: ")));
}

TEST_F(TrustedSetTest, NothingExpiresBeforeTheBeginningOfTime) {
  repository_.SetExpiry(Role::kTimestamp, base::Time(seconds(0)));
  repository_.Publish();
  const TrustedSet set = WithTargets(base::Time::min());
  EXPECT_THAT(set.targets(), NotNull());
}

}  // namespace
}  // namespace tough
