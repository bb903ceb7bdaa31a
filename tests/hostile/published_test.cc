// The published vulnerabilities of TUF clients, each as an attack on this one. The number is the
// name; the comment says what the other client did.

#include <filesystem>

#include "tests/hostile/hostile_test.h"
#include "tough/multi_client.h"
#include "tough/url.h"

namespace hostile {
namespace {

using base::json::Array;
using base::json::Object;
using base::json::Value;
using test::IsOk;

class PublishedVulnerability : public HostileTest {
 protected:
  // Who may sign for `role`, in the root that is published next.
  Object& KeysOf(Role role) {
    return *repository_.Signed(Role::kRoot)
                .Find("roles")
                ->object()
                ->Find(tough::RoleName(role))
                ->object();
  }
};

// Signatures were counted, not keys: one key that signs twice met a threshold of two.
TEST_F(PublishedVulnerability, Cve2020_15093) {
  repository_.SetKeys(Role::kTimestamp, {"a", "b"}, 2);
  repository_.PublishNextRoot();
  repository_.Publish();
  honest_ = repository_;
  Serve();
  ASSERT_THAT(Refresh(), IsOk());
  repository_.SignWith(Role::kTimestamp, {"a", "a"});
  PublishNextVersions();
  ExpectRefusal({ErrorCode::kMalformed, {"3.root.json", "timestamp.json"}});
}

// A target's name was joined to the directory as it stood.
TEST_F(PublishedVulnerability, Cve2021_41149) {
  for (const std::string name : {"../escaped", "/tmp/escaped-by-a-target", "a/../../escaped"}) {
    repository_.AddTarget(name, "evil");
    PublishNextVersions();
    ASSERT_THAT(Refresh(), IsOk());
    ExpectRefusalOfTarget(name, {ErrorCode::kMalformed, {"2.root.json", "timestamp.json"}});
    EXPECT_FALSE(std::filesystem::exists(directory_ / "escaped"));
    EXPECT_FALSE(std::filesystem::exists("/tmp/escaped-by-a-target"));
  }
}

// A root of any version was taken for the next one.
TEST_F(PublishedVulnerability, Cve2025_2885) {
  for (const std::uint64_t version : {1U, 3U, 100U}) {
    repository_.SetVersion(Role::kRoot, version);
    repository_.PublishRoot();
    repository_.SetFile("2.root.json", repository_.Latest(Role::kRoot));
    Serve();
    ExpectRefusal({version < 2 ? ErrorCode::kRollback : ErrorCode::kMismatch, {"2.root.json"}});
  }
}

// A timestamp was stored before it was known that the snapshot in it goes back; every later refresh
// then failed.
TEST_F(PublishedVulnerability, Cve2025_2888) {
  PublishNextVersions();
  ASSERT_THAT(Refresh(), IsOk());
  repository_.SetVersion(Role::kSnapshot, 1);
  repository_.PublishSnapshot();
  repository_.SetVersion(Role::kTimestamp, 3);
  repository_.PublishTimestamp();
  Serve();
  ExpectRefusal({ErrorCode::kRollback, {"2.root.json", "timestamp.json"}});
}

// Links on the way to a target, or in the cache, were followed on write.
TEST_F(PublishedVulnerability, Cve2026_6968) {
  const test::TempDir outside;
  repository_.AddTarget("dir/image", "the image");
  PublishNextVersions();
  std::filesystem::create_directory(saved_);
  std::filesystem::create_directory_symlink(outside.path(), saved_ + "/dir");
  ASSERT_THAT(Refresh(), IsOk());
  ExpectRefusalOfTarget("dir/image", {ErrorCode::kMismatch, {"2.root.json", "timestamp.json"}});
  std::filesystem::remove_all(cache_ + "/root_history");
  std::filesystem::create_directory_symlink(outside.path(), cache_ + "/root_history");
  ExpectRefusal({ErrorCode::kNotFound, {}});  // no folder: a link in its place
  EXPECT_TRUE(std::filesystem::is_empty(outside.path()));
  std::filesystem::remove(cache_ + "/root_history");
}

// Every signature of a file was verified, however many there were.
TEST_F(PublishedVulnerability, Cve2020_6173) {
  repository_.PublishNextVersions();
  std::string timestamp = R"({"signatures":[)";
  for (int i = 0; i < 1000; ++i)
    timestamp += R"({"keyid":")" + std::to_string(i) + R"(","sig":""},)";
  timestamp.back() = ']';
  timestamp += R"(,"signed":{"_type":"timestamp"}})";
  ASSERT_LT(timestamp.size(), tough::Limits().timestamp_bytes);
  repository_.SetFile("timestamp.json", timestamp);
  Serve();
  ExpectRefusal({ErrorCode::kTooLarge, {"2.root.json", "timestamp.json"}});
}

// One key under two keyids counted twice.
TEST_F(PublishedVulnerability, Cve2020_6174) {
  Object& keys = *repository_.Signed(Role::kRoot).Find("keys")->object();
  const std::string keyid = test::TestKey("timestamp").keyid();
  keys.Set("another name", *keys.Find(keyid));
  KeysOf(Role::kTimestamp).Set("keyids", Array{keyid, "another name"});
  KeysOf(Role::kTimestamp).Set("threshold", Value::Unsigned(2));
  repository_.PublishNextRoot();
  repository_.PublishNextVersions();
  // The same signature under both names.
  std::string timestamp = repository_.File("timestamp.json");
  const std::string from = R"({"keyid":")" + keyid + R"(")";
  const std::size_t begin = timestamp.find(from);
  const std::string signature = timestamp.substr(begin, timestamp.find('}', begin) + 1 - begin);
  std::string second = signature;
  second.replace(0, from.size(), R"({"keyid":"another name")");
  timestamp.insert(begin, second + ",");
  repository_.SetFile("timestamp.json", timestamp);
  Serve();
  ExpectRefusal(
      {ErrorCode::kUntrusted, {"2.root.json", "3.root.json", "timestamp.json"}, {Role::kRoot}});
  // This root is the repository's own fault, and asks for two keys where there is one: the next
  // one mends it.
  repository_.SetKeys(Role::kTimestamp, {"timestamp"});
  repository_.PublishNextRoot();
  honest_ = repository_;
}

// A root that failed its checks had been stored already, and was trusted by the next run.
TEST_F(PublishedVulnerability, Cve2020_15163) {
  test::RepositoryBuilder evil = repository_;
  for (const Role role : {Role::kRoot, Role::kTimestamp, Role::kSnapshot, Role::kTargets}) {
    evil.SetKeys(role, {"attacker"});
    evil.SignWith(role, {"attacker"});
  }
  evil.PublishNextRoot();
  evil.PublishNextVersions();
  Serve(evil);
  ExpectRefusal({ErrorCode::kUntrusted, {"2.root.json"}});
  ExpectRefusal({ErrorCode::kUntrusted, {"2.root.json"}});
}

// Only root was protected from going back.
TEST_F(PublishedVulnerability, Cve2022_29173) {
  const test::RepositoryBuilder first = repository_;
  PublishNextVersions();
  ASSERT_THAT(Refresh(), IsOk());
  Serve(first);
  ExpectRefusal({ErrorCode::kRollback, {"2.root.json", "timestamp.json"}});
}

// A key counted as often as it had names.
TEST_F(PublishedVulnerability, Ghsa3633_5h82_39pq) {
  const std::string keyid = test::TestKey("timestamp").keyid();
  KeysOf(Role::kTimestamp).Set("keyids", Array{keyid, keyid});
  KeysOf(Role::kTimestamp).Set("threshold", Value::Unsigned(2));
  PublishNextRoot();
  ExpectRefusal({ErrorCode::kMalformed, {"2.root.json"}});
}

// Valid JSON of another shape than expected ended the program.
TEST_F(PublishedVulnerability, Cve2026_23991) {
  for (const char* text :
       {"null", "0", "\"\"", "[]", "{}", "true", R"({"signed":null,"signatures":null})",
        R"({"signed":{},"signatures":{}})", R"({"signed":[],"signatures":[]})",
        R"({"signed":{"_type":null},"signatures":[]})",
        R"({"signed":{"_type":"timestamp"},"signatures":[null]})",
        R"({"signed":{"_type":"timestamp"},"signatures":[{"keyid":{},"sig":[]}]})",
        R"({"signed":{"_type":"timestamp","meta":null},"signatures":[]})"}) {
    SCOPED_TRACE(text);
    Serve();
    Answer("timestamp.json", test::Answer(200, text));
    ExpectRefusal({ErrorCode::kMalformed, {"2.root.json", "timestamp.json"}});
  }
}

// A threshold of nothing was met by nobody.
TEST_F(PublishedVulnerability, Cve2026_23992) {
  for (const std::int64_t threshold : {0, -1}) {
    test::RepositoryBuilder evil = repository_;
    evil.Signed(Role::kRoot)
        .Find("roles")
        ->object()
        ->Find("timestamp")
        ->object()
        ->Set("threshold", Value::Integer(threshold));
    evil.PublishNextRoot();
    Serve(evil);
    ExpectRefusal({ErrorCode::kMalformed, {"2.root.json"}});
  }
}

// The name of a repository in a map file (TAP 4) was a path.
TEST_F(PublishedVulnerability, Cve2026_24686) {
  const auto transport = tough::HttpTransport::Create(http_options_).value();
  for (const std::string name :
       {"..", ".", "../escaped", "../../escaped", "/tmp/escaped-repository"}) {
    const auto map = tough::RepositoryMap::Parse(R"({"repositories":{")" + name +
                                                 R"(":["http://127.0.0.1:1/"]},"mapping":[]})");
    // Refused, or a directory of another name.
    const auto client =
        map.has_value()
            ? tough::MultiClient::Open(*map, {{name, trusted_root_}},
                                       {.metadata_dir = directory_ / "repositories"}, *transport)
            : std::unexpected(map.error());
    if (name.find('/') == std::string::npos) {
      EXPECT_THAT(client, test::Fails(ErrorCode::kMalformed)) << name;
    } else {
      EXPECT_THAT(client, IsOk()) << name;
    }
    EXPECT_FALSE(std::filesystem::exists(directory_ / "escaped"));
    EXPECT_FALSE(std::filesystem::exists(directory_ / "lock"));
    EXPECT_FALSE(std::filesystem::exists("/tmp/escaped-repository"));
  }
  EXPECT_EQ(TakeRequests(), Words());
}

// --- Delegated roles.

class PublishedVulnerabilityOfDelegations : public HostileTest {
 protected:
  // Targets delegates everything to the role z, and then to a.
  void SetUp() override {
    HostileTest::SetUp();
    repository_.Delegate("targets", "z");
    repository_.Delegate("targets", "a");
    repository_.AddDelegatedTarget("z", "file", "by z");
    Publish();
  }
  void Publish() {
    PublishNextVersions();
    honest_ = repository_;
    ASSERT_THAT(Refresh(), IsOk());
  }
  Object& Description(std::size_t index) {
    return *repository_.Signed(Role::kTargets)
                .Find("delegations")
                ->object()
                ->Find("roles")
                ->array()
                ->at(index)
                .object();
  }
  // The search asks for z, and ends there.
  void ExpectRefused(ErrorCode code) {
    ExpectRefusalOfTarget(
        "file", {code, {"2.root.json", "timestamp.json", repository_.DelegatedFileName("z")}});
  }
};

// The name of a delegated role was a path in the cache.
TEST_F(PublishedVulnerabilityOfDelegations, Cve2021_41150) {
  for (const std::string name : {"../escaped", "../../escaped", "/tmp/escaped-by-a-role"}) {
    repository_.Delegate("a", name);
    repository_.AddDelegatedTarget(name, name.substr(name.size() - 4), "content");
    Publish();
    EXPECT_THAT(Save(name.substr(name.size() - 4)), IsOk());
    EXPECT_FALSE(std::filesystem::exists(directory_ / "escaped.json"));
    EXPECT_FALSE(std::filesystem::exists("/tmp/escaped-by-a-role.json"));
  }
}

// The same in another client: such a name put a role's file in the place of another file.
TEST_F(PublishedVulnerabilityOfDelegations, Cve2021_41131) {
  for (const std::string name :
       {"../metadata/root", "root_history/1.root", "./timestamp", "../targets/image"}) {
    SCOPED_TRACE(name);
    const std::string target = "of " + tough::PercentEncode(name);
    repository_.Delegate("a", name);
    repository_.AddDelegatedTarget(name, target, "content");
    Publish();
    Files before = Cache();
    TakeRequests();
    EXPECT_THAT(Save(target), IsOk());
    EXPECT_THAT(TakeRequests(), testing::Contains("1." + tough::PercentEncode(name) + ".json"));
    EXPECT_EQ(Saved().at(target), "content");
    // Nothing that was there has changed but the two roles on the way.
    Files cache = Cache();
    for (const char* changed : {"z.json", "a.json"}) before[changed] = cache[changed];
    std::erase_if(cache, [&](const auto& file) { return !before.contains(file.first); });
    EXPECT_EQ(cache, before);
  }
}

// Delegations after a terminating one were asked all the same.
TEST_F(PublishedVulnerabilityOfDelegations, Cve2025_2886) {
  Description(0).Set("terminating", true);
  repository_.AddDelegatedTarget("a", "other", "evil");
  Publish();
  ExpectRefusalOfTarget("other", {.code = ErrorCode::kNotFound,
                                  .requests = {"2.root.json", "timestamp.json", "1.z.json"},
                                  .stored_delegated = {"z"}});
}

// Delegated roles could go back to an older version.
TEST_F(PublishedVulnerabilityOfDelegations, Cve2025_2887) {
  repository_.PublishNextDelegated("z");
  Publish();
  ASSERT_THAT(Save("file"), IsOk());
  repository_.SignedDelegated("z").Set("version", Value::Unsigned(1));
  PublishNextVersions();
  ExpectRefusal({ErrorCode::kRollback,
                 {"2.root.json", "timestamp.json", "4.snapshot.json"},
                 {Role::kTimestamp}});
  repository_.PublishNextDelegated("z");
}

// Delegations were loaded without end, and all of them before anybody asked.
TEST_F(PublishedVulnerabilityOfDelegations, GhsaJ8x2_777p_23fc) {
  for (const std::string& request : TakeRequests()) EXPECT_NE(request, "1.z.json");
  Words chain = {"z"};
  for (int i = 0; i < 60; ++i) {
    const std::string next = "r" + std::to_string(i);
    repository_.Delegate(chain.back(), next);
    repository_.Delegate(next, "z");
    chain.push_back(next);
  }
  Publish();
  chain.resize(options_.limits.delegated_roles);
  Words requests = {"2.root.json", "timestamp.json"};
  for (const std::string& role : chain) requests.push_back(repository_.DelegatedFileName(role));
  ExpectRefusalOfTarget(
      "nobody has it",
      {.code = ErrorCode::kTooLarge, .requests = requests, .stored_delegated = chain});
}

// One signature, repeated, met the threshold of a delegated role.
TEST_F(PublishedVulnerabilityOfDelegations, Cve2026_6966) {
  Description(0).Set("keyids", Array{test::TestKey("z").keyid(), test::TestKey("a").keyid()});
  Description(0).Set("threshold", Value::Unsigned(2));
  repository_.SignDelegatedWith("z", {"z", "z"});
  Publish();
  ExpectRefused(ErrorCode::kMalformed);
}

// The expiry, the hashes and the length of a delegated role's metadata were not looked at.
TEST_F(PublishedVulnerabilityOfDelegations, Cve2026_6967) {
  const std::string good = repository_.File("1.z.json");
  Answer("1.z.json", test::Answer(200, good + " "));
  ExpectRefused(ErrorCode::kTooLarge);
  Answer("1.z.json", test::Answer(200, good.substr(0, good.size() - 1)));
  ExpectRefused(ErrorCode::kMismatch);
  std::string other = good;
  std::swap(other[other.find("2026")], other[other.find("2026") + 1]);
  Answer("1.z.json", test::Answer(200, other));
  ExpectRefused(ErrorCode::kMismatch);
  repository_.SignedDelegated("z").Set("expires", base::FormatTime(test::kNow));
  Publish();
  ExpectRefused(ErrorCode::kExpired);
}

// The order of delegations was lost, and with it who speaks first.
TEST_F(PublishedVulnerabilityOfDelegations, Cve2024_47534) {
  repository_.AddDelegatedTarget("a", "file", "evil");
  Publish();
  TakeRequests();
  EXPECT_THAT(Save("file"), IsOk());
  EXPECT_EQ(Saved(), (Files{{"file", "by z"}}));
  const Words requests = TakeRequests();
  ASSERT_EQ(requests.size(), 4U);
  EXPECT_EQ(requests[2], "1.z.json");
  EXPECT_FALSE(Cache().contains("a.json"));
}

}  // namespace
}  // namespace hostile
