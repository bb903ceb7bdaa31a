// Repositories that lie: A1 to A5, A9 and A10 of the list in docs/trust.md, for the four top-level
// roles. Each test is one attack by somebody who controls the server and perhaps some keys.

#include <algorithm>

#include "base/bytes.h"
#include "base/digest.h"
#include "tests/hostile/hostile_test.h"
#include "tests/support/test_authority.h"

namespace hostile {
namespace {

using std::chrono::days;
using test::IsOk;
using test::kExpiry;
using test::Listing;

// What a whole refresh asks for when the three lower roles have this version.
Words RequestsFor(int version, const std::string& root = "2.root.json") {
  const std::string number = std::to_string(version);
  return {root, "timestamp.json", number + ".snapshot.json", number + ".targets.json"};
}

// The first `count` of them.
Words FirstRequests(std::size_t count, int version = 2, const std::string& root = "2.root.json") {
  Words requests = RequestsFor(version, root);
  requests.resize(count);
  return requests;
}

std::string HashedPath(const std::string& name, const std::string& content) {
  return "t/" +
         base::HexEncode(base::DigestOf(base::DigestAlgorithm::kSha256, base::AsBytes(content))) +
         "." + name;
}

// --- A1: arbitrary software.

class A1ArbitrarySoftware : public HostileTest {};

TEST_F(A1ArbitrarySoftware, RefusesARootByAnotherKey) {
  repository_.SetKeys(Role::kRoot, {"attacker"});
  repository_.SignWith(Role::kRoot, {"attacker"});
  PublishNextRoot();
  ExpectRefusal({ErrorCode::kUntrusted, {"2.root.json"}});
}

TEST_F(A1ArbitrarySoftware, RefusesATimestampByAnotherKey) {
  repository_.SignWith(Role::kTimestamp, {"attacker"});
  PublishNextVersions();
  ExpectRefusal({ErrorCode::kUntrusted, FirstRequests(2)});
}

TEST_F(A1ArbitrarySoftware, RefusesASnapshotByAnotherKey) {
  repository_.SignWith(Role::kSnapshot, {"attacker"});
  PublishNextVersions();
  ExpectRefusal({ErrorCode::kUntrusted, FirstRequests(3), {Role::kTimestamp}});
}

TEST_F(A1ArbitrarySoftware, RefusesTargetsByAnotherKey) {
  repository_.SignWith(Role::kTargets, {"attacker"});
  PublishNextVersions();
  ExpectRefusal({ErrorCode::kUntrusted, RequestsFor(2), {Role::kTimestamp, Role::kSnapshot}});
}

TEST_F(A1ArbitrarySoftware, RefusesMetadataWithoutSignatures) {
  for (const Role role : {Role::kTargets, Role::kSnapshot, Role::kTimestamp})
    repository_.SignWith(role, {});
  PublishNextVersions();
  ExpectRefusal({ErrorCode::kUntrusted, FirstRequests(2)});
}

TEST_F(A1ArbitrarySoftware, RefusesATargetAddedAfterSigning) {
  repository_.SetListing(Listing::kVersion);  // so that no hash stands in the way
  repository_.PublishNextVersions();
  std::string targets = repository_.File("2.targets.json");
  const std::string none = R"("targets":{})";
  ASSERT_NE(targets.find(none), std::string::npos);
  targets.replace(
      targets.find(none), none.size(),
      R"("targets":{"evil":{"hashes":{"sha256":")" + std::string(64, 'a') + R"("},"length":1}})");
  repository_.SetFile("2.targets.json", targets);
  Serve();
  ExpectRefusal({ErrorCode::kUntrusted, RequestsFor(2), {Role::kTimestamp, Role::kSnapshot}});
}

TEST_F(A1ArbitrarySoftware, RefusesSwappedBytes) {
  repository_.PublishNextVersions();
  const auto swapped = [&](const std::string& name) {
    std::string bytes = repository_.File(name);
    std::swap(bytes[bytes.find("2026")], bytes[bytes.find("2026") + 1]);
    return test::Answer(200, bytes);
  };
  Serve();
  Answer("timestamp.json", swapped("timestamp.json"));
  ExpectRefusal({ErrorCode::kUntrusted, FirstRequests(2)});
  Serve();
  Answer("2.snapshot.json", swapped("2.snapshot.json"));
  ExpectRefusal({ErrorCode::kMismatch, FirstRequests(3), {Role::kTimestamp}});
  Serve();
  Answer("2.targets.json", swapped("2.targets.json"));
  ExpectRefusal({ErrorCode::kMismatch, RequestsFor(2), {Role::kSnapshot}});
}

TEST_F(A1ArbitrarySoftware, SavesNoTargetThatIsNotTheListedOne) {
  repository_.AddTarget("image", "the image");
  PublishNextVersions();
  server_.On("/" + HashedPath("image", "the image"), test::Answer(200, "no image"));
  ASSERT_THAT(Refresh(), IsOk());
  ExpectRefusalOfTarget(
      "image",
      {ErrorCode::kMismatch, {"2.root.json", "timestamp.json", HashedPath("image", "the image")}});
}

// --- A2: rollback. Every refresh here is a new run of the program.

class A2Rollback : public HostileTest {
 protected:
  // The client has seen version 3 of everything below root; the server has version 2 as well.
  void SetUp() override {
    HostileTest::SetUp();
    PublishNextVersions();
    second_ = repository_;
    PublishNextVersions();
    ASSERT_THAT(Refresh(), IsOk());
  }

  test::RepositoryBuilder second_;
};

TEST_F(A2Rollback, RefusesAnOlderRoot) {
  repository_.SetFile("2.root.json", repository_.File("1.root.json"));
  Serve();
  ExpectRefusal({ErrorCode::kRollback, {"2.root.json"}});
}

TEST_F(A2Rollback, RefusesAnOlderTimestamp) {
  Serve(second_);
  ExpectRefusal({ErrorCode::kRollback, FirstRequests(2)});
}

TEST_F(A2Rollback, RefusesAnOlderSnapshotInANewTimestamp) {
  second_.SetVersion(Role::kTimestamp, 4);
  second_.PublishTimestamp();
  Serve(second_);
  ExpectRefusal({ErrorCode::kRollback, FirstRequests(2)});
}

TEST_F(A2Rollback, RefusesOlderTargetsInANewSnapshot) {
  repository_ = second_;
  repository_.SetVersion(Role::kSnapshot, 4);
  repository_.SetVersion(Role::kTimestamp, 4);
  repository_.PublishSnapshot();
  repository_.PublishTimestamp();
  Serve();
  ExpectRefusal({ErrorCode::kRollback, FirstRequests(3, 4), {Role::kTimestamp}});
}

TEST_F(A2Rollback, RefusesASnapshotThatLeavesARoleOut) {
  base::json::Object& meta = *repository_.Signed(Role::kSnapshot).Find("meta")->object();
  base::json::Object listed;
  listed.Set("version", base::json::Value::Unsigned(7));
  const auto without = meta;
  meta.Set("other.json", listed);
  PublishNextVersions();
  honest_ = repository_;
  ASSERT_THAT(Refresh(), IsOk());
  *repository_.Signed(Role::kSnapshot).Find("meta")->object() = without;
  PublishNextVersions();
  ExpectRefusal({ErrorCode::kRollback, FirstRequests(3, 5), {Role::kTimestamp}});
}

TEST_F(A2Rollback, KeepsItsFloorsWhenTheyHaveExpired) {
  honest_.SetExpiry(Role::kRoot, kExpiry + days(1000));
  honest_.PublishNextRoot();
  for (const Role role : {Role::kTargets, Role::kSnapshot, Role::kTimestamp})
    second_.SetExpiry(role, kExpiry + days(1000));
  second_.SetExpiry(Role::kRoot, kExpiry + days(1000));
  second_.PublishNextRoot();
  second_.Publish();
  Serve(second_);
  const Files before = Cache();
  EXPECT_THAT(Refresh(kExpiry + days(1)), test::Fails(ErrorCode::kRollback));
  EXPECT_EQ(Cache().at("timestamp.json"), before.at("timestamp.json"));
}

// --- A3: freeze.

class A3Freeze : public HostileTest {
 protected:
  // Every role but this one lives long enough.
  void Freeze(Role frozen) {
    for (const Role role : {Role::kRoot, Role::kTimestamp, Role::kSnapshot, Role::kTargets})
      repository_.SetExpiry(role, role == frozen ? kExpiry : kExpiry + days(1000));
    repository_.PublishNextRoot();
    honest_ = repository_;
    PublishNextVersions();
  }
  static constexpr base::Time kThen = kExpiry + days(1);
};

TEST_F(A3Freeze, RefusesAnExpiredRoot) {
  Freeze(Role::kRoot);
  ExpectRefusal({ErrorCode::kExpired, {"2.root.json", "3.root.json"}, {Role::kRoot}}, kThen);
}

TEST_F(A3Freeze, RefusesAnExpiredTimestamp) {
  Freeze(Role::kTimestamp);
  ExpectRefusal(
      {ErrorCode::kExpired, {"2.root.json", "3.root.json", "timestamp.json"}, {Role::kRoot}},
      kThen);
}

TEST_F(A3Freeze, RefusesAnExpiredSnapshot) {
  Freeze(Role::kSnapshot);
  ExpectRefusal({ErrorCode::kExpired,
                 {"2.root.json", "3.root.json", "timestamp.json", "2.snapshot.json"},
                 {Role::kRoot, Role::kTimestamp}},
                kThen);
}

TEST_F(A3Freeze, RefusesExpiredTargets) {
  Freeze(Role::kTargets);
  ExpectRefusal(
      {ErrorCode::kExpired,
       {"2.root.json", "3.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json"},
       {Role::kRoot, Role::kTimestamp, Role::kSnapshot}},
      kThen);
}

TEST_F(A3Freeze, RefusesWhatIsInTheCacheOnceItHasExpired) {
  ExpectRefusal({ErrorCode::kExpired, {"2.root.json"}}, kExpiry);
}

TEST_F(A3Freeze, TakesNoFailureForTheEndOfTheRoots) {
  for (const int status : {500, 503, 429, 401, 410}) {
    Answer("2.root.json", test::Answer(status));
    const bool again = status >= 500;
    ExpectRefusal({ErrorCode::kNetwork, Words(again ? http_options_.attempts : 1, "2.root.json")});
  }
}

TEST_F(A3Freeze, TakesNoSilenceForTheEndOfTheRoots) {
  Answer("2.root.json", test::RawThenStall(""));
  http_options_.attempts = 1;
  ExpectRefusal({ErrorCode::kNetwork, {"2.root.json"}});
}

TEST_F(A3Freeze, TakesNoFailureOfTlsForTheEndOfTheRoots) {
  const test::TestAuthority unknown;
  const auto files = unknown.Issue("server");
  test::LoopbackServer impostor(
      {.certificate = files.certificate, .key = files.key, .client_ca = {}});
  options_.metadata_base_url = impostor.Url("/m");
  ExpectRefusal({ErrorCode::kNetwork, {}});
  EXPECT_THAT(impostor.Requests(), testing::IsEmpty());
  options_.metadata_base_url = server_.Url("/m");
}

// --- A4: fast-forward.

class A4FastForward : public HostileTest {
 protected:
  // The client has taken the highest versions that there are, from somebody who had the keys.
  void TakeHighest(const std::vector<Role>& roles) {
    PublishVersions(roles, tough::kMaxInteger, 2);
    ASSERT_THAT(Refresh(), IsOk());
    PublishVersions(roles, 3, 3);
    ASSERT_THAT(Refresh(), test::Fails(ErrorCode::kRollback));
  }
  // `version` for these roles, `other_version` for the rest of the three.
  void PublishVersions(const std::vector<Role>& roles, std::uint64_t version,
                       std::uint64_t other_version) {
    for (const Role role : {Role::kTargets, Role::kSnapshot, Role::kTimestamp}) {
      const bool listed = std::find(roles.begin(), roles.end(), role) != roles.end();
      repository_.SetVersion(role, listed ? version : other_version);
    }
    repository_.Publish();
    Serve();
  }
  void RecoverByANewKeyFor(Role role) {
    repository_.SetKeys(role, {"new key"});
    repository_.PublishNextRoot();
    repository_.Publish();
    honest_ = repository_;
    Serve();
    EXPECT_THAT(Refresh(), IsOk());
    EXPECT_EQ(Cache().at("timestamp.json"), repository_.Latest(Role::kTimestamp));
    EXPECT_EQ(Cache().at("snapshot.json"), repository_.Latest(Role::kSnapshot));
  }
};

TEST_F(A4FastForward, OfTheTimestampIsHealedByItsNewKey) {
  TakeHighest({Role::kTimestamp});
  RecoverByANewKeyFor(Role::kTimestamp);
}

TEST_F(A4FastForward, OfTheSnapshotIsHealedByItsNewKey) {
  TakeHighest({Role::kSnapshot, Role::kTimestamp});
  RecoverByANewKeyFor(Role::kSnapshot);
}

TEST_F(A4FastForward, OfTargetsIsHealedByANewSnapshotKey) {
  TakeHighest({Role::kTargets});
  RecoverByANewKeyFor(Role::kSnapshot);
}

TEST_F(A4FastForward, RefusesVersionsBeyondTheRange) {
  for (const std::uint64_t version : {tough::kMaxInteger + 1, UINT64_MAX}) {
    repository_.SetVersion(Role::kTimestamp, version);
    repository_.PublishTimestamp();
    Serve();
    ExpectRefusal({ErrorCode::kMalformed, FirstRequests(2)});
  }
}

TEST_F(A4FastForward, RefusesARootThatLeapsForward) {
  repository_.SetVersion(Role::kRoot, tough::kMaxInteger);
  repository_.PublishRoot();
  repository_.SetFile("2.root.json", repository_.Latest(Role::kRoot));
  Serve();
  ExpectRefusal({ErrorCode::kMismatch, {"2.root.json"}});
}

// --- A5: mix-and-match.

class A5MixAndMatch : public HostileTest {};

TEST_F(A5MixAndMatch, RefusesOldTargetsUnderANewSnapshot) {
  for (const Listing listing : {Listing::kVersion, Listing::kLengthAndHashes}) {
    repository_.SetListing(listing);
    repository_.PublishNextVersions();
    const std::string version = std::to_string(repository_.Version(Role::kTargets));
    repository_.SetFile(version + ".targets.json", repository_.File("1.targets.json"));
    Serve();
    ExpectRefusal({ErrorCode::kMismatch,
                   RequestsFor(std::stoi(version)),
                   {Role::kTimestamp, Role::kSnapshot}});
  }
}

TEST_F(A5MixAndMatch, RefusesAnOldSnapshotUnderANewTimestamp) {
  for (const Listing listing : {Listing::kVersion, Listing::kLengthAndHashes}) {
    repository_.SetListing(listing);
    repository_.PublishNextVersions();
    const std::string version = std::to_string(repository_.Version(Role::kSnapshot));
    repository_.SetFile(version + ".snapshot.json", repository_.File("1.snapshot.json"));
    Serve();
    ExpectRefusal({ErrorCode::kMismatch, FirstRequests(3, std::stoi(version)), {Role::kTimestamp}});
  }
}

TEST_F(A5MixAndMatch, RefusesAFileOfAnotherRole) {
  repository_.SetKeys(Role::kSnapshot, {"shared"});
  repository_.SetKeys(Role::kTimestamp, {"shared"});
  repository_.PublishNextRoot();
  repository_.PublishNextVersions();
  honest_ = repository_;
  Serve();
  ASSERT_THAT(Refresh(), IsOk());
  repository_.SetFile("timestamp.json", repository_.Latest(Role::kSnapshot));
  Serve();
  ExpectRefusal({ErrorCode::kMismatch, {"3.root.json", "timestamp.json"}});
}

// --- A9: another file of the same length.

class A9SameLength : public HostileTest {};

TEST_F(A9SameLength, RefusesAnotherTarget) {
  repository_.AddTarget("image", "the image");
  PublishNextVersions();
  ASSERT_THAT(Refresh(), IsOk());
  server_.On("/" + HashedPath("image", "the image"), test::Answer(200, "THE IMAGE"));
  ExpectRefusalOfTarget(
      "image",
      {ErrorCode::kMismatch, {"2.root.json", "timestamp.json", HashedPath("image", "the image")}});
}

TEST_F(A9SameLength, KeepsTheTargetThatWasThere) {
  repository_.AddTarget("image", "the image");
  PublishNextVersions();
  ASSERT_THAT(Save("image"), IsOk());
  repository_.AddTarget("image", "new image");
  PublishNextVersions();
  ASSERT_THAT(Refresh(), IsOk());
  server_.On("/" + HashedPath("image", "new image"), test::Answer(200, "evilimage"));
  ExpectRefusalOfTarget(
      "image",
      {ErrorCode::kMismatch, {"2.root.json", "timestamp.json", HashedPath("image", "new image")}});
  EXPECT_EQ(Saved().at("image"), "the image");
}

TEST_F(A9SameLength, RefusesOtherSignedMetadata) {
  repository_.PublishNextVersions();
  test::RepositoryBuilder other = repository_;
  other.SetExpiry(Role::kTargets, kExpiry + days(1));
  other.PublishTargets();
  ASSERT_EQ(other.Latest(Role::kTargets).size(), repository_.Latest(Role::kTargets).size());
  Serve();
  Answer("2.targets.json", test::Answer(200, other.Latest(Role::kTargets)));
  ExpectRefusal({ErrorCode::kMismatch, RequestsFor(2), {Role::kTimestamp, Role::kSnapshot}});
}

// --- A10: keys that were stolen.

class A10KeyCompromise : public HostileTest {};

TEST_F(A10KeyCompromise, BelowTheThresholdIsNotEnough) {
  repository_.SetKeys(Role::kTargets, {"a", "b", "c"}, 2);
  repository_.PublishNextRoot();
  repository_.PublishNextVersions();
  honest_ = repository_;
  Serve();
  ASSERT_THAT(Refresh(), IsOk());
  repository_.SignWith(Role::kTargets, {"b", "attacker", "targets"});
  PublishNextVersions();
  ExpectRefusal(
      {ErrorCode::kUntrusted, RequestsFor(3, "3.root.json"), {Role::kTimestamp, Role::kSnapshot}});
}

TEST_F(A10KeyCompromise, TheTimestampKeySignsNothingElse) {
  repository_.SignWith(Role::kSnapshot, {"timestamp"});
  PublishNextVersions();
  ExpectRefusal({ErrorCode::kUntrusted, FirstRequests(3), {Role::kTimestamp}});
}

TEST_F(A10KeyCompromise, TheTimestampAndSnapshotKeysSignNoTargets) {
  repository_.AddTarget("image", "evil");
  repository_.SignWith(Role::kTargets, {"timestamp", "snapshot"});
  PublishNextVersions();
  ExpectRefusalOfTarget(
      "image", {ErrorCode::kUntrusted, RequestsFor(2), {Role::kTimestamp, Role::kSnapshot}});
}

TEST_F(A10KeyCompromise, TheLowerKeysSignNoRoot) {
  repository_.SetKeys(Role::kRoot, {"attacker"});
  repository_.SignWith(Role::kRoot, {"attacker", "timestamp", "snapshot", "targets"});
  PublishNextRoot();
  ExpectRefusal({ErrorCode::kUntrusted, {"2.root.json"}});
}

TEST_F(A10KeyCompromise, ARevokedRootKeySignsNoRoot) {
  repository_.SetKeys(Role::kRoot, {"new root"});
  PublishNextRoot();
  honest_ = repository_;
  ASSERT_THAT(Refresh(), IsOk());
  repository_.SetKeys(Role::kRoot, {"root"});
  repository_.SignWith(Role::kRoot, {"root"});
  PublishNextRoot();
  ExpectRefusal({ErrorCode::kUntrusted, {"3.root.json"}});
}

TEST_F(A10KeyCompromise, ARevokedTimestampKeySignsNoTimestamp) {
  repository_.SetKeys(Role::kTimestamp, {"new timestamp"});
  repository_.PublishNextRoot();
  honest_ = repository_;
  repository_.SignWith(Role::kTimestamp, {"timestamp"});
  PublishNextVersions();
  ExpectRefusal({ErrorCode::kUntrusted,
                 {"2.root.json", "3.root.json", "timestamp.json"},
                 {Role::kRoot},
                 {Role::kTimestamp, Role::kSnapshot}});
}

}  // namespace
}  // namespace hostile
