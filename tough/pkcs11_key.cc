// The one file that uses OpenSSL's deprecated engines: see the header.
#undef OPENSSL_NO_DEPRECATED
#define OPENSSL_SUPPRESS_DEPRECATED  // what is deprecated here is deprecated knowingly

#include "tough/pkcs11_key.h"

#include <fmt/format.h>
#include <openssl/engine.h>

namespace tough {

using base::ErrorCode;
using base::Fail;
using base::Result;

namespace {

void Finish(void* engine) {
  ENGINE_finish(static_cast<ENGINE*>(engine));
}

using EnginePtr = std::unique_ptr<ENGINE, openssl::Deleter<ENGINE_free>>;

}  // namespace

Result<TokenKey> LoadTokenKey(const std::string& uri, const std::string& pin) {
  if (pin.empty())
    return Fail(ErrorCode::kUsage,
                fmt::format("{}: the token has a PIN: give its passphrase", uri));
  const EnginePtr engine(ENGINE_by_id("pkcs11"));
  if (engine == nullptr) {
    return Fail(ErrorCode::kUnsupported,
                "no PKCS#11 here: install the package libengine-pkcs11-openssl");
  }
  // Or it would write lines of its own beside our one.
  ENGINE_ctrl_cmd_string(engine.get(), "QUIET", nullptr, 0);
  if (ENGINE_init(engine.get()) != 1) {
    return Fail(ErrorCode::kUnsupported,
                fmt::format("{}: the PKCS#11 module cannot be loaded (PKCS11_MODULE_PATH)", uri));
  }
  TokenKey token{{engine.get(), Finish}, nullptr};
  if (ENGINE_ctrl_cmd_string(engine.get(), "PIN", pin.c_str(), 0) == 1)
    token.key.reset(ENGINE_load_private_key(engine.get(), uri.c_str(), nullptr, nullptr));
  if (token.key == nullptr)
    return Fail(ErrorCode::kUsage,
                fmt::format("{}: no RSA or ECDSA key of that name, or a wrong PIN", uri));
  return token;
}

}  // namespace tough
