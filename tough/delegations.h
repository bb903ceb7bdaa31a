// Delegations: whom a targets role trusts with which paths, as types decoded strictly (TUF 4.5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json_view.h"
#include "base/result.h"
#include "tough/limits.h"
#include "tough/role_keys.h"

namespace tough {

struct PathPatterns {
  std::vector<std::string> globs;  // as MatchesPattern() reads them
};
struct PathHashPrefixes {
  std::vector<std::string> prefixes;  // of PathHash()
};

enum class Terminating : std::uint8_t {
  kNo,
  kYes,  // for a path that it matches, no delegation after it is asked
};

struct DelegatedRole {
  std::string name;
  RoleKeys signers;
  std::variant<PathPatterns, PathHashPrefixes> paths;
  Terminating terminating = Terminating::kNo;
};

// Hash bins without a list of them (TAP 15): each path falls into exactly one of the roles
// "PREFIX-00…" to "PREFIX-ff…", which all have the same signers.
struct SuccinctRoles {
  std::string name_prefix;
  std::uint32_t bit_length = 1;  // 1 to 32: there are 2^bit_length bins
  RoleKeys signers;
};

// The roles in order of priority, validated as a whole; a DelegatedRole is made when it is looked
// at, since there may be 16,384 of which a path needs one. Refers into the document.
class DelegatedRoles {
 public:
  class Iterator {
   public:
    explicit Iterator(base::json::ArrayView::Iterator place) : place_(place) {}
    DelegatedRole operator*() const;
    Iterator& operator++() {
      ++place_;
      return *this;
    }
    bool operator==(const Iterator& other) const = default;

   private:
    base::json::ArrayView::Iterator place_;
  };

  static base::Result<DelegatedRoles> Decode(const base::json::ArrayView& roles,
                                             const Limits& limits);

  Iterator begin() const { return Iterator(roles_.begin()); }
  Iterator end() const { return Iterator(roles_.end()); }
  // Those that speak for `path`, none after one that terminates.
  std::vector<DelegatedRole> Matching(std::string_view path) const;

 private:
  explicit DelegatedRoles(const base::json::ArrayView& roles) : roles_(roles) {}
  base::json::ArrayView roles_;
};

struct Delegations {
  Keys keys;
  std::variant<DelegatedRoles, SuccinctRoles> roles;
  // What `roles` refers into if they were decoded of a tree; else that is Targets::json.
  std::optional<base::json::Document> json;

  // Those that speak for `path`, in order of priority, none after one that terminates. A bin comes
  // as a terminating role: no other can have the path.
  struct Match {
    std::string name;
    RoleKeys signers;
    Terminating terminating = Terminating::kNo;
  };
  std::vector<Match> Matching(std::string_view path) const;
};

// kMalformed: a wrong shape, a name that is empty, that occurs twice or that is a top-level role's
// (R60), not exactly one of `paths` and `path_hash_prefixes`, or of `roles` and `succinct_roles`
// (R61); kTooLarge.
base::Result<Delegations> DecodeDelegations(const base::json::ObjectView& delegations,
                                            const Limits& limits);
// Of a tree, for editors.
base::Result<Delegations> DecodeDelegations(const base::json::Object& delegations,
                                            const Limits& limits);

// May a delegated role be called this? For publishers and DecodeDelegations().
base::Result<> CheckDelegatedRoleName(std::string_view name, const Limits& limits);

}  // namespace tough
