#include "tough/delegations.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tough/path_match.h"
#include "tough/schema.h"

namespace tough {

using base::ErrorCode;
using base::Fail;
using base::Result;
using base::json::ArrayView;
using base::json::ObjectView;
using base::json::View;

namespace {

constexpr std::uint64_t kMaxBitLength = 32;  // TAP 15

Result<std::vector<std::string>> DecodeStrings(const ObjectView& object, std::string_view name,
                                               const Limits& limits) {
  const ArrayView array = TRY(base::json::RequireArray(object, name));
  std::vector<std::string> strings;
  strings.reserve(array.size());
  for (const View element : array) {
    const std::optional<std::string_view> string = element.string();
    if (!string)
      return Fail(ErrorCode::kMalformed, fmt::format("{}: not an array of strings", name));
    TRY(CheckName(*string, name, limits));
    strings.emplace_back(*string);
  }
  return strings;
}

// Exactly one of the two: with both, two clients could go by different ones.
Result<> RequireOneOf(const ObjectView& object, std::string_view one, std::string_view other) {
  const bool has_one = object.Find(one).has_value();
  if (has_one != object.Find(other).has_value()) return {};
  return Fail(ErrorCode::kMalformed,
              fmt::format("{} of {} and {}", has_one ? "both" : "neither", one, other));
}

Result<DelegatedRole> DecodeDelegatedRole(const ObjectView& object, const Limits& limits) {
  DelegatedRole role;
  role.name = TRY(base::json::RequireString(object, "name"));
  TRY(CheckDelegatedRoleName(role.name, limits));
  role.signers = TRY(DecodeRoleKeys(object, limits));
  TRY(RequireOneOf(object, "paths", "path_hash_prefixes"));
  if (object.Find("paths")) {
    role.paths = PathPatterns{TRY(DecodeStrings(object, "paths", limits))};
  } else {
    role.paths = PathHashPrefixes{TRY(DecodeStrings(object, "path_hash_prefixes", limits))};
  }
  if (const std::optional<View> terminating = object.Find("terminating")) {
    const std::optional<bool> value = terminating->boolean();
    if (!value) return Fail(ErrorCode::kMalformed, "terminating: neither true nor false");
    role.terminating = *value ? Terminating::kYes : Terminating::kNo;
  }
  return role;
}

Result<> CheckUnique(const DelegatedRoles& roles) {
  std::vector<std::string_view> names;
  names.reserve(roles.size());
  for (const DelegatedRole& role : roles) names.push_back(role.name);
  if (!std::is_sorted(names.begin(), names.end())) std::sort(names.begin(), names.end());
  if (const auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end())
    return Fail(ErrorCode::kMalformed, fmt::format("roles: '{:.64}' is listed twice", *twice));
  return {};
}

Result<DelegatedRoles> DecodeRoles(const ArrayView& array, const Limits& limits) {
  DelegatedRoles roles;
  roles.reserve(array.size());
  for (const View element : array) {
    const auto context = [&] { return fmt::format("roles: {}", roles.size()); };
    const std::optional<ObjectView> object = element.object();
    if (!object) return Fail(ErrorCode::kMalformed, context() + ": not an object");
    roles.push_back(TRY_CONTEXT(DecodeDelegatedRole(*object, limits), context()));
  }
  TRY(CheckUnique(roles));
  return roles;
}

Result<SuccinctRoles> DecodeSuccinctRoles(const ObjectView& object, const Limits& limits) {
  SuccinctRoles roles;
  roles.name_prefix = TRY(base::json::RequireString(object, "name_prefix"));
  TRY(CheckName(roles.name_prefix, "name_prefix", limits));
  roles.bit_length = static_cast<std::uint32_t>(
      TRY(base::json::RequireInteger(object, "bit_length", 1, kMaxBitLength)));
  roles.signers = TRY(DecodeRoleKeys(object, limits));
  return roles;
}

}  // namespace

bool DelegatedRole::Matches(std::string_view path, std::string_view path_hash) const {
  if (const auto* patterns = std::get_if<PathPatterns>(&paths)) {
    return std::any_of(patterns->globs.begin(), patterns->globs.end(),
                       [path](const std::string& glob) { return MatchesPattern(glob, path); });
  }
  const auto& prefixes = std::get<PathHashPrefixes>(paths).prefixes;
  return std::any_of(prefixes.begin(), prefixes.end(), [path_hash](const std::string& prefix) {
    return path_hash.starts_with(prefix);
  });
}

std::vector<Delegations::Match> Delegations::Matching(std::string_view path) const {
  if (const auto* bins = std::get_if<SuccinctRoles>(&roles)) {
    return {
        {BinName(bins->name_prefix, bins->bit_length, path), &bins->signers, Terminating::kYes}};
  }
  std::vector<Match> matching;
  const std::string path_hash = PathHash(path);
  for (const DelegatedRole& role : std::get<DelegatedRoles>(roles)) {
    if (!role.Matches(path, path_hash)) continue;
    matching.push_back({role.name, &role.signers, role.terminating});
    if (role.terminating == Terminating::kYes) break;
  }
  return matching;
}

Result<> CheckDelegatedRoleName(std::string_view name, const Limits& limits) {
  TRY(CheckName(name, "role name", limits));
  if (name.empty()) return Fail(ErrorCode::kMalformed, "role name: empty");
  // Its file would be the top-level role's.
  if (TopLevelRole(name)) {
    return Fail(ErrorCode::kMalformed,
                fmt::format("role name: '{}' is the name of a top-level role", name));
  }
  return {};
}

Result<Delegations> DecodeDelegations(const ObjectView& object, const Limits& limits) {
  Delegations delegations;
  delegations.keys = TRY(DecodeKeys(TRY(base::json::RequireObject(object, "keys")), limits));
  TRY(RequireOneOf(object, "roles", "succinct_roles"));
  if (object.Find("roles")) {
    delegations.roles = TRY(DecodeRoles(TRY(base::json::RequireArray(object, "roles")), limits));
  } else {
    const ObjectView succinct = TRY(base::json::RequireObject(object, "succinct_roles"));
    delegations.roles = TRY_CONTEXT(DecodeSuccinctRoles(succinct, limits), "succinct_roles");
  }
  return delegations;
}

Result<Delegations> DecodeDelegations(const base::json::Object& object, const Limits& limits) {
  const auto document = TRY(base::json::Document::Of(object));
  return DecodeDelegations(*document.root().object(), limits);
}

}  // namespace tough
