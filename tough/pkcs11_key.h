// Private keys that never leave a PKCS#11 token. For .cc files of this folder only.
//
// Debian 12 has OpenSSL's engine for PKCS#11 (libengine-pkcs11-openssl) and not yet the provider.
// Engines are deprecated in OpenSSL 3, so everything that knows of them stands in pkcs11_key.cc.
// RSA and ECDSA: the engine (libp11 0.4.12) does not see Ed25519 keys, though tokens have them.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "tough/openssl.h"

namespace tough {

struct TokenKey {
  // The engine has to outlive its keys: members are destroyed last to first.
  std::unique_ptr<void, void (*)(void*)> engine;
  openssl::PkeyPtr key;
};

// `uri` as in RFC 7512: "pkcs11:token=releases;object=root". The module is that of the
// environment's PKCS11_MODULE_PATH, else p11-kit's. kUnsupported if the engine is not installed;
// kUsage without a PIN, or if there is no such key or the PIN is wrong (modules do not tell one
// from the other).
base::Result<TokenKey> LoadTokenKey(const std::string& uri, const std::string& pin);

}  // namespace tough
