// Private keys of a publisher: made, read, stored, and used to sign.
//
// Not thread-safe. A key's file has mode 0600, and what is private of it appears in no message.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/json.h"
#include "base/result.h"
#include "tough/keys.h"

namespace tough {

class SigningKey {
 public:
  // A new key. `rsa_bits` matters for RSA only: 2048 to 8192.
  static base::Result<SigningKey> Generate(KeyType type, unsigned rsa_bits = 3072);

  // PKCS#8, also encrypted, or PKCS#1 (RSA) or SEC 1 (EC); PEM or DER. kUsage: encrypted, and the
  // passphrase is missing or wrong; kUnsupported or kMismatch: a key that metadata cannot carry.
  static base::Result<SigningKey> Parse(std::string_view text, std::string_view passphrase = {});
  static base::Result<SigningKey> Load(const std::string& path, std::string_view passphrase = {});

  // A key of a PKCS#11 token (RSA or ECDSA), which stays there:
  // "pkcs11:token=releases;object=root". kUnsupported if the machine has no PKCS#11; kUsage: no
  // such key, or a wrong PIN.
  static base::Result<SigningKey> FromToken(const std::string& uri, std::string_view pin);

  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) noexcept;
  ~SigningKey();

  // PKCS#8 in PEM, encrypted if there is a passphrase (AES-256, key by scrypt), to a new file of
  // mode 0600, durably. kState if there is one already: a key that is overwritten is lost for ever.
  base::Result<> Save(const std::string& path, std::string_view passphrase = {}) const;

  // The key object of metadata: keytype, keyval, scheme (rsassa-pss-sha256 for RSA).
  const base::json::Object& public_key() const { return public_key_; }
  // SHA-256 of that object's canonical form, in lower-case hexadecimal.
  const std::string& keyid() const { return keyid_; }
  // As PublicKey::identity().
  const std::string& identity() const { return identity_; }

  // The member `sig`: lower-case hexadecimal. It was verified before it is handed out, since a
  // wrong one (a broken key file, a fault of the machine) can give an RSA key away. kMismatch: a
  // scheme of another type of key.
  base::Result<std::string> Sign(base::ByteView message, SignatureScheme scheme) const;

 private:
  struct Native;
  SigningKey(std::unique_ptr<Native> native, KeyType type, base::json::Object public_key,
             std::string keyid, std::string identity);
  static base::Result<SigningKey> FromNative(std::unique_ptr<Native> native);

  std::unique_ptr<Native> native_;
  KeyType type_;
  base::json::Object public_key_;
  std::string keyid_;
  std::string identity_;
};

// A public key in PEM (SPKI) as a key object of metadata, for those whose private half is
// elsewhere.
base::Result<base::json::Object> PublicKeyObject(std::string_view pem);
// SHA-256 of the canonical form: how we name a key.
base::Result<std::string> KeyidOf(const base::json::Object& key);

}  // namespace tough
