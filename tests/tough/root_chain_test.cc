// The shipped root, and the chain of roots that follows from it (TUF 5.2, 5.3).
#include <gmock/gmock.h>

#include "tests/tough/workflow_test.h"
#include "tough/trusted_set.h"

namespace tough {
namespace {

using base::ErrorCode;
using base::json::Array;
using base::json::Object;
using base::json::Value;
using std::chrono::seconds;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::IsOkAnd;
using test::kExpiry;
using test::kNow;
using testing::AllOf;

using RootChainTest = WorkflowTest;

TEST_F(RootChainTest, RefusesAShippedRootThatDoesNotMeetItsOwnThreshold) {
  repository_.SetKeys(Role::kRoot, {"root", "second"}, 2);
  repository_.SignWith(Role::kRoot, {"root"});
  repository_.PublishRoot();
  EXPECT_THAT(TrustedSet::Create(repository_.File("1.root.json"), {}, kNow),
              AllOf(Fails(ErrorCode::kUntrusted),
                    FailsSaying("trusted root: signature threshold 2 not met: 1 valid of 1")));
}

TEST_F(RootChainTest, RefusesAShippedRootThatIsNone) {
  EXPECT_THAT(TrustedSet::Create("", {}, kNow), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(TrustedSet::Create(repository_.Latest(Role::kTargets), {}, kNow),
              Fails(ErrorCode::kMismatch));
  repository_.Signed(Role::kRoot).Erase("version");
  EXPECT_THAT(
      TrustedSet::Create(test::SignedDocument(repository_.Signed(Role::kRoot), {"root"}), {}, kNow),
      AllOf(Fails(ErrorCode::kMalformed), FailsSaying("version: missing")));
}

TEST_F(RootChainTest, TakesAnExpiredShippedRootThatANewerOneFollows) {
  repository_.SetExpiry(Role::kRoot, kNow - seconds(1));
  repository_.PublishRoot();
  TrustedSet set = Create();
  EXPECT_THAT(set.FinishRoots(), AllOf(Fails(ErrorCode::kExpired), FailsSaying("root version 1")));
  repository_.SetExpiry(Role::kRoot, kExpiry);
  repository_.PublishNextRoot();
  ASSERT_THAT(set.UpdateRoot(repository_.File("2.root.json")), IsOk());
  EXPECT_THAT(set.FinishRoots(), IsOk());
}

TEST_F(RootChainTest, RefusesAFinalRootThatExpiresAtTheReferenceTime) {
  EXPECT_THAT(Create(kExpiry).FinishRoots(), Fails(ErrorCode::kExpired));
  EXPECT_THAT(Create(kExpiry - seconds(1)).FinishRoots(), IsOk());
}

TEST_F(RootChainTest, AsksForTheNextVersionUnderACap) {
  TrustedSet set = Create();
  EXPECT_EQ(set.NextRoot()->file_name, "2.root.json");
  EXPECT_EQ(set.NextRoot()->max_bytes, 512'000U);
  repository_.PublishNextRoot();
  ASSERT_THAT(set.UpdateRoot(repository_.File("2.root.json")), IsOkAnd(Floor::kKeep));
  EXPECT_EQ(set.root().version, 2U);
  EXPECT_EQ(set.NextRoot()->file_name, "3.root.json");
}

TEST_F(RootChainTest, RefusesARootOverItsCap) {
  repository_.PublishNextRoot();
  const std::string padded = repository_.File("2.root.json") + std::string(512'000, '\n');
  EXPECT_THAT(Create().UpdateRoot(padded),
              AllOf(Fails(ErrorCode::kTooLarge), FailsSaying("2.root.json: ")));
}

TEST_F(RootChainTest, TakesAtMostSoManyNewRoots) {
  Limits limits;
  limits.new_roots = 2;
  TrustedSet set = Create(kNow, limits);
  for (const char* name : {"2.root.json", "3.root.json"}) {
    repository_.PublishNextRoot();
    ASSERT_TRUE(set.NextRoot().has_value());
    ASSERT_THAT(set.UpdateRoot(repository_.File(name)), IsOk());
  }
  repository_.PublishNextRoot();
  EXPECT_FALSE(set.NextRoot().has_value());
  EXPECT_THAT(set.UpdateRoot(repository_.File("4.root.json")), Fails(ErrorCode::kState));
  EXPECT_THAT(set.FinishRoots(), IsOk());
}

TEST_F(RootChainTest, DoesNotCountCachedRootsAsNew) {
  Limits limits;
  limits.new_roots = 1;
  TrustedSet set = Create(kNow, limits);
  repository_.PublishNextRoot();
  ASSERT_THAT(set.LoadRoot(repository_.File("2.root.json")), IsOk());
  EXPECT_EQ(set.NextRoot()->file_name, "3.root.json");
}

TEST_F(RootChainTest, AllowsTwoHundredAndFiftySixNewRootsByDefault) {
  EXPECT_EQ(Limits().new_roots, 256U);
}

TEST_F(RootChainTest, RefusesARootThatOnlyItsOwnKeysSigned) {
  repository_.SetKeys(Role::kRoot, {"attacker"});
  repository_.SignWith(Role::kRoot, {"attacker"});
  repository_.PublishNextRoot();
  TrustedSet set = Create();
  EXPECT_THAT(set.UpdateRoot(repository_.File("2.root.json")),
              AllOf(Fails(ErrorCode::kUntrusted),
                    FailsSaying("2.root.json: by the keys of root version 1: ")));
  EXPECT_EQ(set.root().version, 1U);
}

TEST_F(RootChainTest, RefusesARootThatOnlyTheOldKeysSigned) {
  repository_.SetKeys(Role::kRoot, {"new root"});
  repository_.SignWith(Role::kRoot, {"root"});
  repository_.PublishNextRoot();
  EXPECT_THAT(Create().UpdateRoot(repository_.File("2.root.json")),
              AllOf(Fails(ErrorCode::kUntrusted), FailsSaying("by its own keys: ")));
}

TEST_F(RootChainTest, FollowsARotationOfTheRootKey) {
  repository_.SetKeys(Role::kRoot, {"new root"});
  repository_.PublishNextRoot();
  repository_.PublishNextRoot();  // by the new key alone
  TrustedSet set = Create();
  ASSERT_THAT(set.UpdateRoot(repository_.File("2.root.json")), IsOk());
  EXPECT_THAT(set.UpdateRoot(repository_.File("3.root.json")), IsOk());
}

TEST_F(RootChainTest, RefusesARevokedRootKey) {
  repository_.SetKeys(Role::kRoot, {"new root"});
  repository_.PublishNextRoot();
  TrustedSet set = Create();
  ASSERT_THAT(set.UpdateRoot(repository_.File("2.root.json")), IsOk());
  repository_.SetKeys(Role::kRoot, {"root"});
  repository_.SignWith(Role::kRoot, {"root"});
  repository_.PublishNextRoot();
  EXPECT_THAT(set.UpdateRoot(repository_.File("3.root.json")), Fails(ErrorCode::kUntrusted));
}

TEST_F(RootChainTest, RefusesAnyVersionButTheNext) {
  TrustedSet set = Create();
  EXPECT_THAT(set.UpdateRoot(repository_.File("1.root.json")),
              AllOf(Fails(ErrorCode::kRollback), FailsSaying("version is 1, not 2")));
  repository_.SetVersion(Role::kRoot, 3);
  repository_.PublishRoot();
  EXPECT_THAT(set.UpdateRoot(repository_.File("3.root.json")),
              AllOf(Fails(ErrorCode::kMismatch), FailsSaying("version is 3, not 2")));
  EXPECT_EQ(set.root().version, 1U);
}

TEST_F(RootChainTest, IgnoresTheExpiryOfIntermediateRoots) {
  repository_.SetExpiry(Role::kRoot, kNow - seconds(1));
  repository_.PublishNextRoot();
  repository_.SetExpiry(Role::kRoot, kExpiry);
  repository_.PublishNextRoot();
  TrustedSet set = Create();
  EXPECT_THAT(set.UpdateRoot(repository_.File("2.root.json")), IsOk());
  EXPECT_THAT(set.UpdateRoot(repository_.File("3.root.json")), IsOk());
  EXPECT_THAT(set.FinishRoots(), IsOk());
}

// --- what becomes of the floor (5.3.11)

TEST_F(RootChainTest, DeletesTheFloorWhenATimestampOrSnapshotKeyIsReplaced) {
  for (const Role role : {Role::kTimestamp, Role::kSnapshot}) {
    repository_ = test::RepositoryBuilder();
    repository_.SetKeys(role, {"replacement"});
    repository_.PublishNextRoot();
    EXPECT_THAT(Create().UpdateRoot(repository_.File("2.root.json")), IsOkAnd(Floor::kDelete));
  }
}

TEST_F(RootChainTest, DeletesTheFloorWhenOneOfSeveralKeysIsRemoved) {
  repository_.SetKeys(Role::kTimestamp, {"timestamp", "second"});
  repository_.PublishNextRoot();
  TrustedSet set = Create();
  EXPECT_THAT(set.UpdateRoot(repository_.File("2.root.json")), IsOkAnd(Floor::kKeep));
  repository_.SetKeys(Role::kTimestamp, {"second"});
  repository_.PublishNextRoot();
  EXPECT_THAT(set.UpdateRoot(repository_.File("3.root.json")), IsOkAnd(Floor::kDelete));
}

TEST_F(RootChainTest, KeepsTheFloorWhenOtherKeysChange) {
  repository_.SetKeys(Role::kTargets, {"new targets"});
  repository_.SetKeys(Role::kRoot, {"new root"});
  repository_.PublishNextRoot();
  EXPECT_THAT(Create().UpdateRoot(repository_.File("2.root.json")), IsOkAnd(Floor::kKeep));
}

TEST_F(RootChainTest, KeepsTheFloorWhenAKeyOnlyChangesItsKeyid) {
  const SigningKey key = test::TestKey("timestamp");
  Object& root = repository_.Signed(Role::kRoot);
  root.Find("keys")->object()->Erase(key.keyid());
  root.Find("keys")->object()->Set("another name", key.public_key());
  root.Find("roles")->object()->Find("timestamp")->object()->Set("keyids", Array{"another name"});
  repository_.PublishNextRoot();
  EXPECT_THAT(Create().UpdateRoot(repository_.File("2.root.json")), IsOkAnd(Floor::kKeep));
}

TEST_F(RootChainTest, DropsACachedTimestampThatTheFinalRootDoesNotVouchFor) {
  const std::string cached = repository_.Latest(Role::kTimestamp);
  repository_.SetKeys(Role::kTimestamp, {"replacement"});
  repository_.PublishNextRoot();
  TrustedSet set = Create();
  ASSERT_THAT(set.LoadRoot(repository_.File("2.root.json")), IsOk());
  ASSERT_THAT(set.FinishRoots(), IsOk());
  EXPECT_THAT(set.LoadTimestamp(cached), Fails(ErrorCode::kUntrusted));
}

// --- the cached history

TEST_F(RootChainTest, VerifiesCachedRootsLikeNewOnes) {
  repository_.SetKeys(Role::kRoot, {"attacker"});
  repository_.SignWith(Role::kRoot, {"attacker"});
  repository_.PublishNextRoot();
  TrustedSet set = Create();
  EXPECT_THAT(set.LoadRoot(repository_.File("2.root.json")),
              AllOf(Fails(ErrorCode::kUntrusted), FailsSaying("cached 2.root.json: ")));
  EXPECT_EQ(set.NextRoot()->file_name, "2.root.json");
}

TEST_F(RootChainTest, IgnoresRolesInRootThatAreNoneOfTheFour) {
  repository_.Signed(Role::kRoot).Find("roles")->object()->Set("mirrors", Value());
  repository_.PublishNextRoot();
  EXPECT_THAT(Create().UpdateRoot(repository_.File("2.root.json")), IsOk());
}

}  // namespace
}  // namespace tough
