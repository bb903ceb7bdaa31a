#include "tough/root_editor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/matchers.h"
#include "tests/support/repository_builder.h"
#include "tough/trusted_set.h"

namespace tough {
namespace {

using base::ErrorCode;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::kExpiry;
using test::kNow;
using test::TestKey;
using testing::AllOf;

std::vector<SigningKey> TestKeys(const std::vector<std::string>& names) {
  std::vector<SigningKey> keys;
  for (const std::string& name : names) keys.push_back(TestKey(name));
  return keys;
}

// A root with a key for each role.
RootEditor GoodRoot() {
  RootEditor root = RootEditor::Create(kExpiry);
  for (const Role role : {Role::kRoot, Role::kTimestamp, Role::kSnapshot, Role::kTargets})
    EXPECT_THAT(root.AddKey(TestKey(RoleName(role)).public_key(), role), IsOk());
  return root;
}

Root Decoded(const RootEditor& root) {
  return ReadRoot(root.Serialize()).value();
}

TEST(RootEditor, BeginsWithVersionOneAndConsistentSnapshots) {
  const Root root = Decoded(RootEditor::Create(kExpiry));
  EXPECT_EQ(root.version, 1U);
  EXPECT_EQ(root.expires, kExpiry);
  EXPECT_TRUE(root.consistent_snapshot);
  EXPECT_TRUE(root.keys.empty());
}

TEST(RootEditor, SignsARootThatClientsTrust) {
  RootEditor root = GoodRoot();
  ASSERT_THAT(root.Sign(TestKeys({"root"}), nullptr, Threshold::kRequire), IsOk());
  EXPECT_THAT(TrustedSet::Create(root.Serialize(), {}, kNow), IsOk());
}

TEST(RootEditor, GivesTheSameBytesForTheSameInput) {
  RootEditor first = GoodRoot();
  RootEditor second = GoodRoot();
  ASSERT_THAT(first.Sign(TestKeys({"root"}), nullptr, Threshold::kRequire), IsOk());
  ASSERT_THAT(second.Sign(TestKeys({"root"}), nullptr, Threshold::kRequire), IsOk());
  EXPECT_EQ(first.Serialize(), second.Serialize());
}

TEST(RootEditor, NeedsAsManySignaturesAsTheThresholdSays) {
  RootEditor root = GoodRoot();
  ASSERT_THAT(root.AddKey(TestKey("second").public_key(), Role::kRoot), IsOk());
  root.SetThreshold(Role::kRoot, 2);
  EXPECT_THAT(root.Sign(TestKeys({"root"}), nullptr, Threshold::kRequire),
              AllOf(Fails(ErrorCode::kUntrusted), FailsSaying("threshold 2 not met: 1 valid")));
}

TEST(RootEditor, CollectsSignaturesOfSeveralPeople) {
  RootEditor root = GoodRoot();
  ASSERT_THAT(root.AddKey(TestKey("second").public_key(), Role::kRoot), IsOk());
  root.SetThreshold(Role::kRoot, 2);
  ASSERT_THAT(root.Sign(TestKeys({"root"}), nullptr, Threshold::kIgnore), IsOk());
  RootEditor sent = RootEditor::Parse(root.Serialize()).value();
  ASSERT_THAT(sent.Sign(TestKeys({"second"}), nullptr, Threshold::kRequire), IsOk());
  EXPECT_THAT(TrustedSet::Create(sent.Serialize(), {}, kNow), IsOk());
}

TEST(RootEditor, RefusesKeysThatAreNoRootKeys) {
  RootEditor root = GoodRoot();
  EXPECT_THAT(root.Sign(TestKeys({"root", "targets"}), nullptr, Threshold::kRequire),
              AllOf(Fails(ErrorCode::kUsage), FailsSaying("is not a root key")));
  EXPECT_EQ(root.Serialize().find("\"sig\""), std::string::npos);
}

TEST(RootEditor, DropsSignaturesWhenTheContentChanges) {
  RootEditor root = GoodRoot();
  ASSERT_THAT(root.Sign(TestKeys({"root"}), nullptr, Threshold::kRequire), IsOk());
  root.SetVersion(2);
  EXPECT_EQ(root.Serialize().find("\"sig\""), std::string::npos);
}

TEST(RootEditor, CrossSignsARotationSoThatClientsFollowIt) {
  test::RepositoryBuilder repository;
  const std::string old = repository.File("1.root.json");
  RootEditor root = RootEditor::Parse(old).value();
  root.SetVersion(2);
  ASSERT_THAT(root.RemoveKey(TestKey("root").keyid(), Role::kRoot), IsOk());
  ASSERT_THAT(root.AddKey(TestKey("new root").public_key(), Role::kRoot), IsOk());
  const Root previous = ReadRoot(old).value();
  EXPECT_THAT(root.Sign(TestKeys({"new root"}), &previous, Threshold::kRequire),
              AllOf(Fails(ErrorCode::kUntrusted), FailsSaying("the one before")));
  ASSERT_THAT(root.Sign(TestKeys({"new root", "root"}), &previous, Threshold::kRequire), IsOk());
  TrustedSet set = TrustedSet::Create(old, {}, kNow).value();
  EXPECT_THAT(set.UpdateRoot(root.Serialize()), IsOk());
}

TEST(RootEditor, ListsAKeyOnceUnderTheKeyidThatItHas) {
  RootEditor root = GoodRoot();
  const std::string keyid = root.AddKey(TestKey("root").public_key(), Role::kTargets).value();
  EXPECT_EQ(keyid, TestKey("root").keyid());
  ASSERT_THAT(root.AddKey(TestKey("root").public_key(), Role::kTargets), IsOk());
  EXPECT_EQ(Decoded(root).keys.size(), 4U);
  EXPECT_EQ(Decoded(root).targets.keyids.size(), 2U);
}

TEST(RootEditor, RemovesAKeyFromOneRoleOrFromAll) {
  RootEditor root = GoodRoot();
  const std::string keyid = root.AddKey(TestKey("root").public_key(), Role::kTargets).value();
  ASSERT_THAT(root.RemoveKey(keyid, Role::kTargets), IsOk());
  EXPECT_TRUE(Decoded(root).keys.contains(keyid));
  ASSERT_THAT(root.RemoveKey(keyid, std::nullopt), IsOk());
  EXPECT_FALSE(Decoded(root).keys.contains(keyid));
  EXPECT_TRUE(Decoded(root).root.keyids.empty());
  EXPECT_THAT(root.RemoveKey(keyid, std::nullopt), Fails(ErrorCode::kNotFound));
  EXPECT_THAT(root.RemoveKey("no key", Role::kRoot), Fails(ErrorCode::kNotFound));
}

TEST(RootEditor, KeepsMembersThatItDoesNotKnow) {
  test::RepositoryBuilder repository;
  repository.Signed(Role::kRoot).Set("x-note", "kept");
  repository.Signed(Role::kRoot).Find("roles")->object()->Find("root")->object()->Set("x-r", true);
  repository.PublishNextRoot();
  RootEditor root = RootEditor::Parse(repository.File("2.root.json")).value();
  root.SetExpires(kNow);
  EXPECT_NE(root.Serialize().find("\"x-note\": \"kept\""), std::string::npos);
  EXPECT_NE(root.Serialize().find("\"x-r\": true"), std::string::npos);
}

TEST(RootEditor, RefusesWhatIsNoRoot) {
  EXPECT_THAT(RootEditor::Parse("{}"), Fails(ErrorCode::kMalformed));
  test::RepositoryBuilder repository;
  EXPECT_THAT(RootEditor::Parse(repository.Latest(Role::kTargets)), Fails(ErrorCode::kMismatch));
}

}  // namespace
}  // namespace tough
