#include "tough/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/bytes.h"
#include "tests/support/matchers.h"
#include "tests/tough/key_vectors.h"

namespace tough {
namespace {

using base::ErrorCode;
using base::Result;
using test::Fails;
using test::FailsSaying;
using test::IsOk;

struct Vector {
  const char* name;
  std::string_view keytype;
  std::string_view scheme;
  std::string_view public_value;
  std::string_view message;
  std::string_view signature;
};

// How gtest names a vector in its output.
void PrintTo(const Vector& vector, std::ostream* out) {
  *out << vector.name;
}

Result<> Verify(const Vector& vector, std::string_view message, base::ByteView signature) {
  const PublicKey key = TRY(PublicKey::Create(vector.keytype, vector.scheme, vector.public_value));
  return key.Verify(base::AsBytes(message), signature);
}

class KeyVectors : public testing::TestWithParam<Vector> {};

TEST_P(KeyVectors, VerifiesARightSignature) {
  const base::Bytes signature = base::HexDecode(GetParam().signature).value();
  EXPECT_THAT(Verify(GetParam(), GetParam().message, signature), IsOk());
}

TEST_P(KeyVectors, RefusesAnotherMessage) {
  const base::Bytes signature = base::HexDecode(GetParam().signature).value();
  EXPECT_THAT(Verify(GetParam(), std::string(GetParam().message) + ".", signature),
              Fails(ErrorCode::kUntrusted));
}

TEST_P(KeyVectors, RefusesASignatureWithAByteChanged) {
  base::Bytes signature = base::HexDecode(GetParam().signature).value();
  constexpr std::size_t kStep = 7;  // meets each part of a signature
  for (std::size_t i = 0; i < signature.size(); i += kStep) {
    std::byte& byte = signature[i];
    byte ^= std::byte{1};
    EXPECT_THAT(Verify(GetParam(), GetParam().message, signature), Fails(ErrorCode::kUntrusted));
    byte ^= std::byte{1};
  }
}

TEST_P(KeyVectors, RefusesASignatureOfAnotherLength) {
  base::Bytes signature = base::HexDecode(GetParam().signature).value();
  const base::ByteView shorter = std::span(signature).first(signature.size() - 1);
  EXPECT_THAT(Verify(GetParam(), GetParam().message, shorter), Fails(ErrorCode::kUntrusted));
  EXPECT_THAT(Verify(GetParam(), GetParam().message, {}), Fails(ErrorCode::kUntrusted));
  signature.push_back(std::byte{0});
  EXPECT_THAT(Verify(GetParam(), GetParam().message, signature), Fails(ErrorCode::kUntrusted));
}

using vectors::kMessage;
constexpr Vector kVectors[] = {
    {"RsaPssSha256", "rsa", "rsassa-pss-sha256", vectors::kRsa2048, kMessage,
     vectors::kRsaPssSha256},
    {"RsaPssSha384", "rsa", "rsassa-pss-sha384", vectors::kRsa2048, kMessage,
     vectors::kRsaPssSha384},
    {"RsaPssSha512", "rsa", "rsassa-pss-sha512", vectors::kRsa2048, kMessage,
     vectors::kRsaPssSha512},
    {"RsaPssEmptySalt", "rsa", "rsassa-pss-sha256", vectors::kRsa2048, kMessage,
     vectors::kRsaPssEmptySalt},
    {"RsaPssLongestSalt", "rsa", "rsassa-pss-sha256", vectors::kRsa2048, kMessage,
     vectors::kRsaPssLongestSalt},
    {"Ed25519Rfc8032Test1", "ed25519", "ed25519", vectors::kRfc8032Key1, vectors::kRfc8032Message1,
     vectors::kRfc8032Signature1},
    {"Ed25519Rfc8032Test2", "ed25519", "ed25519", vectors::kRfc8032Key2, vectors::kRfc8032Message2,
     vectors::kRfc8032Signature2},
    {"EcdsaP256", "ecdsa", "ecdsa-sha2-nistp256", vectors::kP256, kMessage, vectors::kEcdsaP256},
    {"EcdsaP256OldType", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", vectors::kP256, kMessage,
     vectors::kEcdsaP256},
    {"EcdsaP256Point", "ecdsa", "ecdsa-sha2-nistp256", vectors::kP256Point, kMessage,
     vectors::kEcdsaP256},
    {"EcdsaP256Rfc6979", "ecdsa", "ecdsa-sha2-nistp256", vectors::kRfc6979Point,
     vectors::kRfc6979Message, vectors::kRfc6979Signature},
    {"EcdsaP384", "ecdsa", "ecdsa-sha2-nistp384", vectors::kP384, kMessage, vectors::kEcdsaP384},
    {"EcdsaP384OldType", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384", vectors::kP384, kMessage,
     vectors::kEcdsaP384},
};
INSTANTIATE_TEST_SUITE_P(Keys, KeyVectors, testing::ValuesIn(kVectors),
                         [](const auto& instance) { return std::string(instance.param.name); });

Result<> VerifyRsa(std::string_view signature) {
  const Vector vector{"", "rsa", "rsassa-pss-sha256", vectors::kRsa2048, "", ""};
  return Verify(vector, kMessage, base::HexDecode(signature).value());
}

TEST(PublicKey, NeverAcceptsPkcs1Signatures) {
  EXPECT_THAT(VerifyRsa(vectors::kRsaPkcs1), Fails(ErrorCode::kUntrusted));
}

TEST(PublicKey, RefusesAnMgf1OfAnotherHash) {
  EXPECT_THAT(VerifyRsa(vectors::kRsaPssMgf1OfSha1), Fails(ErrorCode::kUntrusted));
}

TEST(PublicKey, TakesTheHashFromItsSchemeAndNotFromTheSignature) {
  EXPECT_THAT(VerifyRsa(vectors::kRsaPssSha512), Fails(ErrorCode::kUntrusted));
  const Vector p256{"", "ecdsa", "ecdsa-sha2-nistp256", vectors::kP256, "", ""};
  EXPECT_THAT(Verify(p256, kMessage, base::HexDecode(vectors::kEcdsaP256Sha384).value()),
              Fails(ErrorCode::kUntrusted));
}

TEST(PublicKey, RefusesUnknownSchemesAndTypes) {
  const auto create = [](const char* type, const char* scheme) {
    return PublicKey::Create(type, scheme, vectors::kRsa2048);
  };
  EXPECT_THAT(create("rsa", "rsa-pkcs1v15-sha256"), Fails(ErrorCode::kUnsupported));
  EXPECT_THAT(create("sphincs", "sphincs-shake-128s"), Fails(ErrorCode::kUnsupported));
  EXPECT_THAT(create("rsa", ""), Fails(ErrorCode::kUnsupported));
  EXPECT_THAT(create("RSA", "rsassa-pss-sha256"), Fails(ErrorCode::kMismatch));
}

TEST(PublicKey, RefusesAKeyTypeThatDoesNotGoWithTheScheme) {
  EXPECT_THAT(PublicKey::Create("rsa", "ed25519", vectors::kRfc8032Key1),
              Fails(ErrorCode::kMismatch));
  EXPECT_THAT(PublicKey::Create("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", vectors::kP384),
              Fails(ErrorCode::kMismatch));
}

TEST(PublicKey, RefusesAKeyThatIsNotOfItsType) {
  EXPECT_THAT(PublicKey::Create("rsa", "rsassa-pss-sha256", vectors::kP256),
              Fails(ErrorCode::kMismatch));
  EXPECT_THAT(PublicKey::Create("rsa", "rsassa-pss-sha256", vectors::kRsaPssKey),
              Fails(ErrorCode::kMismatch));
  EXPECT_THAT(PublicKey::Create("ecdsa", "ecdsa-sha2-nistp256", vectors::kP384),
              Fails(ErrorCode::kMismatch));
  EXPECT_THAT(PublicKey::Create("ecdsa", "ecdsa-sha2-nistp256", vectors::kSecp256k1),
              Fails(ErrorCode::kMismatch));
  EXPECT_THAT(PublicKey::Create("ecdsa", "ecdsa-sha2-nistp384", vectors::kEd25519Pem),
              Fails(ErrorCode::kMismatch));
  EXPECT_THAT(PublicKey::Create("ed25519", "ed25519", vectors::kEd25519Pem),
              Fails(ErrorCode::kMalformed));
}

TEST(PublicKey, RefusesRsaKeysBelow2048Bits) {
  EXPECT_THAT(PublicKey::Create("rsa", "rsassa-pss-sha256", vectors::kRsa1024),
              FailsSaying("rsa key of 1024 bits, not 2048 to 8192"));
}

TEST(PublicKey, RefusesACurveThatIsSpelledOut) {
  EXPECT_THAT(PublicKey::Create("ecdsa", "ecdsa-sha2-nistp256", vectors::kP256ExplicitParameters),
              Fails(ErrorCode::kMismatch));
}

TEST(PublicKey, RefusesAnythingAroundThePem) {
  const auto create = [](const std::string& text) {
    return PublicKey::Create("rsa", "rsassa-pss-sha256", text);
  };
  const std::string pem(vectors::kRsa2048);
  EXPECT_THAT(create(pem + " \r\n"), IsOk());
  EXPECT_THAT(create(pem.substr(0, pem.size() - 1)), IsOk());
  EXPECT_THAT(create("comment\n" + pem), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(create(pem + "comment"), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(create(pem + pem), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(create(pem.substr(0, 200)), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(create(""), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(create(std::string(vectors::kRsa2048Pkcs1Public)), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(create(std::string(vectors::kPrivateRsaPkcs1)), Fails(ErrorCode::kMalformed));
}

TEST(PublicKey, RefusesPointsThatAreNotOnTheCurve) {
  std::string point(vectors::kRfc6979Point);
  point.back() = '8';
  EXPECT_THAT(PublicKey::Create("ecdsa", "ecdsa-sha2-nistp256", point),
              Fails(ErrorCode::kMalformed));
  EXPECT_THAT(PublicKey::Create("ecdsa", "ecdsa-sha2-nistp256", "00"),
              Fails(ErrorCode::kMalformed));
  EXPECT_THAT(PublicKey::Create("ecdsa", "ecdsa-sha2-nistp256", "02" + std::string(64, '0')),
              Fails(ErrorCode::kMalformed));
}

TEST(PublicKey, RefusesEd25519KeysOfAnotherShape) {
  const auto create = [](std::string_view hex) {
    return PublicKey::Create("ed25519", "ed25519", hex);
  };
  const std::string key(vectors::kRfc8032Key1);
  EXPECT_THAT(create(key.substr(2)), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(create(key + "00"), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(create(std::string(64, 'g')), Fails(ErrorCode::kMalformed));
  // y = p + 1 is another spelling of y = 1.
  EXPECT_THAT(create("ee" + std::string(60, 'f') + "7f"), FailsSaying("not reduced"));
}

TEST(PublicKey, HasOneIdentityHoweverItIsSpelled) {
  const auto identity = [](const char* type, const char* scheme, std::string_view value) {
    return PublicKey::Create(type, scheme, value).value().identity();
  };
  const std::string p256 = identity("ecdsa", "ecdsa-sha2-nistp256", vectors::kP256);
  EXPECT_EQ(identity("ecdsa", "ecdsa-sha2-nistp256", vectors::kP256Point), p256);
  EXPECT_EQ(identity("ecdsa", "ecdsa-sha2-nistp256", vectors::kP256Compressed), p256);
  EXPECT_EQ(identity("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", vectors::kP256), p256);
  EXPECT_NE(identity("ecdsa", "ecdsa-sha2-nistp256", vectors::kRfc6979Point), p256);
  EXPECT_EQ(identity("rsa", "rsassa-pss-sha256", vectors::kRsa2048),
            identity("rsa", "rsassa-pss-sha512", vectors::kRsa2048));
  std::string upper(vectors::kRfc8032Key1);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  EXPECT_EQ(identity("ed25519", "ed25519", upper),
            identity("ed25519", "ed25519", vectors::kRfc8032Key1));
}

}  // namespace
}  // namespace tough
