#include "tough/tuftool/key_picture.h"

#include "tough/verify.h"

namespace tough::tuftool {

using base::json::Object;
using base::json::Value;

KeyPicture LookAtKey(const std::string& keyid, const Document& document, const Keys& keys,
                     const RoleKeys& role) {
  KeyPicture picture{.keyid = keyid, .scheme = {}, .has_signed = false, .fault = {}};
  const auto key = keys.find(keyid);
  if (key == keys.end()) {
    picture.fault = "not among the delegator's keys";
  } else if (!key->second.has_value()) {
    picture.fault = key->second.error().message();
  } else {
    picture.scheme = SchemeName(key->second->scheme());
  }
  for (const Signature& signature : document.signatures) {
    if (signature.keyid != keyid || signature.sig.empty() || picture.scheme.empty()) continue;
    const auto signer = FindSigner(document, signature, keys, role);
    picture.has_signed = signer.has_value();
    if (!signer) picture.fault = signer.error().message();
  }
  return picture;
}

Object AsJson(const KeyPicture& key) {
  Object object;
  object.Set("keyid", key.keyid);
  object.Set("scheme", key.scheme.empty() ? Value() : Value(key.scheme));
  object.Set("signed", key.has_signed);
  object.Set("fault", key.fault.empty() ? Value() : Value(key.fault));
  return object;
}

}  // namespace tough::tuftool
