#include "tough/keys.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <climits>
#include <optional>
#include <utility>

#include "tough/openssl.h"

namespace tough {

using base::ErrorCode;
using base::Fail;
using base::Result;
using openssl::BignumPtr;
using openssl::BioPtr;
using openssl::DigestContextPtr;
using openssl::PkeyContextPtr;
using openssl::PkeyPtr;

struct PublicKey::Native {
  PkeyPtr key;
};

namespace {

constexpr int kMinRsaBits = 2048;  // NIST SP 800-131A
constexpr int kMaxRsaBits = 8192;  // a verification of more bits takes too long to be given away
constexpr int kMaxRsaExponentBits = 64;

struct SchemeFacts {
  SignatureScheme scheme;
  std::string_view name;
  KeyType type;
};

constexpr std::array kSchemes = {
    SchemeFacts{SignatureScheme::kRsaPssSha256, "rsassa-pss-sha256", KeyType::kRsa},
    SchemeFacts{SignatureScheme::kRsaPssSha384, "rsassa-pss-sha384", KeyType::kRsa},
    SchemeFacts{SignatureScheme::kRsaPssSha512, "rsassa-pss-sha512", KeyType::kRsa},
    SchemeFacts{SignatureScheme::kEd25519, "ed25519", KeyType::kEd25519},
    SchemeFacts{SignatureScheme::kEcdsaP256, "ecdsa-sha2-nistp256", KeyType::kEcdsaP256},
    SchemeFacts{SignatureScheme::kEcdsaP384, "ecdsa-sha2-nistp384", KeyType::kEcdsaP384},
};

const SchemeFacts& FactsOf(SignatureScheme scheme) {
  return *std::find_if(kSchemes.begin(), kSchemes.end(),
                       [scheme](const SchemeFacts& facts) { return facts.scheme == scheme; });
}

// Does metadata call a key of this scheme by this type? ECDSA goes by two names, the general one
// and that of the scheme.
bool TypeNameFits(const SchemeFacts& facts, std::string_view keytype) {
  switch (facts.type) {
    case KeyType::kRsa:
      return keytype == "rsa";
    case KeyType::kEd25519:
      return keytype == "ed25519";
    case KeyType::kEcdsaP256:
    case KeyType::kEcdsaP384:
      return keytype == "ecdsa" || keytype == facts.name;
  }
  return false;
}

Result<const SchemeFacts*> FindScheme(std::string_view keytype, std::string_view scheme) {
  for (const SchemeFacts& facts : kSchemes) {
    if (facts.name != scheme) continue;
    if (TypeNameFits(facts, keytype)) return &facts;
    return Fail(ErrorCode::kMismatch,
                fmt::format("key type '{:.40}' with scheme '{}'", keytype, scheme));
  }
  return Fail(ErrorCode::kUnsupported,
              fmt::format("unknown scheme '{:.40}' (key type '{:.40}')", scheme, keytype));
}

bool IsWhiteSpace(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// The one block "PUBLIC KEY" (RFC 7468, SPKI), with nothing around it but white space at the end:
// what another reader might take for the key must not hide beside ours.
Result<PkeyPtr> ParseSpkiPem(std::string_view pem) {
  constexpr std::string_view kBegin = "-----BEGIN PUBLIC KEY-----";
  constexpr std::string_view kEnd = "-----END PUBLIC KEY-----";
  const std::size_t end = pem.find(kEnd);
  if (!pem.starts_with(kBegin) || end == std::string_view::npos ||
      !IsWhiteSpace(pem.substr(end + kEnd.size())) || pem.size() > INT_MAX) {
    return Fail(ErrorCode::kMalformed, "public key is not one PEM block \"PUBLIC KEY\"");
  }
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* der = nullptr;
  long der_length = 0;
  if (bio == nullptr || PEM_read_bio(bio.get(), &name, &header, &der, &der_length) != 1)
    return Fail(ErrorCode::kMalformed, "public key is not valid PEM");
  const unsigned char* rest = der;
  PkeyPtr key(d2i_PUBKEY(nullptr, &rest, der_length));
  const bool whole = rest == der + der_length && *header == '\0';
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_free(der);
  if (key == nullptr || !whole)
    return Fail(ErrorCode::kMalformed, "public key is not a SubjectPublicKeyInfo");
  return key;
}

Result<PkeyPtr> ParseEd25519(std::string_view hex) {
  const base::Bytes raw = TRY_CONTEXT(base::HexDecode(hex), "ed25519 public key");
  constexpr std::size_t kSize = 32;
  if (raw.size() != kSize)
    return Fail(ErrorCode::kMalformed, fmt::format("ed25519 public key of {} bytes", raw.size()));
  PkeyPtr key(EVP_PKEY_new_raw_public_key(
      EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(raw.data()), raw.size()));
  if (key == nullptr) return Fail(ErrorCode::kMalformed, "not an ed25519 public key");
  return key;
}

// The uncompressed point 04 X Y of P-256.
Result<PkeyPtr> ParseP256Point(std::string_view hex) {
  base::Bytes point = TRY_CONTEXT(base::HexDecode(hex), "ecdsa public key");
  constexpr std::size_t kSize = 65;
  if (point.size() != kSize || point.front() != std::byte{4})
    return Fail(ErrorCode::kMalformed, "ecdsa public key is neither PEM nor an uncompressed point");
  char group[] = "prime256v1";
  const std::array parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_end(),
  };
  const PkeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  if (context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY,
                        const_cast<OSSL_PARAM*>(parameters.data())) != 1) {
    return Fail(ErrorCode::kMalformed, "ecdsa public key is not a point of P-256");
  }
  return PkeyPtr(key);
}

Result<PkeyPtr> ParseKey(KeyType type, std::string_view public_value) {
  const bool is_pem = public_value.starts_with("-----BEGIN");
  if (type == KeyType::kEd25519) return ParseEd25519(public_value);
  if (type == KeyType::kEcdsaP256 && !is_pem) return ParseP256Point(public_value);
  return ParseSpkiPem(public_value);
}

BignumPtr Number(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key, name, &number);
  return BignumPtr(number);
}

std::string Hex(const BIGNUM* number) {
  char* digits = BN_bn2hex(number);
  std::string hex = digits == nullptr ? "" : digits;
  OPENSSL_free(digits);
  return hex;
}

// Each of these checks that the key is one of its type and safe to use, and answers its identity.
Result<std::string> CheckRsa(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") != 1) return Fail(ErrorCode::kMismatch, "not an rsa key");
  const int bits = EVP_PKEY_get_bits(key);
  if (bits < kMinRsaBits || bits > kMaxRsaBits) {
    return Fail(ErrorCode::kMismatch,
                fmt::format("rsa key of {} bits, not {} to {}", bits, kMinRsaBits, kMaxRsaBits));
  }
  const BignumPtr modulus = Number(key, OSSL_PKEY_PARAM_RSA_N);
  const BignumPtr exponent = Number(key, OSSL_PKEY_PARAM_RSA_E);
  if (modulus == nullptr || exponent == nullptr || BN_is_odd(modulus.get()) == 0 ||
      BN_is_odd(exponent.get()) == 0 || BN_is_one(exponent.get()) == 1 ||
      BN_num_bits(exponent.get()) > kMaxRsaExponentBits) {
    return Fail(ErrorCode::kMismatch, "rsa key with an unsafe modulus or exponent");
  }
  return fmt::format("rsa:{}:{}", Hex(modulus.get()), Hex(exponent.get()));
}

Result<std::string> CheckEc(EVP_PKEY* key, const char* group) {
  char name[32] = "";
  int explicit_parameters = 0;
  if (EVP_PKEY_is_a(key, "EC") != 1) return Fail(ErrorCode::kMismatch, "not an ecdsa key");
  // CVE-2020-0601: a curve that is spelled out may have the right points and a forged generator.
  EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                         &explicit_parameters);
  if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof name, nullptr) !=
          1 ||
      std::string_view(name) != group || explicit_parameters != 0) {
    return Fail(ErrorCode::kMismatch, fmt::format("ecdsa key is not on the named curve {}", group));
  }
  const PkeyContextPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  if (context == nullptr || EVP_PKEY_public_check(context.get()) != 1)
    return Fail(ErrorCode::kMismatch, "ecdsa key is not a point of its curve");
  const BignumPtr x = Number(key, OSSL_PKEY_PARAM_EC_PUB_X);
  const BignumPtr y = Number(key, OSSL_PKEY_PARAM_EC_PUB_Y);
  if (x == nullptr || y == nullptr) return Fail(ErrorCode::kMismatch, "ecdsa key without a point");
  return fmt::format("{}:{}:{}", group, Hex(x.get()), Hex(y.get()));
}

Result<std::string> CheckEd25519(EVP_PKEY* key) {
  std::array<std::byte, 32> raw{};
  std::size_t size = raw.size();
  if (EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(raw.data()), &size) != 1)
    return Fail(ErrorCode::kMismatch, "not an ed25519 key");
  // RFC 8032, 5.1.3: the y coordinate is below p = 2^255 - 19. A key that is not has a second
  // spelling, and would count as two.
  const bool high = (raw[31] & std::byte{0x7f}) == std::byte{0x7f} && raw[0] >= std::byte{0xed} &&
                    std::all_of(raw.begin() + 1, raw.end() - 1,
                                [](std::byte digit) { return digit == std::byte{0xff}; });
  if (high) return Fail(ErrorCode::kMismatch, "ed25519 key is not reduced");
  return fmt::format("ed25519:{}", base::HexEncode(raw));
}

Result<std::string> CheckKey(KeyType type, EVP_PKEY* key) {
  switch (type) {
    case KeyType::kRsa:
      return CheckRsa(key);
    case KeyType::kEd25519:
      return CheckEd25519(key);
    case KeyType::kEcdsaP256:
      return CheckEc(key, "prime256v1");
    case KeyType::kEcdsaP384:
      return CheckEc(key, "secp384r1");
  }
  return Fail(ErrorCode::kUnsupported, "unknown key type");
}

}  // namespace

std::string_view SchemeName(SignatureScheme scheme) {
  return FactsOf(scheme).name;
}

KeyType KeyTypeOf(SignatureScheme scheme) {
  return FactsOf(scheme).type;
}

bool IsKeyType(std::string_view keytype) {
  return std::any_of(kSchemes.begin(), kSchemes.end(),
                     [keytype](const SchemeFacts& facts) { return TypeNameFits(facts, keytype); });
}

PublicKey::PublicKey(std::unique_ptr<Native> native, SignatureScheme scheme, std::string identity)
    : native_(std::move(native)), scheme_(scheme), identity_(std::move(identity)) {}
PublicKey::PublicKey(PublicKey&&) noexcept = default;
PublicKey& PublicKey::operator=(PublicKey&&) noexcept = default;
PublicKey::~PublicKey() = default;

Result<PublicKey> PublicKey::Create(std::string_view keytype, std::string_view scheme,
                                    std::string_view public_value) {
  const openssl::ErrorScope errors;
  const SchemeFacts* facts = TRY(FindScheme(keytype, scheme));
  PkeyPtr key = TRY(ParseKey(facts->type, public_value));
  std::string identity = TRY(CheckKey(facts->type, key.get()));
  return PublicKey(std::make_unique<Native>(std::move(key)), facts->scheme, std::move(identity));
}

Result<> PublicKey::Verify(base::ByteView message, base::ByteView signature) const {
  const openssl::ErrorScope errors;
  const DigestContextPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;  // owned by `context`
  if (context == nullptr ||
      EVP_DigestVerifyInit(context.get(), &parameters, openssl::DigestOf(scheme_), nullptr,
                           native_->key.get()) != 1 ||
      !openssl::SetUpScheme(parameters, scheme_, openssl::Salt::kRecovered)) {
    return Fail(ErrorCode::kUntrusted, "signature cannot be verified");
  }
  // Anything but 1 is a no: 0 is a wrong signature, negative one that does not parse.
  if (EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                       signature.size(), reinterpret_cast<const unsigned char*>(message.data()),
                       message.size()) != 1) {
    return Fail(ErrorCode::kUntrusted, "wrong signature");
  }
  return {};
}

}  // namespace tough
