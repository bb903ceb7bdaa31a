// Who may sign: the keys that a root or a delegation defines, and which of them a role lists.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_view.h"
#include "base/result.h"
#include "tough/keys.h"
#include "tough/limits.h"

namespace tough {

// Versions, lengths and thresholds lie in the range that every JSON implementation keeps exactly.
constexpr std::uint64_t kMaxInteger = (std::uint64_t{1} << 53) - 1;

// By keyid, which is opaque and scoped to the file that defines it (R18, R19). A key that cannot
// verify, being of an unknown type or scheme or unsafe, is no error of the file (R16): the reason
// is kept, for whoever wonders why its signature does not count.
using Keys = std::map<std::string, base::Result<PublicKey>, std::less<>>;

// Who may sign for a role, as its delegator says. Keyids are distinct; one that is not in the
// delegator's keys counts for nothing.
struct RoleKeys {
  std::vector<std::string> keyids;
  std::uint64_t threshold = 1;
};

// Both strictly, with the bounds of `limits`; kMalformed, kTooLarge. `role` has the members
// "keyids" and "threshold". Where there are thousands of which few are wanted, all are checked, and
// RoleKeysOf() those that were checked and are wanted.
base::Result<Keys> DecodeKeys(const base::json::ObjectView& keys, const Limits& limits);
// Of a tree, for editors.
base::Result<Keys> DecodeKeys(const base::json::Object& keys, const Limits& limits);
base::Result<RoleKeys> DecodeRoleKeys(const base::json::ObjectView& role, const Limits& limits);
base::Result<> CheckRoleKeys(const base::json::ObjectView& role, const Limits& limits);
RoleKeys RoleKeysOf(const base::json::ObjectView& checked_role);

// Names become paths, URLs and keys of other programs' tables, where a NUL would end them early:
// kMalformed. Longer than `limits` allow: kTooLarge. `what` names the name.
base::Result<> CheckName(std::string_view name, std::string_view what, const Limits& limits);
// kTooLarge if there are more than `maximum` of `what`.
base::Result<> CheckCount(std::size_t count, std::size_t maximum, std::string_view what);
// kMalformed if one of them occurs twice.
base::Result<> CheckUnique(std::vector<std::string_view> names, std::string_view what);

}  // namespace tough
