// Delegations through the client: who is asked for a target, in which order, and what is trusted of
// what they say.
#include "tests/tough/client_fixture.h"

namespace tough {
namespace {

using base::ErrorCode;
using base::json::Array;
using base::json::Object;
using base::json::Value;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::IsOkAnd;
using test::RepositoryBuilder;
using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

Object Terminating(Object role) {
  role.Set("terminating", true);
  return role;
}

class ClientDelegations : public ClientFixture {
 protected:
  // What a client that has refreshed asks for while it looks for the target.
  std::vector<std::string> Asked(const std::string& target) {
    repository_.PublishNextVersions();
    Client client = Ready();
    (void)client.FindTarget(target);
    return Requests();
  }
  base::Result<TargetFile> Find(const std::string& target) {
    repository_.PublishNextVersions();
    return Ready().FindTarget(target);
  }
  // A client with all of the metadata of an earlier search in its cache.
  Client ReadyAgain(base::Time now = test::kNow) {
    EXPECT_THAT(Ready().FindTarget("file"), IsOk());
    return Ready(now);
  }
  static auto OfLength(std::uint64_t length) { return IsOkAnd(Field(&TargetFile::length, length)); }

  void DelegateFile() {
    repository_.Delegate("targets", "a");
    repository_.AddDelegatedTarget("a", "file", "by a");
    repository_.PublishNextVersions();
  }
};

TEST_F(ClientDelegations, AreAskedLazily) {
  repository_.Delegate("targets", "a");
  repository_.AddTarget("file", "top");
  EXPECT_THAT(Asked("file"), IsEmpty());
}

TEST_F(ClientDelegations, AreAskedDepthFirstInTheirOrder) {
  repository_.Delegate("targets", "z");
  repository_.Delegate("targets", "b");
  repository_.Delegate("z", "c");
  repository_.Delegate("z", "d");
  EXPECT_THAT(Asked("file"), ElementsAre("m/1.z.json", "m/1.c.json", "m/1.d.json", "m/1.b.json"));
}

TEST_F(ClientDelegations, GiveTheFirstListingInPreOrder) {
  for (const char* role : {"a", "b", "c"}) {
    repository_.Delegate(role == std::string("c") ? "a" : "targets", role);
    repository_.AddDelegatedTarget(role, "file",
                                   std::string(role == std::string("c") ? 3 : 2, '.'));
  }
  EXPECT_THAT(Find("file"), OfLength(2));
  repository_.SignedDelegated("a").Set("targets", Object());
  repository_.PublishNextDelegated("a");
  EXPECT_THAT(Find("file"), OfLength(3));
}

TEST_F(ClientDelegations, EndWithAMatchingTerminatingOne) {
  repository_.Delegate("targets", "a");
  repository_.Delegate("targets", "b");
  repository_.Delegate("a", Terminating(RepositoryBuilder::DelegatedRole("c")));
  repository_.Delegate("a", "d");
  repository_.Delegate("c", "e");
  repository_.AddDelegatedTarget("b", "file", "by b");
  EXPECT_THAT(Asked("file"), ElementsAre("m/1.a.json", "m/1.c.json", "m/1.e.json"));
  EXPECT_THAT(Find("file"), Fails(ErrorCode::kNotFound));
}

TEST_F(ClientDelegations, GoOnAfterATerminatingOneForOtherPaths) {
  repository_.Delegate("targets", Terminating(RepositoryBuilder::DelegatedRole("a", {"*.a"})));
  repository_.Delegate("targets", "b");
  EXPECT_THAT(Asked("file"), ElementsAre("m/1.b.json"));
}

TEST_F(ClientDelegations, HaveToMatchAllTheWay) {
  repository_.Delegate("targets", RepositoryBuilder::DelegatedRole("a", {"x/*"}));
  repository_.Delegate("a", "b");
  repository_.AddDelegatedTarget("a", "y/file", "outside of its paths");
  repository_.AddDelegatedTarget("b", "y/file", "outside of its delegator's paths");
  EXPECT_THAT(Asked("y/file"), IsEmpty());
  EXPECT_THAT(Find("y/file"), Fails(ErrorCode::kNotFound));
}

TEST_F(ClientDelegations, AreVisitedOnceInCyclesAndDiamonds) {
  for (const char* role : {"a", "b"}) repository_.Delegate("targets", role);
  repository_.Delegate("a", "c");
  repository_.Delegate("b", "c");
  repository_.Delegate("c", "a");
  EXPECT_THAT(Asked("file"), ElementsAre("m/1.a.json", "m/1.c.json", "m/1.b.json"));
}

TEST_F(ClientDelegations, AreAskedUpToTheLimit) {
  std::string delegator = "targets";
  for (int i = 1; i <= 33; ++i) {
    const std::string name = std::to_string(i);
    repository_.Delegate(delegator, name);
    repository_.AddDelegatedTarget(name, name, "content");
    delegator = name;
  }
  EXPECT_THAT(Find("32"), IsOk());
  EXPECT_THAT(Find("33"), AllOf(Fails(ErrorCode::kTooLarge), FailsSaying("32 delegated roles")));
  EXPECT_EQ(Asked("33").size(), 0U) << "all that may be asked lie in the cache";
}

TEST_F(ClientDelegations, FindTheirBin) {
  repository_.DelegateToBins("bins", 14);
  repository_.SignDelegatedWith("bins-2e9e", {"bin"});
  repository_.AddDelegatedTarget("bins-2e9e", "abc", "in its bin");
  EXPECT_THAT(Asked("abc"), ElementsAre("m/1.bins-2e9e.json"));
  EXPECT_THAT(Find("abc"), IsOk());
}

TEST_F(ClientDelegations, NeedARoleThatTheSnapshotLists) {
  DelegateFile();
  repository_.Signed(Role::kSnapshot).Find("meta")->object()->Erase("a.json");
  repository_.SetVersion(Role::kSnapshot, 3);
  repository_.SetVersion(Role::kTimestamp, 3);
  repository_.PublishSnapshot();
  repository_.PublishTimestamp();
  Client client = Ready();
  EXPECT_THAT(client.FindTarget("file"),
              AllOf(Fails(ErrorCode::kMismatch), FailsSaying("the snapshot does not list it")));
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_F(ClientDelegations, AreAskedInVainWithoutBeingTakenForAnAbsentTarget) {
  DelegateFile();
  repository_.RemoveFile("1.a.json");
  EXPECT_THAT(Ready().FindTarget("file"),
              AllOf(Fails(ErrorCode::kMismatch), FailsSaying("the snapshot lists role a")));
}

// R57: what an earlier role would have said is not known, so a later one may not answer instead.
TEST_F(ClientDelegations, EndTheSearchWhereOneCannotBeVerified) {
  repository_.Delegate("targets", "a");
  repository_.Delegate("targets", "b");
  repository_.AddDelegatedTarget("b", "file", "by b");
  repository_.SignDelegatedWith("a", {"b"});
  repository_.PublishNextVersions();
  Client client = Ready();
  EXPECT_THAT(client.FindTarget("file"),
              AllOf(Fails(ErrorCode::kUntrusted), FailsSaying("target file cannot be found: 1.a")));
  EXPECT_THAT(Requests(), ElementsAre("m/1.a.json"));
  EXPECT_EQ(Cached("a.json"), "");
}

TEST_F(ClientDelegations, GetEveryCheckOfTargets) {
  DelegateFile();
  const std::string good = repository_.File("1.a.json");
  const auto refuses = [&](ErrorCode code, const std::string& bytes) {
    repository_.SetFile("1.a.json", bytes);
    EXPECT_THAT(Ready().FindTarget("file"), Fails(code));
    EXPECT_EQ(Cached("a.json"), "");
  };
  refuses(ErrorCode::kTooLarge, good + " ");
  refuses(ErrorCode::kMismatch, good.substr(0, good.size() - 1));
  std::string other = good;
  other[other.find("\"version\":1") + 10] = '2';
  refuses(ErrorCode::kMismatch, other);
}

TEST_F(ClientDelegations, AreOfTypeTargetsAndOfTheListedVersion) {
  repository_.SetListing(test::Listing::kVersion);
  DelegateFile();
  const auto refuses = [&](ErrorCode code, const char* member, const Value& value) {
    Object tree = repository_.SignedDelegated("a");
    tree.Set(member, value);
    repository_.SetFile("1.a.json", test::SignedDocument(tree, {"a"}));
    EXPECT_THAT(Ready().FindTarget("file"), Fails(code)) << member;
  };
  refuses(ErrorCode::kMismatch, "_type", "snapshot");
  refuses(ErrorCode::kMismatch, "_type", "a");
  refuses(ErrorCode::kMismatch, "version", Value::Unsigned(2));
  refuses(ErrorCode::kExpired, "expires", base::FormatTime(test::kNow));
  refuses(ErrorCode::kUnsupported, "spec_version", "2.0");
}

TEST_F(ClientDelegations, AreNotRolledBack) {
  DelegateFile();
  repository_.PublishNextDelegated("a");
  repository_.PublishNextVersions();
  ReadyAgain();
  repository_.SignedDelegated("a").Set("version", Value::Unsigned(1));
  repository_.PublishNextVersions();
  EXPECT_THAT(Refresh(), AllOf(Fails(ErrorCode::kRollback), FailsSaying("a.json")));
}

TEST_F(ClientDelegations, CountDistinctKeysForTheirThreshold) {
  Object role = RepositoryBuilder::DelegatedRole("a");
  role.Set("threshold", Value::Unsigned(2));
  repository_.Delegate("targets", role);
  repository_.AddDelegatedTarget("a", "file", "by one of two");
  EXPECT_THAT(Find("file"), AllOf(Fails(ErrorCode::kUntrusted), FailsSaying("threshold 2")));
}

TEST_F(ClientDelegations, LieInTheCacheAsReceived) {
  DelegateFile();
  Client client = ReadyAgain();
  EXPECT_EQ(Cached("a.json"), repository_.File("1.a.json"));
  EXPECT_THAT(client.FindTarget("file"), IsOk());
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_F(ClientDelegations, AreAskedForAgainOnlyWhenTheyChanged) {
  DelegateFile();
  ReadyAgain();
  repository_.AddDelegatedTarget("a", "file", "another by a");
  repository_.PublishNextDelegated("a");
  repository_.PublishNextVersions();
  Client client = Ready();
  EXPECT_THAT(client.FindTarget("file"), OfLength(12));
  EXPECT_THAT(Requests(), ElementsAre("m/2.a.json"));
}

// R59: the same file, delegated to by two roles of which only one has its keys.
TEST_F(ClientDelegations, AreVerifiedUnderTheDelegatorAtHand) {
  repository_.Delegate("targets", RepositoryBuilder::DelegatedRole("a", {"*.a"}));
  repository_.Delegate("targets", RepositoryBuilder::DelegatedRole("b", {"*.b"}));
  repository_.Delegate("a", "common");
  Object other = RepositoryBuilder::DelegatedRole("common");
  other.Set("keyids", Array{test::TestKey("b").keyid()});
  repository_.Delegate("b", other);
  repository_.AddDelegatedTarget("common", "file.a", "content");
  repository_.AddDelegatedTarget("common", "file.b", "content");
  repository_.PublishNextVersions();
  Client client = Ready();
  EXPECT_THAT(client.FindTarget("file.a"), IsOk());
  EXPECT_THAT(client.FindTarget("file.b"), Fails(ErrorCode::kUntrusted));
  EXPECT_THAT(client.FindTarget("file.a"), IsOk());
}

TEST_F(ClientDelegations, InTheCacheAreNotTrustedUnverified) {
  DelegateFile();
  ReadyAgain();
  WriteCache("a.json", "{}");
  Client client = Ready();
  EXPECT_THAT(client.FindTarget("file"), IsOk());
  EXPECT_THAT(Requests(), ElementsAre("m/1.a.json"));
  EXPECT_EQ(Cached("a.json"), repository_.File("1.a.json"));
}

TEST_F(ClientDelegations, ThatExpiredInTheCacheAreAskedForAgain) {
  DelegateFile();
  repository_.SignedDelegated("a").Set("expires",
                                       base::FormatTime(test::kNow + std::chrono::days(1)));
  repository_.PublishNextVersions();
  Client client = ReadyAgain(test::kNow + std::chrono::days(2));
  EXPECT_THAT(client.FindTarget("file"), Fails(ErrorCode::kExpired));
  EXPECT_THAT(Requests(), ElementsAre("m/1.a.json"));
}

TEST_F(ClientDelegations, AreLookedAtAgainBeforeEachDownload) {
  DelegateFile();
  repository_.SignedDelegated("a").Set("expires",
                                       base::FormatTime(test::kNow + std::chrono::days(1)));
  repository_.PublishNextVersions();
  Client client = Ready();
  RecordingSink sink;
  EXPECT_THAT(client.Download("file", test::kNow, sink), IsOk());
  EXPECT_THAT(client.Fetch("file", 100, test::kNow + std::chrono::days(1)),
              AllOf(Fails(ErrorCode::kExpired), FailsSaying("role a")));
}

TEST_F(ClientDelegations, MayBeCalledAnything) {
  for (const char* name : {"?", "#", "/role", "../role", "a b", "1.root", "é"}) {
    repository_.Delegate("targets", name);
    repository_.AddDelegatedTarget(name, std::string("by ") + "x", "content");
  }
  EXPECT_THAT(Asked("no such"),
              ElementsAre("m/1.%3F.json", "m/1.%23.json", "m/1.%2Frole.json", "m/1...%2Frole.json",
                          "m/1.a%20b.json", "m/1.1.root.json", "m/1.%C3%A9.json"));
  EXPECT_NE(Cached("..%2Frole.json"), "");
  EXPECT_NE(Cached("1.root.json"), "");
}

TEST_F(ClientDelegations, WithNamesTooLongForAFileAreNotKept) {
  const std::string name(300, 'n');
  repository_.Delegate("targets", name);
  repository_.AddDelegatedTarget(name, "file", "content");
  EXPECT_THAT(Find("file"), IsOk());
  EXPECT_THAT(Asked("file"), ElementsAre("m/1." + name + ".json"));
}

TEST_F(ClientDelegations, HavePlainNamesWithoutConsistentSnapshots) {
  repository_.SetConsistentSnapshot(false);
  repository_.PublishNextRoot();
  repository_.Delegate("targets", "a");
  EXPECT_THAT(Asked("file"), ElementsAre("m/a.json"));
}

TEST_F(ClientDelegations, AreCappedByTheirListedLengthOrTheDefault) {
  DelegateFile();
  EXPECT_THAT(Ready().FindTarget("file"), IsOk());
  std::uint64_t length = repository_.File("1.a.json").size();
  repository_.SetFile("1.a.json", std::string(length + 1, ' '));
  std::filesystem::remove(CachePath("a.json"));
  EXPECT_THAT(Ready().FindTarget("file"), Fails(ErrorCode::kTooLarge));
}

}  // namespace
}  // namespace tough
