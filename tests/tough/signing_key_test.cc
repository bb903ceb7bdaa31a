#include "tough/signing_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "base/file.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/tough/key_vectors.h"

namespace tough {
namespace {

using base::AsBytes;
using base::ErrorCode;
using test::Fails;
using test::FailsSaying;
using test::IsOk;

PublicKey VerifierOf(const SigningKey& key, SignatureScheme scheme) {
  const base::json::Object& object = key.public_key();
  return PublicKey::Create(*object.Find("keytype")->string(), SchemeName(scheme),
                           *object.Find("keyval")->object()->Find("public")->string())
      .value();
}

struct Case {
  const char* name;
  KeyType type;
  std::vector<SignatureScheme> schemes;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

class EachKeyType : public testing::TestWithParam<Case> {};

TEST_P(EachKeyType, SignsWhatItsPublicHalfVerifies) {
  const SigningKey key = SigningKey::Generate(GetParam().type, 2048).value();
  for (const SignatureScheme scheme : GetParam().schemes) {
    const std::string sig = key.Sign(AsBytes("text"), scheme).value();
    EXPECT_THAT(VerifierOf(key, scheme).Verify(AsBytes("text"), base::HexDecode(sig).value()),
                IsOk());
    EXPECT_EQ(sig, base::HexEncode(base::HexDecode(sig).value()));
  }
}

TEST_P(EachKeyType, ComesBackFromItsFile) {
  const test::TempDir directory;
  const SigningKey key = SigningKey::Generate(GetParam().type, 2048).value();
  ASSERT_THAT(key.Save(directory / "key.pem"), IsOk());
  const SigningKey loaded = SigningKey::Load(directory / "key.pem").value();
  EXPECT_EQ(loaded.keyid(), key.keyid());
  EXPECT_EQ(loaded.identity(), key.identity());
  EXPECT_EQ(loaded.public_key(), key.public_key());
}

INSTANTIATE_TEST_SUITE_P(
    SigningKey, EachKeyType,
    testing::Values(Case{"Rsa",
                         KeyType::kRsa,
                         {SignatureScheme::kRsaPssSha256, SignatureScheme::kRsaPssSha384,
                          SignatureScheme::kRsaPssSha512}},
                    Case{"Ed25519", KeyType::kEd25519, {SignatureScheme::kEd25519}},
                    Case{"EcdsaP256", KeyType::kEcdsaP256, {SignatureScheme::kEcdsaP256}},
                    Case{"EcdsaP384", KeyType::kEcdsaP384, {SignatureScheme::kEcdsaP384}}),
    [](const auto& instance) { return std::string(instance.param.name); });

TEST(SigningKey, RefusesToSignWithAnotherTypesScheme) {
  const SigningKey key = SigningKey::Generate(KeyType::kEd25519).value();
  EXPECT_THAT(key.Sign(AsBytes("text"), SignatureScheme::kEcdsaP256), Fails(ErrorCode::kMismatch));
}

TEST(SigningKey, ReadsPkcs1AndSec1AndPkcs8) {
  EXPECT_THAT(SigningKey::Parse(vectors::kPrivateRsaPkcs1), IsOk());
  EXPECT_THAT(SigningKey::Parse(vectors::kPrivateP256Sec1), IsOk());
  EXPECT_THAT(SigningKey::Parse(vectors::kPrivateEd25519Pkcs8), IsOk());
}

TEST(SigningKey, WritesThePublicHalfAsTufReadsIt) {
  const SigningKey key = SigningKey::Parse(vectors::kPrivateRsaPkcs1).value();
  EXPECT_EQ(*key.public_key().Find("keyval")->object()->Find("public")->string(),
            vectors::kRsa2048);
  EXPECT_EQ(key.public_key(), PublicKeyObject(vectors::kRsa2048).value());
}

TEST(SigningKey, NamesAKeyByTheHashOfItsCanonicalForm) {
  base::json::Object keyval;
  keyval.Set("public", "edcd0a32a07dce33f7c7873aaffbff36d20ea30787574ead335eefd337e4dacd");
  base::json::Object key;
  key.Set("keytype", "ed25519");
  key.Set("scheme", "ed25519");
  key.Set("keyval", keyval);
  // printf '{"keytype":"ed25519","keyval":{"public":"edcd...dacd"},"scheme":"ed25519"}' | sha256sum
  EXPECT_EQ(KeyidOf(key).value(),
            "2345a90ad8d76f3677f9ad6695b0ba0b5c7b7fbf27fb0ed35fbdf7b71264a679");
}

TEST(SigningKey, NeedsThePassphraseOfAnEncryptedKey) {
  EXPECT_THAT(SigningKey::Parse(vectors::kPrivateP256Encrypted, "secret"), IsOk());
  EXPECT_THAT(SigningKey::Parse(vectors::kPrivateP256Encrypted),
              testing::AllOf(Fails(ErrorCode::kUsage), FailsSaying("give its passphrase")));
  EXPECT_THAT(SigningKey::Parse(vectors::kPrivateP256Encrypted, "wrong"),
              testing::AllOf(Fails(ErrorCode::kUsage), FailsSaying("wrong passphrase")));
}

TEST(SigningKey, RefusesWhatIsNoPrivateKey) {
  EXPECT_THAT(SigningKey::Parse(""), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(SigningKey::Parse("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
              Fails(ErrorCode::kMalformed));
  EXPECT_THAT(SigningKey::Parse(vectors::kRsa2048), Fails(ErrorCode::kMalformed));
}

TEST(SigningKey, RefusesRsaSizesThatVerifiersWouldRefuse) {
  EXPECT_THAT(SigningKey::Generate(KeyType::kRsa, 1024), Fails(ErrorCode::kUsage));
  EXPECT_THAT(SigningKey::Generate(KeyType::kRsa, 16384), Fails(ErrorCode::kUsage));
}

TEST(SigningKey, IsStoredForItsOwnerOnlyAndNeverOverAnother) {
  const test::TempDir directory;
  const std::string path = directory / "key.pem";
  const SigningKey key = SigningKey::Generate(KeyType::kEd25519).value();
  const mode_t umask_before = umask(0);
  EXPECT_THAT(key.Save(path), IsOk());
  umask(umask_before);
  struct stat status{};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);

  const SigningKey other = SigningKey::Generate(KeyType::kEd25519).value();
  EXPECT_THAT(other.Save(path),
              testing::AllOf(Fails(ErrorCode::kState), FailsSaying("never overwritten")));
  EXPECT_EQ(SigningKey::Load(path).value().keyid(), key.keyid());
}

TEST(SigningKey, NamesTheFileThatItCannotRead) {
  const test::TempDir directory;
  EXPECT_THAT(SigningKey::Load(directory / "none.pem"), FailsSaying("none.pem"));
  std::ofstream(directory / "bad.pem") << "nothing";
  EXPECT_THAT(SigningKey::Load(directory / "bad.pem"), FailsSaying("bad.pem: not a private key"));
}

}  // namespace
}  // namespace tough
