// Work without bound: A14 of the list in docs/trust.md, for the four top-level roles. The attacker
// has every key that the file in question needs; what is refused is the size of the work alone.

#include "tests/hostile/hostile_test.h"

namespace hostile {
namespace {

using base::json::Array;
using base::json::Object;
using base::json::Value;

class A14UnboundedWork : public HostileTest {
 protected:
  // These bytes as the targets that a good snapshot lists, without a length.
  void ServeTargets(const std::string& bytes) {
    options_.limits.targets_bytes = options_.limits.listed_bytes;
    repository_.SetListing(test::Listing::kVersion);
    for (const Role role : {Role::kTargets, Role::kSnapshot, Role::kTimestamp})
      repository_.SetVersion(role, 2);
    repository_.Publish();
    repository_.SetFile("2.targets.json", bytes);
    Serve();
  }
  static Refusal OfTargets(ErrorCode code) {
    return {code,
            {"2.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json"},
            {Role::kTimestamp, Role::kSnapshot}};
  }
  // Signed by the key of targets.
  std::string Signed(const std::string& member, Value value) {
    repository_.SetVersion(Role::kTargets, 2);
    Object tree = repository_.Signed(Role::kTargets);
    tree.Set(member, std::move(value));
    return test::SignedDocument(tree, {"targets"});
  }
};

TEST_F(A14UnboundedWork, Verifies256SignaturesAndNoMore) {
  std::string document = R"({"signatures":[)";
  for (int i = 0; i < 100'000; ++i)
    document += R"({"keyid":")" + std::to_string(i) + R"(","sig":"00"},)";
  document.back() = ']';
  document += R"(,"signed":{"_type":"targets"}})";
  ServeTargets(document);
  ExpectRefusal(OfTargets(ErrorCode::kTooLarge));
}

TEST_F(A14UnboundedWork, DecodesNoHundredThousandKeyids) {
  Array keyids;
  for (int i = 0; i < 60'000; ++i) keyids.emplace_back(std::to_string(i));
  repository_.Signed(Role::kRoot)
      .Find("roles")
      ->object()
      ->Find("timestamp")
      ->object()
      ->Set("keyids", std::move(keyids));
  PublishNextRoot();
  ASSERT_LT(repository_.Latest(Role::kRoot).size(), tough::Limits().root_bytes);
  ExpectRefusal({ErrorCode::kTooLarge, {"2.root.json"}});
}

TEST_F(A14UnboundedWork, DecodesNoThousandsOfKeys) {
  Object& keys = *repository_.Signed(Role::kRoot).Find("keys")->object();
  for (int i = 0; i < 3'000; ++i) keys.Set(std::to_string(i), Object());
  PublishNextRoot();
  ASSERT_LT(repository_.Latest(Role::kRoot).size(), tough::Limits().root_bytes);
  ExpectRefusal({ErrorCode::kTooLarge, {"2.root.json"}});
}

TEST_F(A14UnboundedWork, DescendsNoMillionLevels) {
  for (const char* bracket : {"[", R"({"a":)"}) {
    std::string document = R"({"signatures":[],"signed":)";
    for (int i = 0; i < 1'000'000; ++i) document += bracket;
    ServeTargets(document);
    ExpectRefusal(OfTargets(ErrorCode::kTooLarge));
    WriteCache({});
    Serve(honest_);
    ASSERT_THAT(Refresh(), test::IsOk());
  }
}

TEST_F(A14UnboundedWork, ReadsNoNumberOfAHundredThousandDigits) {
  ServeTargets(R"({"signatures":[],"signed":{"_type":"targets","version":)" +
               std::string(100'000, '9') + "}}");
  ExpectRefusal(OfTargets(ErrorCode::kMalformed));
}

TEST_F(A14UnboundedWork, TakesNoNamesOverTheirLength) {
  Object file;
  file.Set("length", Value::Unsigned(0));
  Object hashes;
  hashes.Set("sha256", std::string(64, '0'));
  file.Set("hashes", std::move(hashes));
  Object targets;
  targets.Set(std::string(1'000'000, 'n'), std::move(file));
  ServeTargets(Signed("targets", std::move(targets)));
  ExpectRefusal(OfTargets(ErrorCode::kTooLarge));
}

TEST_F(A14UnboundedWork, ReadsTargetsUpToTheCeiling) {
  // Signed as they should be, and as large as targets may ever be. Under ThreadSanitizer the server
  // needs more than a second to make that.
  http_options_.low_speed_window = tough::HttpOptions().low_speed_window;
  std::string document = Signed("comment", std::string(1'000'000, 'x'));
  document.insert(document.size() - 1, options_.limits.listed_bytes - document.size(), ' ');
  ServeTargets(document);
  EXPECT_THAT(Refresh(), test::IsOk());
  EXPECT_EQ(Cache().at("targets.json").size(), options_.limits.listed_bytes);
}

}  // namespace
}  // namespace hostile
