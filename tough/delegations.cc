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
using base::json::MemberView;
using base::json::ObjectView;
using base::json::View;

namespace {

constexpr std::uint64_t kMaxBitLength = 32;  // TAP 15

Result<> CheckStrings(const MemberView& member, const Limits& limits) {
  const std::optional<ArrayView> array = member.value.array();
  if (!array) return Fail(ErrorCode::kMalformed, fmt::format("{}: not an array", member.name));
  for (const View element : *array) {
    const std::optional<std::string_view> string = element.string();
    if (!string)
      return Fail(ErrorCode::kMalformed, fmt::format("{}: not an array of strings", member.name));
    TRY(CheckName(*string, member.name, limits));
  }
  return {};
}

std::vector<std::string> StringsOf(const View& checked_strings) {
  const ArrayView array = *checked_strings.array();
  std::vector<std::string> strings;
  for (const View element : array) strings.emplace_back(*element.string());
  return strings;
}

// Exactly one of the two: with both, two clients could go by different ones.
Result<MemberView> RequireOneOf(const ObjectView& object, std::string_view one,
                                std::string_view other) {
  const std::optional<View> first = object.Find(one);
  const std::optional<View> second = object.Find(other);
  if (first && !second) return MemberView{one, *first};
  if (second && !first) return MemberView{other, *second};
  return Fail(ErrorCode::kMalformed,
              fmt::format("{} of {} and {}", first ? "both" : "neither", one, other));
}

// What DelegatedRoleOf() reads is there and of the right shape; nothing is copied, since nearly all
// of many roles are never asked.
Result<> CheckDelegatedRole(const ObjectView& role, const Limits& limits) {
  TRY(CheckDelegatedRoleName(TRY(base::json::RequireString(role, "name")), limits));
  TRY(CheckRoleKeys(role, limits));
  TRY(CheckStrings(TRY(RequireOneOf(role, "paths", "path_hash_prefixes")), limits));
  const std::optional<View> terminating = role.Find("terminating");
  if (terminating && !terminating->boolean())
    return Fail(ErrorCode::kMalformed, "terminating: neither true nor false");
  return {};
}

DelegatedRole DelegatedRoleOf(const ObjectView& checked_role) {
  DelegatedRole role;
  role.name = *checked_role.Find("name")->string();
  role.signers = RoleKeysOf(checked_role);
  if (const std::optional<View> globs = checked_role.Find("paths")) {
    role.paths = PathPatterns{StringsOf(*globs)};
  } else {
    role.paths = PathHashPrefixes{StringsOf(*checked_role.Find("path_hash_prefixes"))};
  }
  const std::optional<View> terminating = checked_role.Find("terminating");
  if (terminating && *terminating->boolean()) role.terminating = Terminating::kYes;
  return role;
}

bool AnyOf(const View& checked_strings, const auto& predicate) {
  const ArrayView array = *checked_strings.array();
  return std::any_of(array.begin(), array.end(),
                     [&](const View& element) { return predicate(*element.string()); });
}

// `path_hash` is PathHash(path).
bool Matches(const ObjectView& checked_role, std::string_view path, std::string_view path_hash) {
  if (const std::optional<View> globs = checked_role.Find("paths")) {
    return AnyOf(*globs, [path](std::string_view glob) { return MatchesPattern(glob, path); });
  }
  return AnyOf(*checked_role.Find("path_hash_prefixes"),
               [path_hash](std::string_view prefix) { return path_hash.starts_with(prefix); });
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

DelegatedRole DelegatedRoles::Iterator::operator*() const {
  return DelegatedRoleOf(*(*place_).object());
}

Result<DelegatedRoles> DelegatedRoles::Decode(const ArrayView& roles, const Limits& limits) {
  std::vector<std::string_view> names;
  names.reserve(roles.size());
  for (const View element : roles) {
    const auto context = [&] { return fmt::format("roles: {}", names.size()); };
    const std::optional<ObjectView> role = element.object();
    if (!role) return Fail(ErrorCode::kMalformed, context() + ": not an object");
    TRY_CONTEXT(CheckDelegatedRole(*role, limits), context());
    names.push_back(*role->Find("name")->string());
  }
  TRY(CheckUnique(std::move(names), "roles"));
  return DelegatedRoles(roles);
}

std::vector<DelegatedRole> DelegatedRoles::Matching(std::string_view path) const {
  std::vector<DelegatedRole> matching;
  const std::string path_hash = PathHash(path);
  for (const View element : roles_) {
    const ObjectView role = *element.object();
    if (!Matches(role, path, path_hash)) continue;
    matching.push_back(DelegatedRoleOf(role));
    if (matching.back().terminating == Terminating::kYes) break;
  }
  return matching;
}

std::vector<Delegations::Match> Delegations::Matching(std::string_view path) const {
  if (const auto* bins = std::get_if<SuccinctRoles>(&roles)) {
    return {{BinName(bins->name_prefix, bins->bit_length, path), bins->signers, Terminating::kYes}};
  }
  std::vector<Match> matching;
  for (DelegatedRole& role : std::get<DelegatedRoles>(roles).Matching(path))
    matching.push_back({std::move(role.name), std::move(role.signers), role.terminating});
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
  Keys keys = TRY(DecodeKeys(TRY(base::json::RequireObject(object, "keys")), limits));
  TRY(RequireOneOf(object, "roles", "succinct_roles"));
  if (!object.Find("roles")) {
    const ObjectView succinct = TRY(base::json::RequireObject(object, "succinct_roles"));
    return Delegations{
        .keys = std::move(keys),
        .roles = TRY_CONTEXT(DecodeSuccinctRoles(succinct, limits), "succinct_roles"),
        .json = {}};
  }
  const ArrayView roles = TRY(base::json::RequireArray(object, "roles"));
  return Delegations{
      .keys = std::move(keys), .roles = TRY(DelegatedRoles::Decode(roles, limits)), .json = {}};
}

Result<Delegations> DecodeDelegations(const base::json::Object& object, const Limits& limits) {
  auto document = TRY(base::json::Document::Of(object));
  Delegations delegations = TRY(DecodeDelegations(*document.root().object(), limits));
  delegations.json = std::move(document);
  return delegations;
}

}  // namespace tough
