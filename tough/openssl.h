// OpenSSL's handles, owned. For .cc files of this folder only: no header of ours shows OpenSSL.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <memory>

#include "tough/keys.h"

namespace tough::openssl {

// One deleter for every handle: the function that frees it.
template <auto kFree>
struct Deleter {
  template <typename T>
  void operator()(T* handle) const {
    kFree(handle);
  }
};

using PkeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using PkeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using BignumPtr = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free_all>>;

// Leaves the thread's error queue as it was: what fails in here is ours to report, and must not
// turn up as somebody else's TLS error later.
class ErrorScope {
 public:
  ErrorScope() { ERR_set_mark(); }
  ErrorScope(const ErrorScope&) = delete;
  ErrorScope& operator=(const ErrorScope&) = delete;
  ~ErrorScope() { ERR_pop_to_mark(); }
};

// The hash of a scheme; null where the scheme brings its own (Ed25519).
const EVP_MD* DigestOf(SignatureScheme scheme);

enum class Salt : std::uint8_t { kDigestLength, kRecovered };
// Sets up what EVP_DigestSignInit and EVP_DigestVerifyInit do not know from the key: RSA is PSS,
// and never PKCS#1 v1.5, with MGF1 over the same hash. False if OpenSSL refuses.
bool SetUpScheme(EVP_PKEY_CTX* context, SignatureScheme scheme, Salt salt);

}  // namespace tough::openssl
