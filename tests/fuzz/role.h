// What the targets of the four roles share: a document is parsed and decoded as one role.
#pragma once

#include <optional>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "tests/fuzz/fuzz.h"
#include "tough/schema.h"
#include "tough/verify.h"

namespace fuzz {

// The role that `input` decodes to, if it is one; its threshold is then checked against `keys` of
// nobody, which it must never meet.
template <typename Role, typename Decoder>
std::optional<Role> Decode(std::string_view input, Decoder decode) {
  const tough::Limits limits;
  base::Result<tough::Document> document = tough::Document::Parse(std::string(input), limits);
  if (!document.has_value()) return std::nullopt;
  Check(!tough::VerifyThreshold(*document, {}, {.keyids = {}, .threshold = 1}).has_value(),
        "nobody's signature is not enough");
  Check(tough::CanonicalForm(document->signed_part()).value() == document->signed_bytes.view(),
        "what is decoded is what was signed");
  base::Result<Role> role = decode(*std::move(document), limits);
  if (!role.has_value()) return std::nullopt;
  Check(role->version >= 1 && role->version <= tough::kMaxInteger, "a version is in its range");
  return *std::move(role);
}

inline void CheckFile(const tough::MetaFile& file) {
  Check(file.version >= 1 && file.version <= tough::kMaxInteger, "a listed version is in range");
  Check(file.length.value_or(0) <= tough::kMaxInteger, "a listed length is in range");
}

}  // namespace fuzz
