#include "tough/editor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/support/matchers.h"
#include "tests/support/repository_builder.h"
#include "tough/trusted_set.h"

namespace tough {
namespace {

using base::ErrorCode;
using base::Result;
using base::json::Object;
using base::json::Value;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::kExpiry;
using test::kNow;
using test::TestKey;
using testing::AllOf;
using testing::ElementsAre;

std::vector<SigningKey> Keys(const std::vector<std::string>& names) {
  std::vector<SigningKey> keys;
  for (const std::string& name : names) keys.push_back(TestKey(name));
  return keys;
}

const std::vector<std::string> kOnlineKeys = {"targets", "snapshot", "timestamp"};

void SetAllExpires(RepositoryEditor& editor, base::Time expires = kExpiry) {
  for (const std::string_view role : {"targets", "snapshot", "timestamp"})
    EXPECT_THAT(editor.SetExpires(role, expires), IsOk());
}

TargetDescription Description(std::uint64_t length) {
  return {.length = length, .sha256 = std::string(64, 'a'), .custom = {}};
}

PublishedMetadata Published(const test::RepositoryBuilder& repository) {
  return {.past_roots = {},
          .root = repository.Latest(Role::kRoot),
          .next_roots = {},
          .timestamp = repository.Latest(Role::kTimestamp),
          .snapshot = repository.Latest(Role::kSnapshot),
          .targets = repository.Latest(Role::kTargets),
          .delegated = {}};
}

// What a client makes of the files.
Result<TrustedSet> Refresh(const std::vector<MetadataFile>& files) {
  TrustedSet set = TRY(TrustedSet::Create(files.at(0).bytes, {}, kNow));
  TRY(set.FinishRoots());
  TRY(set.UpdateTimestamp(files.at(3).bytes));
  EXPECT_EQ(TRY(set.SnapshotRequest()).file_name, files.at(2).name);
  TRY(set.UpdateSnapshot(files.at(2).bytes));
  EXPECT_EQ(TRY(set.TargetsRequest()).file_name, files.at(1).name);
  TRY(set.UpdateTargets(files.at(1).bytes));
  return set;
}

std::vector<std::string> Names(const std::vector<MetadataFile>& files) {
  std::vector<std::string> names;
  for (const MetadataFile& file : files) names.push_back(file.name);
  return names;
}

class EditorTest : public testing::Test {
 protected:
  RepositoryEditor Create() const {
    return RepositoryEditor::Create(repository_.File("1.root.json")).value();
  }
  RepositoryEditor Open() const { return RepositoryEditor::Open(Published(repository_)).value(); }

  test::RepositoryBuilder repository_;
};

TEST_F(EditorTest, MakesARepositoryThatClientsAccept) {
  RepositoryEditor editor = Create();
  SetAllExpires(editor);
  ASSERT_THAT(editor.AddTarget("dir/file", Description(7)), IsOk());
  const std::vector<MetadataFile> files = editor.Sign(Keys(kOnlineKeys)).value();
  EXPECT_THAT(Names(files),
              ElementsAre("1.root.json", "1.targets.json", "1.snapshot.json", "timestamp.json"));
  const TrustedSet set = Refresh(files).value();
  EXPECT_EQ(set.targets()->files.Find("dir/file")->length, 7U);
  EXPECT_TRUE(set.snapshot()->targets().length.has_value());
  EXPECT_TRUE(set.snapshot()->targets().hashes.has_value());
  EXPECT_TRUE(set.timestamp()->snapshot.length.has_value());
  EXPECT_TRUE(set.timestamp()->snapshot.hashes.has_value());
}

TEST_F(EditorTest, GivesTheSameBytesWhateverTheOrderOfTheInput) {
  const auto make = [this](const std::vector<std::string>& names) {
    RepositoryEditor editor = Create();
    SetAllExpires(editor);
    for (const std::string& name : names)
      EXPECT_THAT(editor.AddTarget(name, Description(1)), IsOk());
    const auto files = editor.Sign(Keys(kOnlineKeys)).value();
    std::string all;
    for (const MetadataFile& file : files) all += file.bytes;
    return all;
  };
  EXPECT_EQ(make({"a", "b", "c"}), make({"c", "a", "b"}));
}

TEST_F(EditorTest, WritesTheSignedPartInItsCanonicalForm) {
  RepositoryEditor editor = Create();
  SetAllExpires(editor);
  const auto files = editor.Sign(Keys(kOnlineKeys)).value();
  for (const MetadataFile& file : files) {
    if (file.name == "1.root.json") continue;
    const Document document = Document::Parse(file.bytes, {}).value();
    const std::string& text = document.json.text();
    EXPECT_EQ(document.signed_bytes.view().data(), text.data() + text.find("\"signed\":") + 9)
        << file.name;
  }
}

TEST_F(EditorTest, NeedsAnExpiryForEachRole) {
  RepositoryEditor editor = Create();
  ASSERT_THAT(editor.SetExpires("targets", kExpiry), IsOk());
  EXPECT_THAT(editor.Sign(Keys(kOnlineKeys)),
              AllOf(Fails(ErrorCode::kUsage), FailsSaying("snapshot has no expiry")));
}

TEST_F(EditorTest, SaysWhichRoleTheKeysAreNotEnoughFor) {
  RepositoryEditor editor = Create();
  SetAllExpires(editor);
  EXPECT_THAT(editor.Sign(Keys({"targets", "timestamp"})),
              AllOf(Fails(ErrorCode::kUntrusted), FailsSaying("snapshot: ")));
}

TEST_F(EditorTest, SignsEachRoleWithItsOwnKeysOnly) {
  RepositoryEditor editor = Create();
  SetAllExpires(editor);
  const auto files = editor.Sign(Keys({"root", "targets", "snapshot", "timestamp"})).value();
  for (std::size_t i = 1; i < files.size(); ++i)
    EXPECT_EQ(Document::Parse(files[i].bytes, {})->signatures.size(), 1U) << files[i].name;
}

TEST_F(EditorTest, RefusesARootThatClientsWouldRefuse) {
  repository_.SignWith(Role::kRoot, {"attacker"});
  repository_.PublishRoot();
  EXPECT_THAT(RepositoryEditor::Create(repository_.File("1.root.json")),
              Fails(ErrorCode::kUntrusted));
}

TEST_F(EditorTest, RefusesARootWithoutConsistentSnapshots) {
  repository_.SetConsistentSnapshot(false);
  repository_.PublishRoot();
  EXPECT_THAT(RepositoryEditor::Create(repository_.Latest(Role::kRoot)),
              AllOf(Fails(ErrorCode::kUnsupported), FailsSaying("consistent_snapshot")));
}

TEST_F(EditorTest, RefusesNamesThatClientsReadDifferently) {
  EXPECT_THAT(Create().AddTarget("a/../b", Description(1)), Fails(ErrorCode::kUsage));
}

// --- going on from what is published

TEST_F(EditorTest, RaisesWhatChangesAndWhatListsIt) {
  repository_.AddTarget("old", "content");
  repository_.PublishNextVersions();
  RepositoryEditor editor = Open();
  EXPECT_FALSE(editor.changed());
  ASSERT_THAT(editor.AddTarget("new", Description(1)), IsOk());
  EXPECT_TRUE(editor.changed());
  const auto files = editor.Sign(Keys(kOnlineKeys)).value();
  EXPECT_THAT(Names(files),
              ElementsAre("1.root.json", "3.targets.json", "3.snapshot.json", "timestamp.json"));
  const TrustedSet set = Refresh(files).value();
  EXPECT_THAT(set.targets()->files.Names(), ElementsAre("new", "old"));
  EXPECT_EQ(set.timestamp()->version, 3U);
}

TEST_F(EditorTest, RenewsTheTimestampWithItsKeyAlone) {
  RepositoryEditor editor = Open();
  ASSERT_THAT(editor.SetExpires("timestamp", kExpiry + std::chrono::days(7)), IsOk());
  const auto files = editor.Sign(Keys({"timestamp"})).value();
  EXPECT_EQ(files.at(1).bytes, repository_.Latest(Role::kTargets));
  EXPECT_EQ(files.at(2).bytes, repository_.Latest(Role::kSnapshot));
  EXPECT_EQ(Refresh(files)->timestamp()->version, 2U);
}

TEST_F(EditorTest, KeepsTheExpiryThatIsPublishedWhereNoneIsGiven) {
  RepositoryEditor editor = Open();
  ASSERT_THAT(editor.AddTarget("new", Description(1)), IsOk());
  const auto set = Refresh(editor.Sign(Keys(kOnlineKeys)).value());
  EXPECT_EQ(set->snapshot()->expires, kExpiry);
}

TEST_F(EditorTest, KeepsASignatureOverTheSameBytes) {
  const SigningKey ecdsa = SigningKey::Generate(KeyType::kEcdsaP256).value();
  RootEditor root = RootEditor::Create(kExpiry);
  for (const Role role : {Role::kRoot, Role::kTargets, Role::kSnapshot, Role::kTimestamp})
    ASSERT_THAT(root.AddKey(ecdsa.public_key(), role), IsOk());
  ASSERT_THAT(root.Sign({&ecdsa, 1}, nullptr, Threshold::kRequire), IsOk());
  RepositoryEditor editor = RepositoryEditor::Create(root.Serialize()).value();
  SetAllExpires(editor);
  const auto first = editor.Sign({&ecdsa, 1}).value();
  const auto existing = [&first](const std::string& name) -> std::optional<std::string> {
    for (const MetadataFile& file : first) {
      if (file.name == name) return file.bytes;
    }
    return std::nullopt;
  };
  const auto again = editor.Sign({&ecdsa, 1}, existing).value();
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(again[i].bytes, first[i].bytes);
}

// --- a root that is new

class EditorRotation : public EditorTest {
 protected:
  // What is published under root 1, and a root 2 that gives the timestamp another key.
  PublishedMetadata Rotated() {
    PublishedMetadata published = Published(repository_);
    repository_.SetKeys(Role::kTimestamp, {"another"});
    repository_.PublishNextRoot();
    published.next_roots = {repository_.Latest(Role::kRoot)};
    return published;
  }
};

TEST_F(EditorRotation, SignsAnewWhatANewRootGivesOtherKeys) {
  const RepositoryEditor editor = RepositoryEditor::Open(Rotated()).value();
  EXPECT_TRUE(editor.changed());
  EXPECT_THAT(editor.Sign(Keys({"timestamp"})), FailsSaying("timestamp: "));
  const auto files = editor.Sign(Keys({"another"})).value();
  EXPECT_THAT(Names(files),
              ElementsAre("2.root.json", "1.targets.json", "1.snapshot.json", "timestamp.json"));
  EXPECT_EQ(Refresh(files)->timestamp()->version, 2U);
}

TEST_F(EditorRotation, PublishesANewRootLastWhereTheOldKeysSignedToo) {
  const RepositoryEditor editor = RepositoryEditor::Open(Rotated()).value();
  auto files = editor.Sign(Keys({"timestamp", "another"})).value();
  EXPECT_THAT(Names(files),
              ElementsAre("1.targets.json", "1.snapshot.json", "timestamp.json", "2.root.json"));
  // Whoever has the old root, and whoever has the new one: both accept the same files.
  for (const char* root : {"1.root.json", "2.root.json"}) {
    std::vector<MetadataFile> seen(files.begin(), files.begin() + 3);
    seen.insert(seen.begin(), {root, repository_.File(root)});
    EXPECT_THAT(Refresh(seen), IsOk()) << root;
  }
}

TEST_F(EditorRotation, RefusesARootThatDoesNotFollow) {
  PublishedMetadata published = Rotated();
  repository_.PublishNextRoot();
  published.next_roots = {repository_.Latest(Role::kRoot)};
  EXPECT_THAT(RepositoryEditor::Open(published), Fails(ErrorCode::kMismatch));
}

TEST_F(EditorTest, RefusesToLowerOrRepeatAVersion) {
  repository_.PublishNextVersions();
  RepositoryEditor editor = Open();
  for (const std::string_view role : {"targets", "snapshot", "timestamp"}) {
    EXPECT_THAT(editor.SetVersion(role, 1), Fails(ErrorCode::kRollback));
    EXPECT_THAT(editor.SetVersion(role, 2),
                AllOf(Fails(ErrorCode::kRollback), FailsSaying("not above the published 2")));
    EXPECT_THAT(editor.SetVersion(role, 10), IsOk());
  }
  EXPECT_EQ(Refresh(editor.Sign(Keys(kOnlineKeys)).value())->targets()->version, 10U);
}

TEST_F(EditorTest, VerifiesWhatIsPublishedBeforeEditing) {
  PublishedMetadata published = Published(repository_);
  published.targets[published.targets.find("\"version\":1")] = ' ';
  EXPECT_THAT(RepositoryEditor::Open(published), Fails(ErrorCode::kMismatch));
  repository_.SignWith(Role::kSnapshot, {"attacker"});
  repository_.PublishSnapshot();
  repository_.PublishTimestamp();
  EXPECT_THAT(RepositoryEditor::Open(Published(repository_)), Fails(ErrorCode::kUntrusted));
}

TEST_F(EditorTest, OpensARepositoryThatHasExpired) {
  for (const Role role : {Role::kTargets, Role::kSnapshot, Role::kTimestamp})
    repository_.SetExpiry(role, base::Time(std::chrono::seconds(0)));
  repository_.Publish();
  EXPECT_THAT(RepositoryEditor::Open(Published(repository_)), IsOk());
}

TEST_F(EditorTest, KeepsMembersThatItDoesNotKnow) {
  Object role;
  role.Set("version", Value::Unsigned(4));
  Object& meta = *repository_.Signed(Role::kSnapshot).Find("meta")->object();
  meta.Set("role.json", role);
  repository_.Signed(Role::kTargets).Set("x-comment", "kept");
  Object custom;
  custom.Set("x-custom", "kept too");
  repository_.AddTarget("old", "content", Value(custom));
  repository_.PublishNextVersions();
  RepositoryEditor editor = Open();
  ASSERT_THAT(editor.AddTarget("new", Description(1)), IsOk());
  const auto files = editor.Sign(Keys(kOnlineKeys)).value();
  EXPECT_NE(files.at(1).bytes.find("x-comment"), std::string::npos);
  EXPECT_NE(files.at(1).bytes.find("x-custom"), std::string::npos);
  EXPECT_EQ(Refresh(files)->snapshot()->meta.Find("role.json")->version, 4U);
}

}  // namespace
}  // namespace tough
