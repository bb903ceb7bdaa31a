// Signing of metadata files, over the tree of the whole document, so that members that we do not
// know stay in it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "tough/schema.h"
#include "tough/signing_key.h"

namespace tough {

// A delegator's word on who may sign.
struct Delegator {
  const Keys& keys;
  RoleKeys role;
};

// The keyid under which `keys` has the same key, however it is spelled there, else KeyidOf(). `key`
// is a key object of metadata.
base::Result<std::string> KeyidAmong(const Keys& keys, const base::json::Object& key);

// {"signatures": [], "signed": signed_part}.
base::json::Object UnsignedDocument(base::json::Object signed_part);

// Adds to `document` a signature for each keyid of a delegator whose key is among `keys`; no other
// key is used. A signature that is there already and right stays as it is. Answers how many were
// added or were there.
base::Result<std::size_t> AppendSignatures(base::json::Object& document,
                                           std::span<const Delegator> delegators,
                                           std::span<const SigningKey> keys);

// Ok if what stands in `document` meets this delegator's threshold; else kUntrusted.
base::Result<> CheckSignatures(const base::json::Object& document, const Delegator& delegator);

// The file's bytes, signed by those of `keys` that count for some of `delegators`. kUntrusted, with
// `name`, if that is not enough for each of the first `required`.
base::Result<std::string> SignDocument(base::json::Object document, std::string_view name,
                                       std::span<const Delegator> delegators, std::size_t required,
                                       std::span<const SigningKey> keys);

// The file with a signature by each of `keys`, under the names that KeyidOf() gives them; those
// that are there stay.
base::Result<std::string> AddSignatures(std::string_view text, std::span<const SigningKey> keys);

}  // namespace tough
