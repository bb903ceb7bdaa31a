// Delegated roles that lie: what A1 to A16 of the list in docs/trust.md come to below targets. The
// attacker controls the server, and where a test says so the keys of one delegated role.

#include <filesystem>

#include "tests/hostile/hostile_test.h"

namespace hostile {
namespace {

using base::json::Array;
using base::json::Object;
using base::json::Value;
using test::Fails;
using test::IsOk;
using test::RepositoryBuilder;

Object Terminating(Object role) {
  role.Set("terminating", true);
  return role;
}

// Targets delegates "a/*" to the role a, and everything to b after it. The client has refreshed,
// and has looked for nothing yet.
class DelegationTest : public HostileTest {
 protected:
  void SetUp() override {
    HostileTest::SetUp();
    repository_.Delegate("targets", RepositoryBuilder::DelegatedRole("a", {"a/*"}));
    repository_.Delegate("targets", "b");
    repository_.AddDelegatedTarget("a", "a/file", "by a");
    repository_.AddDelegatedTarget("b", "file", "by b");
    PublishNextVersions();
    honest_ = repository_;
    ASSERT_THAT(Refresh(), IsOk());
  }
  // The top-level roles are honest; what lies below them is the attacker's.
  void PublishAndRefresh() {
    PublishNextVersions();
    honest_ = repository_;
    ASSERT_THAT(Refresh(), IsOk());
  }
  // The search for a target of role a ends so, after a was asked, and nothing is kept of it.
  void ExpectRoleRefused(ErrorCode code, const std::string& role = "a",
                         const std::string& target = "a/file") {
    ExpectRefusalOfTarget(target, {code, Requests({repository_.DelegatedFileName(role)})});
  }
  // These roles, none of which lists it, are asked for the target, and then no other.
  void ExpectInVain(const std::string& target, const Words& roles) {
    Words files;
    for (const std::string& role : roles) files.push_back(repository_.DelegatedFileName(role));
    ExpectRefusalOfTarget(
        target,
        {.code = ErrorCode::kNotFound, .requests = Requests(files), .stored_delegated = roles});
  }
  static Words Requests(Words below) {
    below.insert(below.begin(), {"2.root.json", "timestamp.json"});
    return below;
  }
};

// --- A1, A9, A10: other keys, other bytes.

class A1Delegated : public DelegationTest {};

TEST_F(A1Delegated, RefusesARoleByAnotherKey) {
  repository_.SignDelegatedWith("a", {"attacker"});
  PublishAndRefresh();
  ExpectRoleRefused(ErrorCode::kUntrusted);
}

TEST_F(A1Delegated, RefusesARoleByTheKeyOfAnother) {
  for (const char* key : {"b", "targets", "snapshot", "timestamp", "root"}) {
    repository_.SignDelegatedWith("a", {key});
    PublishAndRefresh();
    ExpectRoleRefused(ErrorCode::kUntrusted);
  }
}

TEST_F(A1Delegated, RefusesSwappedBytes) {
  std::string bytes = repository_.File("1.a.json");
  std::swap(bytes[bytes.find("2026")], bytes[bytes.find("2026") + 1]);
  Answer("1.a.json", test::Answer(200, bytes));
  ExpectRoleRefused(ErrorCode::kMismatch);
}

TEST_F(A1Delegated, RefusesTheFileOfAnotherRole) {
  repository_.SetListing(test::Listing::kVersion);
  PublishAndRefresh();
  Answer("1.a.json", test::Answer(200, repository_.File("1.b.json")));
  ExpectRoleRefused(ErrorCode::kUntrusted);
}

TEST_F(A1Delegated, ADelegatedKeySignsNoTopLevelRole) {
  repository_.SignWith(Role::kTargets, {"a", "b"});
  PublishNextVersions();
  ExpectRefusal({ErrorCode::kUntrusted,
                 {"2.root.json", "timestamp.json", "3.snapshot.json", "3.targets.json"},
                 {Role::kTimestamp, Role::kSnapshot}});
}

TEST_F(A1Delegated, BelowTheThresholdIsNotEnough) {
  Object description = RepositoryBuilder::DelegatedRole("c", {"c/*"});
  description.Set("keyids", Array{test::TestKey("a").keyid(), test::TestKey("b").keyid()});
  description.Set("threshold", Value::Unsigned(2));
  repository_.Delegate("targets", description);
  repository_.SignDelegatedWith("c", {"a", "attacker"});
  repository_.AddDelegatedTarget("c", "c/file", "evil");
  // Before b, which may say anything.
  Array& roles =
      *repository_.Signed(Role::kTargets).Find("delegations")->object()->Find("roles")->array();
  std::swap(roles[1], roles[2]);
  PublishAndRefresh();
  ExpectRoleRefused(ErrorCode::kUntrusted, "c", "c/file");
}

// --- A2: rollback.

class A2Delegated : public DelegationTest {
 protected:
  // The client has seen version 2 of a.
  void SetUp() override {
    DelegationTest::SetUp();
    first_ = repository_.File("1.a.json");
    repository_.PublishNextDelegated("a");
    PublishNextVersions();
    honest_ = repository_;
    ASSERT_THAT(Save("a/file"), IsOk());
    std::filesystem::remove_all(saved_);
  }
  std::string first_;
};

TEST_F(A2Delegated, RefusesASnapshotThatListsAnOlderVersion) {
  repository_.SignedDelegated("a").Set("version", Value::Unsigned(1));
  PublishNextVersions();
  ExpectRefusal({ErrorCode::kRollback,
                 {"2.root.json", "timestamp.json", "4.snapshot.json"},
                 {Role::kTimestamp}});
}

TEST_F(A2Delegated, RefusesASnapshotThatNoLongerListsIt) {
  repository_.SetVersion(Role::kSnapshot, 4);
  repository_.SetVersion(Role::kTimestamp, 4);
  repository_.Signed(Role::kSnapshot).Find("meta")->object()->Erase("a.json");
  repository_.PublishSnapshot();
  repository_.PublishTimestamp();
  Serve();
  ExpectRefusal({ErrorCode::kRollback,
                 {"2.root.json", "timestamp.json", "4.snapshot.json"},
                 {Role::kTimestamp}});
}

TEST_F(A2Delegated, RefusesAnOlderFileUnderTheNewName) {
  std::filesystem::remove(cache_ + "/a.json");
  Answer("2.a.json", test::Answer(200, first_));
  ExpectRoleRefused(ErrorCode::kMismatch);
}

TEST_F(A2Delegated, TakesNoOlderFileFromTheCache) {
  Files cache = Cache();
  cache["a.json"] = first_;
  WriteCache(cache);
  TakeRequests();
  EXPECT_THAT(Save("a/file"), IsOk());
  EXPECT_EQ(TakeRequests()[2], "2.a.json");
  EXPECT_EQ(Cache().at("a.json"), repository_.File("2.a.json"));
}

// --- A3, A6: expired, endless.

class A3Delegated : public DelegationTest {};

TEST_F(A3Delegated, RefusesAnExpiredRole) {
  repository_.SignedDelegated("a").Set("expires", base::FormatTime(test::kNow));
  PublishAndRefresh();
  ExpectRoleRefused(ErrorCode::kExpired);
}

TEST_F(A3Delegated, TakesNoExpiredRoleFromTheCache) {
  const base::Time later = test::kNow + std::chrono::hours(2);
  repository_.SignedDelegated("a").Set("expires",
                                       base::FormatTime(test::kNow + std::chrono::hours(1)));
  PublishNextVersions();
  ASSERT_THAT(Save("a/file"), IsOk());
  std::filesystem::remove_all(saved_);
  const Files before = Cache();
  TakeRequests();
  EXPECT_THAT(Save("a/file", later), Fails(ErrorCode::kExpired));
  EXPECT_EQ(TakeRequests(), Requests({"1.a.json"}));
  EXPECT_EQ(Cache().at("a.json"), before.at("a.json"));
  EXPECT_THAT(Saved(), testing::IsEmpty());
  WriteCache({});  // the proof at the end comes from before `later`
}

class A6Delegated : public DelegationTest {};

TEST_F(A6Delegated, StopsABodyWithoutEnd) {
  Answer("1.a.json", test::RawThenForEver("HTTP/1.1 200 OK\r\n\r\n", std::string(1000, ' ')));
  ExpectRoleRefused(ErrorCode::kTooLarge);
}

TEST_F(A6Delegated, ReadsNotOneByteOverTheListedLength) {
  Answer("1.a.json", test::Answer(200, repository_.File("1.a.json") + " "));
  ExpectRoleRefused(ErrorCode::kTooLarge);
}

// --- A8: a role of lower priority, or that may not, offers a name.

class A8Delegated : public DelegationTest {};

TEST_F(A8Delegated, ARoleOfLowerPriorityIsNotAskedForWhatAnEarlierOneLists) {
  repository_.AddDelegatedTarget("b", "a/file", "evil");
  PublishAndRefresh();
  TakeRequests();
  EXPECT_THAT(Save("a/file"), IsOk());
  EXPECT_EQ(Saved(), (Files{{"a/file", "by a"}}));
  for (const std::string& request : TakeRequests()) EXPECT_NE(request, "1.b.json");
}

TEST_F(A8Delegated, NoRoleOverridesTargetsItself) {
  repository_.AddTarget("file", "by targets");
  PublishAndRefresh();
  TakeRequests();
  EXPECT_THAT(Save("file"), IsOk());
  EXPECT_EQ(Saved().at("file"), "by targets");
  EXPECT_EQ(TakeRequests().size(), 3U);
}

TEST_F(A8Delegated, ARoleSpeaksForItsPathsOnly) {
  repository_.AddDelegatedTarget("a", "other", "evil");
  repository_.AddDelegatedTarget("a", "a/sub/other", "evil");
  PublishAndRefresh();
  ExpectInVain("other", {"b"});
}

TEST_F(A8Delegated, ARoleGivesNoMoreThanItHas) {
  // a passes everything on to its accomplice, who lists what a may not.
  repository_.Delegate("a", RepositoryBuilder::DelegatedRole("accomplice", {"*", "*/*"}));
  repository_.AddDelegatedTarget("accomplice", "other", "evil");
  PublishAndRefresh();
  ExpectInVain("other", {"b"});
}

TEST_F(A8Delegated, ARoleThatCannotBeHadIsNotPassedOver) {
  // What a would have said is not known; b may not say it in its place.
  repository_.AddDelegatedTarget("b", "a/file", "evil");
  PublishAndRefresh();
  Answer("1.a.json", test::Answer(404));
  ExpectRoleRefused(ErrorCode::kMismatch);
  Answer("1.a.json", test::Answer(200, "{}"));
  ExpectRoleRefused(ErrorCode::kMismatch);
}

// --- A14: work without bound.

class A14Delegated : public DelegationTest {};

TEST_F(A14Delegated, FollowsNoCircle) {
  repository_.Delegate("b", "c");
  repository_.Delegate("c", "b");
  repository_.Delegate("c", "c");
  PublishAndRefresh();
  ExpectInVain("nobody has it", {"b", "c"});
}

TEST_F(A14Delegated, VisitsARoleOnceHoweverManyWaysLeadThere) {
  // A lattice: each level delegates to both roles of the next; 2^6 ways, 13 roles.
  Words roles = {"b"};
  Words expected = {"1.b.json"};
  for (int level = 0; level < 6; ++level) {
    const std::string left = "l" + std::to_string(level);
    const std::string right = "r" + std::to_string(level);
    for (const std::string& role : roles) {
      repository_.Delegate(role, left);
      repository_.Delegate(role, right);
    }
    roles = {left, right};
  }
  PublishAndRefresh();
  TakeRequests();
  EXPECT_THAT(Save("nobody has it"), Fails(ErrorCode::kNotFound));
  EXPECT_EQ(TakeRequests().size(), 2U + 13U);
}

TEST_F(A14Delegated, Visits32RolesAndNoMore) {
  for (int i = 0; i < 40; ++i) repository_.Delegate("b", "r" + std::to_string(i));
  PublishAndRefresh();
  TakeRequests();
  EXPECT_THAT(Save("nobody has it"), Fails(ErrorCode::kTooLarge));
  EXPECT_EQ(TakeRequests().size(), 2U + 32U);
}

TEST_F(A14Delegated, LooksThroughAHundredThousandDelegationsWithoutAskingForOne) {
  Array& roles =
      *repository_.Signed(Role::kTargets).Find("delegations")->object()->Find("roles")->array();
  Object role = RepositoryBuilder::DelegatedRole("r", {"*a*a*a*a*b"});
  roles.clear();
  for (int i = 0; i < 100'000; ++i) {
    role.Set("name", "r" + std::to_string(i));
    roles.emplace_back(role);
  }
  PublishNextVersions();
  ASSERT_THAT(Refresh(), IsOk());
  ExpectInVain(std::string(200, 'a'), {});
}

TEST_F(A14Delegated, MatchesAHostilePatternInNoTime) {
  std::string pattern;
  for (int i = 0; i < 500; ++i) pattern += "*a";
  repository_.Delegate("targets", RepositoryBuilder::DelegatedRole("c", {pattern + "b"}));
  PublishAndRefresh();
  ExpectInVain(std::string(1000, 'a'), {"b"});
}

// --- A16: names of roles.

class A16Delegated : public DelegationTest {
 protected:
  // All that lies in the directory that the cache and the saved targets are in.
  Words Everything() const {
    Words names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_.path()))
      names.push_back(entry.path().lexically_relative(directory_.path()));
    return names;
  }
};

TEST_F(A16Delegated, StayInTheCacheWhateverTheyAre) {
  const std::size_t before = Everything().size();
  for (const std::string& name :
       {std::string("../escape"), std::string("../../escape"), std::string("/tmp/escape"),
        std::string("."), std::string(".."), std::string("a/b"), std::string("a\\b"),
        std::string("a\nb"), std::string("%2e%2e%2f"), std::string("?"), std::string("#"),
        std::string("1.root"), std::string("root.json"), std::string("Timestamp"),
        std::string("root_history/2.root"), std::string("lock"), std::string("\xc3\xa9")}) {
    SCOPED_TRACE(name);
    RepositoryBuilder repository = repository_;
    repository.SetVersion(Role::kTargets, 10);
    repository.SetVersion(Role::kSnapshot, 10);
    repository.SetVersion(Role::kTimestamp, 10);
    Object description = RepositoryBuilder::DelegatedRole(name, {"c/*"});
    repository.Delegate("targets", Terminating(description));
    // Before the role that may say anything.
    Array& roles =
        *repository.Signed(Role::kTargets).Find("delegations")->object()->Find("roles")->array();
    std::swap(roles[1], roles[2]);
    repository.AddDelegatedTarget(name, "c/file", "content");
    repository.Publish();
    Serve(repository);
    const Files cache = Cache();
    EXPECT_THAT(Save("c/file"), IsOk());
    EXPECT_EQ(Saved(), (Files{{"c/file", "content"}}));
    EXPECT_EQ(Cache().at("root.json"), cache.at("root.json"));
    EXPECT_EQ(Cache().size(), cache.size() + 1);
    std::filesystem::remove_all(saved_);
    EXPECT_EQ(Everything().size(), before + 1);
    WriteCache(cache);
  }
  EXPECT_FALSE(std::filesystem::exists("/tmp/escape.json"));
}

TEST_F(A16Delegated, ThatAreNotThoseOfADelegatedRoleAreRefused) {
  for (const std::string& name :
       {std::string(), std::string("root"), std::string("timestamp"), std::string("snapshot"),
        std::string("targets"), std::string("a\0b", 3), std::string("a")}) {
    SCOPED_TRACE(name);
    RepositoryBuilder repository = repository_;
    Object description = RepositoryBuilder::DelegatedRole("c");
    description.Set("name", name);
    repository.Signed(Role::kTargets)
        .Find("delegations")
        ->object()
        ->Find("roles")
        ->array()
        ->emplace_back(description);
    repository.PublishNextVersions();
    Serve(repository);
    const Files before = Cache();
    TakeRequests();
    EXPECT_THAT(Refresh(), Fails(ErrorCode::kMalformed));
    EXPECT_EQ(TakeRequests(), Requests({"3.snapshot.json", "3.targets.json"}));
    EXPECT_EQ(Cache().at("targets.json"), before.at("targets.json"));
    WriteCache(before);
  }
}

// --- R55 and R59: who may speak, and by whose word.

class A10Delegated : public DelegationTest {};

TEST_F(A10Delegated, NobodyIsAskedAfterATerminatingRole) {
  Array& roles =
      *repository_.Signed(Role::kTargets).Find("delegations")->object()->Find("roles")->array();
  roles[0].object()->Set("terminating", true);
  repository_.AddDelegatedTarget("b", "a/other", "evil");
  PublishAndRefresh();
  ExpectInVain("a/other", {"a"});
}

TEST_F(A10Delegated, ARevokedDelegatedKeyIsNoLongerTrustedFromTheCache) {
  ASSERT_THAT(Save("a/file"), IsOk());
  std::filesystem::remove_all(saved_);
  Object& role = *repository_.Signed(Role::kTargets)
                      .Find("delegations")
                      ->object()
                      ->Find("roles")
                      ->array()
                      ->at(0)
                      .object();
  role.Set("keyids", Array{test::TestKey("b").keyid()});
  PublishAndRefresh();
  const Files before = Cache();
  TakeRequests();
  EXPECT_THAT(Save("a/file"), Fails(ErrorCode::kUntrusted));
  EXPECT_EQ(TakeRequests(), Requests({"1.a.json"}));
  EXPECT_EQ(Cache(), before);
  EXPECT_THAT(Saved(), testing::IsEmpty());
}

}  // namespace
}  // namespace hostile
