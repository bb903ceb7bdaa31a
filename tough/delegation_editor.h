// The delegations of a targets role under edit: whom it trusts with which paths.
//
// It works on the tree, so that members that we do not know stay. Not thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "tough/delegations.h"

namespace tough {

class DelegationEditor {
 public:
  // `content` is the "signed" object of a targets role, and outlives this.
  explicit DelegationEditor(base::json::Object& content) : content_(content) {}

  // Delegates to more roles, after those that are there in priority, whose files `keys` sign (key
  // objects; `signers.keyids` is not looked at). kUsage: a name or path that clients read
  // differently (publishable_names.h), or fewer keys than the threshold; kState: a role is there
  // already, or there are succinct roles, beside which there can be no others. After an error some
  // of the roles may be there.
  base::Result<> AddRoles(std::span<const DelegatedRole> roles,
                          std::span<const base::json::Object> keys);
  // Delegates every path to 2^bit_length bins. kUsage as above; kState if there are roles.
  base::Result<> AddSuccinctRoles(const SuccinctRoles& roles,
                                  std::span<const base::json::Object> keys);
  // Takes a delegation back; of succinct roles, all of them by the prefix of their names.
  // kNotFound.
  base::Result<> RemoveRole(std::string_view name);

  // As of a root. `role` is a delegated role, or the prefix of the names of succinct ones;
  // kNotFound if it is none. A key that no role lists any longer is removed altogether.
  base::Result<std::string> AddKey(std::string_view role, const base::json::Object& key);
  base::Result<> RemoveKey(std::string_view role, std::string_view keyid);
  base::Result<> SetThreshold(std::string_view role, std::uint64_t threshold);

 private:
  base::Result<base::json::Object*> FindRole(std::string_view name);
  base::json::Object& Delegations();  // made if there are none
  base::Result<> SetSigners(base::json::Object& role, std::uint64_t threshold,
                            std::span<const base::json::Object> keys);
  void DropUnusedKeys();

  base::json::Object& content_;
};

// kUsage: a pattern or prefix that clients read differently.
base::Result<> CheckPaths(const std::variant<PathPatterns, PathHashPrefixes>& paths);

// Is `name` that of one of the bins?
bool IsBin(const SuccinctRoles& roles, std::string_view name);

// The names of all bins, in order. kUsage above 16 bits: nobody makes so many files.
base::Result<std::vector<std::string>> BinNames(const SuccinctRoles& roles);
// The same bins as roles of their own, with path hash prefixes, for clients that do not know TAP
// 15.
base::Result<std::vector<DelegatedRole>> BinsAsRoles(const SuccinctRoles& roles);

}  // namespace tough
