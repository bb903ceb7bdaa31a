// Public keys, as TUF metadata carries them: RSA-PSS, Ed25519, ECDSA on P-256 and P-384.
//
// A PublicKey is validated when it is made: key type, scheme and the actual key agree, an RSA key
// has 2048 to 8192 bits, a point lies on its curve. The algorithm follows from the key and its
// scheme, never from a signature. Immutable; one key may verify in several threads at once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace tough {

enum class KeyType : std::uint8_t { kRsa, kEd25519, kEcdsaP256, kEcdsaP384 };

enum class SignatureScheme : std::uint8_t {
  kRsaPssSha256,  // "rsassa-pss-sha256" and so on: MGF1 with the same hash
  kRsaPssSha384,
  kRsaPssSha512,
  kEd25519,
  kEcdsaP256,  // "ecdsa-sha2-nistp256", DER signatures
  kEcdsaP384,
};

// The name in metadata, e.g. "rsassa-pss-sha256".
std::string_view SchemeName(SignatureScheme scheme);
KeyType KeyTypeOf(SignatureScheme scheme);
// Is this a `keytype` that we know, with whatever scheme?
bool IsKeyType(std::string_view keytype);

class PublicKey {
 public:
  // From the members `keytype`, `scheme` and `keyval.public` of a key object. The value is an SPKI
  // in PEM (rsa, ecdsa), 64 hexadecimal digits (ed25519), or for P-256 also the hexadecimal
  // uncompressed point. kUnsupported: a type or scheme that we do not speak; kMismatch: type,
  // scheme and key disagree, or a size outside the bounds; kMalformed: not a key.
  static base::Result<PublicKey> Create(std::string_view keytype, std::string_view scheme,
                                        std::string_view public_value);

  PublicKey(PublicKey&&) noexcept;
  PublicKey& operator=(PublicKey&&) noexcept;
  ~PublicKey();

  // Ok if `signature` over `message` was made by this key's private half; kUntrusted otherwise,
  // whatever is wrong with it.
  base::Result<> Verify(base::ByteView message, base::ByteView signature) const;

  SignatureScheme scheme() const { return scheme_; }
  // The bare key in one encoding of ours: equal exactly for equal keys, whatever their keyids,
  // schemes and textual forms (R13).
  const std::string& identity() const { return identity_; }

 private:
  struct Native;
  PublicKey(std::unique_ptr<Native> native, SignatureScheme scheme, std::string identity);

  std::unique_ptr<Native> native_;
  SignatureScheme scheme_;
  std::string identity_;
};

}  // namespace tough
