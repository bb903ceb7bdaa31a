#include "tough/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/bytes.h"
#include "tests/support/matchers.h"
#include "tests/support/repository_builder.h"
#include "tough/canonical.h"

namespace tough {
namespace {

using base::ErrorCode;
using base::Result;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using testing::AllOf;

// A delegator's keys and a document under its role, put together by hand.
class ThresholdTest : public testing::Test {
 protected:
  ThresholdTest() {
    document_ = Document::Parse(R"({"signatures":[],"signed":{}})", Limits()).value();
  }

  // Makes the key of this name known under `keyid`, and lets it sign for the role.
  void AddKey(const std::string& keyid, const std::string& name) {
    const SigningKey key = test::TestKey(name);
    keys_.emplace(keyid, PublicKey::Create("ed25519", "ed25519", PublicText(key)));
    role_.keyids.push_back(keyid);
  }
  void AddSignature(const std::string& keyid, std::string sig) {
    document_.signatures.push_back({keyid, std::move(sig)});
  }
  std::string Sign(const std::string& name) const {
    return test::TestKey(name)
        .Sign(base::AsBytes(document_.signed_bytes.view()), SignatureScheme::kEd25519)
        .value();
  }
  static std::string PublicText(const SigningKey& key) {
    return *key.public_key().Find("keyval")->object()->Find("public")->string();
  }
  Result<> Verify() const { return VerifyThreshold(document_, keys_, role_); }

  Document document_;
  Keys keys_;
  RoleKeys role_;
};

TEST_F(ThresholdTest, IsMetByOneSignatureOfOne) {
  AddKey("a", "key a");
  AddSignature("a", Sign("key a"));
  EXPECT_THAT(Verify(), IsOk());
}

TEST_F(ThresholdTest, IsNotMetWithoutSignatures) {
  AddKey("a", "key a");
  EXPECT_THAT(Verify(), AllOf(Fails(ErrorCode::kUntrusted),
                              FailsSaying("signature threshold 1 not met: 0 valid of 0")));
}

TEST_F(ThresholdTest, CountsDistinctKeys) {
  AddKey("a", "key a");
  AddKey("b", "key b");
  role_.threshold = 2;
  AddSignature("a", Sign("key a"));
  EXPECT_THAT(Verify(), Fails(ErrorCode::kUntrusted));
  AddSignature("b", Sign("key b"));
  EXPECT_THAT(Verify(), IsOk());
}

// CVE-2026-24686's kind: one key under two keyids meets a threshold of two alone.
TEST_F(ThresholdTest, CountsOneKeyUnderTwoKeyidsOnce) {
  AddKey("a", "key a");
  AddKey("also a", "key a");
  role_.threshold = 2;
  AddSignature("a", Sign("key a"));
  AddSignature("also a", Sign("key a"));
  EXPECT_THAT(Verify(), AllOf(Fails(ErrorCode::kUntrusted), FailsSaying("1 valid of 2")));
}

TEST_F(ThresholdTest, CountsOneKeyInTwoSpellingsOnce) {
  std::string upper = PublicText(test::TestKey("key a"));
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  AddKey("a", "key a");
  keys_.emplace("A", PublicKey::Create("ed25519", "ed25519", upper));
  role_.keyids.push_back("A");
  role_.threshold = 2;
  AddSignature("a", Sign("key a"));
  AddSignature("A", Sign("key a"));
  EXPECT_THAT(Verify(), Fails(ErrorCode::kUntrusted));
}

TEST_F(ThresholdTest, IgnoresKeysThatTheRoleDoesNotList) {
  AddKey("a", "key a");
  AddKey("b", "key b");
  role_.keyids = {"a"};
  AddSignature("b", Sign("key b"));
  EXPECT_THAT(Verify(), AllOf(Fails(ErrorCode::kUntrusted), FailsSaying("not a key of this role")));
}

TEST_F(ThresholdTest, IgnoresListedKeysThatTheDelegatorDoesNotDefine) {
  AddKey("a", "key a");
  role_.keyids.push_back("b");
  AddSignature("b", Sign("key b"));
  EXPECT_THAT(Verify(), FailsSaying("not among the delegator's keys"));
}

TEST_F(ThresholdTest, IgnoresBadSignaturesWhereGoodOnesAreEnough) {
  AddKey("a", "key a");
  for (const std::string keyid : {"wrong", "empty", "not hex", "odd", "long"}) AddKey(keyid, keyid);
  AddSignature("wrong", Sign("key a"));
  AddSignature("empty", "");
  AddSignature("not hex", "zz");
  AddSignature("odd", "abc");
  AddSignature("long", std::string(1'000'000, 'a'));
  AddSignature("a", Sign("key a"));
  EXPECT_THAT(Verify(), IsOk());
  role_.threshold = 2;
  EXPECT_THAT(Verify(), FailsSaying("1 valid of 6 (signature by wrong: wrong signature)"));
}

TEST_F(ThresholdTest, IgnoresKeysOfUnknownKindAndSaysSo) {
  keys_.emplace("new", PublicKey::Create("falcon", "falcon-512", ""));
  role_.keyids.push_back("new");
  AddSignature("new", "00");
  EXPECT_THAT(Verify(), FailsSaying("signature by new: unknown scheme 'falcon-512'"));
  AddKey("a", "key a");
  AddSignature("a", Sign("key a"));
  EXPECT_THAT(Verify(), IsOk());
}

TEST_F(ThresholdTest, TakesKeyidsAsOpaque) {
  AddKey("not the hash of the key", "key a");
  AddSignature("not the hash of the key", Sign("key a"));
  EXPECT_THAT(Verify(), IsOk());
}

TEST_F(ThresholdTest, IsNeverMetAboveTheNumberOfKeys) {
  AddKey("a", "key a");
  AddSignature("a", Sign("key a"));
  role_.threshold = kMaxInteger;
  EXPECT_THAT(Verify(), Fails(ErrorCode::kUntrusted));
}

TEST_F(ThresholdTest, IsOverTheCanonicalForm) {
  AddKey("a", "key a");
  const std::string text =
      R"({"signed":{"b":1, "a":"\u00e9"},"signatures":[{"keyid":"a","sig":")" +
      test::TestKey("key a")
          .Sign(base::AsBytes("{\"a\":\"\xc3\xa9\",\"b\":1}"), SignatureScheme::kEd25519)
          .value() +
      R"("}]})";
  EXPECT_THAT(VerifyThreshold(Document::Parse(text, Limits()).value(), keys_, role_), IsOk());
}

}  // namespace
}  // namespace tough
