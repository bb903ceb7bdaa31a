// What a publisher sees of a key: whether it can verify, and whether it has signed a document.
#pragma once

#include <string>

#include "base/json.h"
#include "tough/schema.h"

namespace tough::tuftool {

struct KeyPicture {
  std::string keyid;
  std::string scheme;  // empty: `fault` says why it cannot verify
  bool has_signed = false;
  std::string fault;  // why it, or its signature, does not count
};

// `keys` and `role` are the delegator's. An empty signature is none.
KeyPicture LookAtKey(const std::string& keyid, const Document& document, const Keys& keys,
                     const RoleKeys& role);

base::json::Object AsJson(const KeyPicture& key);

}  // namespace tough::tuftool
