// Signing of metadata files, over the tree of the whole document, so that members that we do not
// know stay in it.
#pragma once

#include <span>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "tough/schema.h"
#include "tough/signing_key.h"

namespace tough {

// A delegator's word on who may sign.
struct Delegator {
  const Keys& keys;
  const RoleKeys& role;
};

// {"signatures": [], "signed": signed_part}.
base::json::Object UnsignedDocument(base::json::Object signed_part);

// Adds to `document` a signature for each keyid of a delegator whose key is among `keys`; no other
// key is used. A signature that is there already and right stays as it is. Answers how many were
// added or were there.
base::Result<std::size_t> AppendSignatures(base::json::Object& document,
                                           std::span<const Delegator> delegators,
                                           std::span<const SigningKey> keys);

// Does what stands in `document` meet this delegator's threshold?
base::Result<> CheckSignatures(const base::json::Object& document, const Delegator& delegator);

// Both, for a role of `root`, and the file's bytes. kUntrusted if the keys are not enough.
base::Result<std::string> SignRole(base::json::Object document, Role role, const Root& root,
                                   std::span<const SigningKey> keys);

}  // namespace tough
