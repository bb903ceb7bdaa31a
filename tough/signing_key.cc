#include "tough/signing_key.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <filesystem>
#include <utility>

#include "base/digest.h"
#include "base/file.h"
#include "tough/canonical.h"
#include "tough/openssl.h"
#include "tough/pkcs11_key.h"

namespace tough {

using base::ErrorCode;
using base::Fail;
using base::Result;
using base::json::Object;
using openssl::BioPtr;
using openssl::DigestContextPtr;
using openssl::PkeyPtr;

struct SigningKey::Native {
  explicit Native(PkeyPtr made) : key(std::move(made)) {}
  explicit Native(TokenKey token) : engine(std::move(token.engine)), key(std::move(token.key)) {}

  // Of a token's key, which it has to outlive.
  std::unique_ptr<void, void (*)(void*)> engine{nullptr, [](void*) {}};
  PkeyPtr key;
};

namespace {

constexpr std::uint64_t kMaxKeyFileBytes = std::uint64_t{64} << 10;
constexpr unsigned kMinRsaBits = 2048;
constexpr unsigned kMaxRsaBits = 8192;

using DecoderPtr = std::unique_ptr<OSSL_DECODER_CTX, openssl::Deleter<OSSL_DECODER_CTX_free>>;

const unsigned char* Data(base::ByteView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// Gives what was written to a memory BIO.
std::string TakeText(BIO* bio) {
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio, &text);
  return length > 0 ? std::string(text, static_cast<std::size_t>(length)) : std::string();
}

Result<PkeyPtr> DecodePrivateKey(std::string_view text, std::string_view passphrase) {
  EVP_PKEY* key = nullptr;
  const DecoderPtr decoder(OSSL_DECODER_CTX_new_for_pkey(&key, nullptr, nullptr, nullptr,
                                                         EVP_PKEY_KEYPAIR, nullptr, nullptr));
  if (decoder == nullptr) return Fail(ErrorCode::kFailed, "out of memory");
  if (!passphrase.empty()) {
    OSSL_DECODER_CTX_set_passphrase(decoder.get(), Data(base::AsBytes(passphrase)),
                                    passphrase.size());
  }
  const unsigned char* data = Data(base::AsBytes(text));
  std::size_t rest = text.size();
  if (OSSL_DECODER_from_data(decoder.get(), &data, &rest) == 1 && key != nullptr)
    return PkeyPtr(key);
  if (text.find("ENCRYPTED") != std::string_view::npos) {
    return Fail(ErrorCode::kUsage, passphrase.empty() ? "the key is encrypted: give its passphrase"
                                                      : "wrong passphrase");
  }
  return Fail(ErrorCode::kMalformed, "not a private key in PKCS#8, PKCS#1 or SEC 1, PEM or DER");
}

Result<KeyType> TypeOf(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) return KeyType::kRsa;
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return KeyType::kEd25519;
  char group[32] = "";
  EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, nullptr);
  if (EVP_PKEY_is_a(key, "EC") == 1 && std::string_view(group) == "prime256v1")
    return KeyType::kEcdsaP256;
  if (EVP_PKEY_is_a(key, "EC") == 1 && std::string_view(group) == "secp384r1")
    return KeyType::kEcdsaP384;
  return Fail(ErrorCode::kUnsupported, "neither an RSA, an Ed25519, a P-256 nor a P-384 key");
}

// How metadata writes a key of this type when it is ours to choose.
struct Spelling {
  const char* keytype;
  SignatureScheme scheme;
};
Spelling SpellingOf(KeyType type) {
  switch (type) {
    case KeyType::kRsa:
      return {"rsa", SignatureScheme::kRsaPssSha256};
    case KeyType::kEd25519:
      return {"ed25519", SignatureScheme::kEd25519};
    case KeyType::kEcdsaP256:
      return {"ecdsa", SignatureScheme::kEcdsaP256};
    case KeyType::kEcdsaP384:
      return {"ecdsa", SignatureScheme::kEcdsaP384};
  }
  return {};
}

Result<std::string> PublicText(EVP_PKEY* key, KeyType type) {
  if (type == KeyType::kEd25519) {
    std::array<std::byte, 32> raw{};
    std::size_t size = raw.size();
    if (EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(raw.data()), &size) != 1)
      return Fail(ErrorCode::kFailed, "no public half");
    return base::HexEncode(raw);
  }
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_PUBKEY(bio.get(), key) != 1)
    return Fail(ErrorCode::kFailed, "no public half");
  return TakeText(bio.get());
}

Result<Object> PublicObject(EVP_PKEY* key) {
  const KeyType type = TRY(TypeOf(key));
  const Spelling spelling = SpellingOf(type);
  Object keyval;
  keyval.Set("public", TRY(PublicText(key, type)));
  Object object;
  object.Set("keytype", spelling.keytype);
  object.Set("scheme", SchemeName(spelling.scheme));
  object.Set("keyval", std::move(keyval));
  return object;
}

// The key as verifiers will see it, with all their checks.
Result<PublicKey> AsVerifier(const Object& object, std::string_view scheme) {
  return PublicKey::Create(*object.Find("keytype")->string(), scheme,
                           *object.Find("keyval")->object()->Find("public")->string());
}

using PrivateInfoPtr =
    std::unique_ptr<PKCS8_PRIV_KEY_INFO, openssl::Deleter<PKCS8_PRIV_KEY_INFO_free>>;
using AlgorithmPtr = std::unique_ptr<X509_ALGOR, openssl::Deleter<X509_ALGOR_free>>;
using EncryptedPtr = std::unique_ptr<X509_SIG, openssl::Deleter<X509_SIG_free>>;

// Encrypted PKCS#8. scrypt, with what 'openssl pkcs8 -scrypt' takes: a stolen file is worth as many
// guesses as 16 MiB of memory for each of them allow.
bool WriteEncrypted(BIO* bio, const EVP_PKEY* key, std::string_view passphrase) {
  constexpr std::uint64_t kCost = 16384;
  constexpr std::uint64_t kBlockSize = 8;
  if (passphrase.size() > INT_MAX) return false;
  const PrivateInfoPtr info(EVP_PKEY2PKCS8(key));
  AlgorithmPtr algorithm(
      PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), nullptr, 0, nullptr, kCost, kBlockSize, 1));
  if (info == nullptr || algorithm == nullptr) return false;
  const EncryptedPtr encrypted(PKCS8_set0_pbe(
      passphrase.data(), static_cast<int>(passphrase.size()), info.get(), algorithm.get()));
  if (encrypted == nullptr) return false;
  [[maybe_unused]] const X509_ALGOR* owned_by_encrypted = algorithm.release();
  return PEM_write_bio_PKCS8(bio, encrypted.get()) == 1;
}

// A file that must not be there yet: mode 0600 from its first byte on, durable at the end.
Result<> WriteNewFile(const std::string& path, std::string_view text) {
  constexpr mode_t kOwnerOnly = 0600;
  Result<base::UniqueFd> opened =
      base::OpenFile(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, kOwnerOnly);
  if (!opened.has_value()) {
    if (access(path.c_str(), F_OK) == 0)
      return Fail(ErrorCode::kState,
                  fmt::format("{}: is there already; keys are never overwritten", path));
    return std::unexpected(opened.error());
  }
  base::UniqueFd file = *std::move(opened);
  const auto write = [&]() -> Result<> {
    TRY(base::WriteAll(file.get(), base::AsBytes(text), path));
    if (fsync(file.get()) != 0) return base::FailErrno(errno, path);
    TRY(file.Close(path));
    // The directory's entry has to survive a cut too: the public half is about to be published.
    const std::filesystem::path parent = std::filesystem::path(path).parent_path();
    const base::UniqueFd directory =
        TRY(base::OpenDirectory(parent.empty() ? "." : parent.string()));
    if (fsync(directory.get()) != 0) return base::FailErrno(errno, parent.string());
    return {};
  };
  Result<> written = write();
  if (!written.has_value()) unlink(path.c_str());
  return written;
}

}  // namespace

SigningKey::SigningKey(std::unique_ptr<Native> native, KeyType type, Object public_key,
                       std::string keyid, std::string identity)
    : native_(std::move(native)),
      type_(type),
      public_key_(std::move(public_key)),
      keyid_(std::move(keyid)),
      identity_(std::move(identity)) {}
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;
SigningKey::~SigningKey() = default;

Result<SigningKey> SigningKey::FromNative(std::unique_ptr<Native> native) {
  const KeyType type = TRY(TypeOf(native->key.get()));
  Object object = TRY(PublicObject(native->key.get()));
  const PublicKey verifier = TRY(AsVerifier(object, SchemeName(SpellingOf(type).scheme)));
  std::string keyid = TRY(KeyidOf(object));
  return SigningKey(std::move(native), type, std::move(object), std::move(keyid),
                    verifier.identity());
}

Result<SigningKey> SigningKey::Generate(KeyType type, unsigned rsa_bits) {
  const openssl::ErrorScope errors;
  if (type == KeyType::kRsa && (rsa_bits < kMinRsaBits || rsa_bits > kMaxRsaBits)) {
    return Fail(ErrorCode::kUsage, fmt::format("an RSA key has {} to {} bits, not {}", kMinRsaBits,
                                               kMaxRsaBits, rsa_bits));
  }
  const auto generate = [&]() -> EVP_PKEY* {
    switch (type) {
      case KeyType::kRsa:
        return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(rsa_bits));
      case KeyType::kEd25519:
        return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
      case KeyType::kEcdsaP256:
        return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
      case KeyType::kEcdsaP384:
        return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384");
    }
    return nullptr;
  };
  PkeyPtr key(generate());
  if (key == nullptr) return Fail(ErrorCode::kFailed, "OpenSSL generates no key");
  return FromNative(std::make_unique<Native>(std::move(key)));
}

Result<SigningKey> SigningKey::Parse(std::string_view text, std::string_view passphrase) {
  const openssl::ErrorScope errors;
  return FromNative(std::make_unique<Native>(TRY(DecodePrivateKey(text, passphrase))));
}

Result<SigningKey> SigningKey::Load(const std::string& path, std::string_view passphrase) {
  std::string text = TRY(base::ReadFile(path, kMaxKeyFileBytes));
  Result<SigningKey> key = Parse(text, passphrase);
  OPENSSL_cleanse(text.data(), text.size());
  if (!key.has_value()) return std::unexpected(std::move(key).error().WithContext(path));
  return key;
}

Result<SigningKey> SigningKey::FromToken(const std::string& uri, std::string_view pin) {
  const openssl::ErrorScope errors;
  std::string terminated(pin);
  Result<TokenKey> token = LoadTokenKey(uri, terminated);
  OPENSSL_cleanse(terminated.data(), terminated.size());
  return TRY_CONTEXT(FromNative(std::make_unique<Native>(TRY(std::move(token)))), uri);
}

Result<> SigningKey::Save(const std::string& path, std::string_view passphrase) const {
  const openssl::ErrorScope errors;
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  const bool written =
      bio != nullptr &&
      (passphrase.empty() ? PEM_write_bio_PrivateKey(bio.get(), native_->key.get(), nullptr,
                                                     nullptr, 0, nullptr, nullptr) == 1
                          : WriteEncrypted(bio.get(), native_->key.get(), passphrase));
  if (!written) return Fail(ErrorCode::kFailed, fmt::format("{}: the key cannot be encoded", path));
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return WriteNewFile(path, {text, static_cast<std::size_t>(length)});
}

Result<std::string> SigningKey::Sign(base::ByteView message, SignatureScheme scheme) const {
  const openssl::ErrorScope errors;
  if (KeyTypeOf(scheme) != type_) {
    return Fail(ErrorCode::kMismatch,
                fmt::format("key {:.8} cannot sign with scheme {}", keyid_, SchemeName(scheme)));
  }
  const DigestContextPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;  // owned by `context`
  std::size_t size = 0;
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), &parameters, openssl::DigestOf(scheme), nullptr,
                         native_->key.get()) != 1 ||
      !openssl::SetUpScheme(parameters, scheme, openssl::Salt::kDigestLength) ||
      EVP_DigestSign(context.get(), nullptr, &size, Data(message), message.size()) != 1) {
    return Fail(ErrorCode::kFailed, fmt::format("key {:.8} cannot sign", keyid_));
  }
  base::Bytes signature(size);
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     Data(message), message.size()) != 1) {
    return Fail(ErrorCode::kFailed, fmt::format("key {:.8} cannot sign", keyid_));
  }
  signature.resize(size);
  const PublicKey verifier = TRY(AsVerifier(public_key_, SchemeName(scheme)));
  TRY_CONTEXT(verifier.Verify(message, signature), fmt::format("own signature by {:.8}", keyid_));
  return base::HexEncode(signature);
}

Result<Object> PublicKeyObject(std::string_view pem) {
  const openssl::ErrorScope errors;
  if (pem.size() > INT_MAX) return Fail(ErrorCode::kTooLarge, "public key");
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const PkeyPtr key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  if (key == nullptr) return Fail(ErrorCode::kMalformed, "not a public key in PEM");
  Object object = TRY(PublicObject(key.get()));
  TRY(AsVerifier(object, *object.Find("scheme")->string()));
  return object;
}

Result<std::string> KeyidOf(const Object& key) {
  const std::string canonical = TRY(CanonicalForm(key));
  return base::HexEncode(base::DigestOf(base::DigestAlgorithm::kSha256, base::AsBytes(canonical)));
}

}  // namespace tough
