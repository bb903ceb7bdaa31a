#include "tough/openssl.h"

#include <openssl/rsa.h>

namespace tough::openssl {

const EVP_MD* DigestOf(SignatureScheme scheme) {
  switch (scheme) {
    case SignatureScheme::kRsaPssSha256:
    case SignatureScheme::kEcdsaP256:
      return EVP_sha256();
    case SignatureScheme::kRsaPssSha384:
    case SignatureScheme::kEcdsaP384:
      return EVP_sha384();
    case SignatureScheme::kRsaPssSha512:
      return EVP_sha512();
    case SignatureScheme::kEd25519:
      break;
  }
  return nullptr;
}

bool SetUpScheme(EVP_PKEY_CTX* context, SignatureScheme scheme, Salt salt) {
  if (KeyTypeOf(scheme) != KeyType::kRsa) return true;
  const int length = salt == Salt::kRecovered ? RSA_PSS_SALTLEN_AUTO : RSA_PSS_SALTLEN_DIGEST;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, DigestOf(scheme)) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, length) == 1;
}

}  // namespace tough::openssl
