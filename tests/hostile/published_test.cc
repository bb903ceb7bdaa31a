// The published vulnerabilities of TUF clients, each as an attack on this one. The number is the
// name; the comment says what the other client did.

#include <filesystem>

#include "tests/hostile/hostile_test.h"

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
  const Result<> saved = Save("dir/image");
  EXPECT_THAT(saved, test::FailsSaying("dir"));
  std::filesystem::remove_all(cache_ + "/root_history");
  std::filesystem::create_directory_symlink(outside.path(), cache_ + "/root_history");
  EXPECT_THAT(Refresh(), test::FailsSaying("root_history"));
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
  const Files before = Cache();
  EXPECT_THAT(Refresh(), test::FailsSaying("threshold 2 not met"));
  EXPECT_EQ(TakeRequests(), (Words{"2.root.json", "3.root.json", "timestamp.json"}));
  EXPECT_EQ(Cache().at("timestamp.json"), before.at("timestamp.json"));
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

// A keyid that a role lists twice counted twice.
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
    const Files before = Cache();
    EXPECT_FALSE(Refresh().has_value());
    EXPECT_EQ(TakeRequests(), (Words{"2.root.json", "timestamp.json"}));
    EXPECT_EQ(Cache(), before);
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

}  // namespace
}  // namespace hostile
