#include "tough/delegation_editor.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <system_error>
#include <utility>

#include "tough/path_match.h"
#include "tough/publishable_names.h"
#include "tough/sign.h"

namespace tough {

using base::ErrorCode;
using base::Fail;
using base::Result;
using base::json::Array;
using base::json::Object;
using base::json::Value;

namespace {

// The files of more bins than these nobody makes.
constexpr std::uint32_t kMaxBitLength = 16;

std::uint32_t CountOf(const SuccinctRoles& roles) {
  return std::uint32_t{1} << roles.bit_length;
}

Result<> CheckBitLength(const SuccinctRoles& roles) {
  if (roles.bit_length >= 1 && roles.bit_length <= kMaxBitLength) return {};
  return Fail(ErrorCode::kUsage, fmt::format("a bit length of {}: 1 to {} is possible",
                                             roles.bit_length, kMaxBitLength));
}

Array StringsOf(const std::vector<std::string>& strings) {
  return {strings.begin(), strings.end()};
}

// But for its signers.
Object TreeOf(const DelegatedRole& role) {
  Object object;
  object.Set("name", role.name);
  if (const auto* patterns = std::get_if<PathPatterns>(&role.paths)) {
    object.Set("paths", StringsOf(patterns->globs));
  } else {
    object.Set("path_hash_prefixes", StringsOf(std::get<PathHashPrefixes>(role.paths).prefixes));
  }
  object.Set("terminating", role.terminating == Terminating::kYes);
  return object;
}

bool Lists(const Object& role, std::string_view keyid) {
  const Array& keyids = *role.Find("keyids")->array();
  return std::any_of(keyids.begin(), keyids.end(),
                     [keyid](const Value& value) { return *value.string() == keyid; });
}

std::unexpected<base::Error> FailNoRole(std::string_view name) {
  return Fail(ErrorCode::kNotFound, fmt::format("no delegation to {:.80}", name));
}

}  // namespace

Result<> CheckPaths(const std::variant<PathPatterns, PathHashPrefixes>& paths) {
  if (const auto* patterns = std::get_if<PathPatterns>(&paths)) {
    for (const std::string& glob : patterns->globs) TRY(CheckPathPattern(glob));
    return {};
  }
  for (const std::string& prefix : std::get<PathHashPrefixes>(paths).prefixes)
    TRY(CheckPathHashPrefix(prefix));
  return {};
}

Object& DelegationEditor::Delegations() {
  if (content_.Find("delegations") == nullptr) {
    Object delegations;
    delegations.Set("keys", Object());
    delegations.Set("roles", Array());
    content_.Set("delegations", std::move(delegations));
  }
  return *content_.Find("delegations")->object();
}

Result<Object*> DelegationEditor::FindRole(std::string_view name) {
  if (content_.Find("delegations") == nullptr) return FailNoRole(name);
  Object& delegations = Delegations();
  if (Value* succinct = delegations.Find("succinct_roles")) {
    if (*succinct->object()->Find("name_prefix")->string() != name) return FailNoRole(name);
    return succinct->object();
  }
  for (Value& role : *delegations.Find("roles")->array()) {
    if (*role.object()->Find("name")->string() == name) return role.object();
  }
  return FailNoRole(name);
}

// Lists the keys, each once, under the keyids that the delegations have for them already.
Result<> DelegationEditor::SetSigners(Object& role, std::uint64_t threshold,
                                      std::span<const Object> keys) {
  Object& known = *Delegations().Find("keys")->object();
  std::set<std::string> keyids;
  for (const Object& key : keys) {
    std::string keyid = TRY(KeyidAmong(TRY(DecodeKeys(known, Limits())), key));
    if (known.Find(keyid) == nullptr) known.Set(keyid, key);
    keyids.insert(std::move(keyid));
  }
  if (threshold < 1 || keyids.size() < threshold) {
    return Fail(ErrorCode::kUsage,
                fmt::format("a threshold of {} with {} keys", threshold, keyids.size()));
  }
  role.Set("keyids", Array(keyids.begin(), keyids.end()));
  role.Set("threshold", Value::Unsigned(threshold));
  return {};
}

Result<> DelegationEditor::AddRoles(std::span<const DelegatedRole> roles,
                                    std::span<const Object> keys) {
  Object& delegations = Delegations();
  if (delegations.Find("succinct_roles") != nullptr) {
    return Fail(ErrorCode::kState,
                "there are succinct roles already, beside which there can be no others");
  }
  Array& listed = *delegations.Find("roles")->array();
  std::set<std::string, std::less<>> names;
  for (const Value& role : listed) names.insert(*role.object()->Find("name")->string());
  for (const DelegatedRole& role : roles) {
    TRY(CheckRoleName(role.name));
    TRY(CheckPaths(role.paths));
    if (!names.insert(role.name).second)
      return Fail(ErrorCode::kState, fmt::format("{} is delegated to already", role.name));
    Object object = TreeOf(role);
    TRY_CONTEXT(SetSigners(object, role.signers.threshold, keys), role.name);
    listed.emplace_back(std::move(object));
  }
  return {};
}

Result<> DelegationEditor::AddSuccinctRoles(const SuccinctRoles& roles,
                                            std::span<const Object> keys) {
  TRY(CheckBitLength(roles));
  TRY(CheckRoleName(BinName(roles.name_prefix, roles.bit_length, CountOf(roles) - 1)));
  Object& delegations = Delegations();
  const Value* listed = delegations.Find("roles");
  if (listed == nullptr || !listed->array()->empty())
    return Fail(ErrorCode::kState, "there are delegations already: succinct roles stand alone");
  Object object;
  object.Set("name_prefix", roles.name_prefix);
  object.Set("bit_length", Value::Unsigned(roles.bit_length));
  TRY_CONTEXT(SetSigners(object, roles.signers.threshold, keys), roles.name_prefix);
  delegations.Erase("roles");
  delegations.Set("succinct_roles", std::move(object));
  return {};
}

Result<> DelegationEditor::RemoveRole(std::string_view name) {
  TRY(FindRole(name));
  Object& delegations = Delegations();
  if (delegations.Find("succinct_roles") != nullptr) {
    delegations.Erase("succinct_roles");
    delegations.Set("roles", Array());
  } else {
    std::erase_if(*delegations.Find("roles")->array(), [name](const Value& role) {
      return *role.object()->Find("name")->string() == name;
    });
  }
  DropUnusedKeys();
  return {};
}

Result<std::string> DelegationEditor::AddKey(std::string_view role, const Object& key) {
  Object& found = *TRY(FindRole(role));
  Object& known = *Delegations().Find("keys")->object();
  std::string keyid = TRY(KeyidAmong(TRY(DecodeKeys(known, Limits())), key));
  if (known.Find(keyid) == nullptr) known.Set(keyid, key);
  if (!Lists(found, keyid)) found.Find("keyids")->array()->emplace_back(keyid);
  return keyid;
}

Result<> DelegationEditor::RemoveKey(std::string_view role, std::string_view keyid) {
  Object& found = *TRY(FindRole(role));
  if (!Lists(found, keyid)) {
    return Fail(ErrorCode::kNotFound,
                fmt::format("no key {:.64} in the delegation to {:.80}", keyid, role));
  }
  Array& keyids = *found.Find("keyids")->array();
  if (keyids.size() <= *found.Find("threshold")->unsigned_integer()) {
    return Fail(ErrorCode::kUsage,
                fmt::format("{:.80}: fewer keys than its threshold would be left: add the new key "
                            "first, or lower the threshold",
                            role));
  }
  std::erase_if(keyids, [keyid](const Value& value) { return *value.string() == keyid; });
  DropUnusedKeys();
  return {};
}

Result<> DelegationEditor::SetThreshold(std::string_view role, std::uint64_t threshold) {
  Object& found = *TRY(FindRole(role));
  const std::size_t keys = found.Find("keyids")->array()->size();
  if (threshold < 1 || threshold > keys) {
    return Fail(ErrorCode::kUsage,
                fmt::format("{:.80}: a threshold of {} with {} keys", role, threshold, keys));
  }
  found.Set("threshold", Value::Unsigned(threshold));
  return {};
}

void DelegationEditor::DropUnusedKeys() {
  Object& delegations = Delegations();
  std::vector<const Object*> roles;
  if (const Value* succinct = delegations.Find("succinct_roles")) {
    roles.push_back(succinct->object());
  } else {
    for (const Value& role : *delegations.Find("roles")->array()) roles.push_back(role.object());
  }
  Object& keys = *delegations.Find("keys")->object();
  Object used;
  for (const auto& [keyid, key] : keys.members()) {
    const auto lists = [&keyid](const Object* role) { return Lists(*role, keyid); };
    if (std::any_of(roles.begin(), roles.end(), lists)) used.Set(keyid, key);
  }
  keys = std::move(used);
}

bool IsBin(const SuccinctRoles& roles, std::string_view name) {
  // The number is what follows the last '-', as wide as the widest.
  std::uint32_t number = 0;
  const char* const end = name.data() + name.size();
  const char* const begin = end - std::min(name.size(), name.size() - name.rfind('-') - 1);
  const auto read = std::from_chars(begin, end, number, 16);
  return read.ec == std::errc() && read.ptr == end &&
         number < std::uint64_t{1} << roles.bit_length &&
         name == BinName(roles.name_prefix, roles.bit_length, number);
}

Result<std::vector<std::string>> BinNames(const SuccinctRoles& roles) {
  TRY(CheckBitLength(roles));
  std::vector<std::string> names;
  names.reserve(CountOf(roles));
  for (std::uint32_t bin = 0; bin < CountOf(roles); ++bin)
    names.push_back(BinName(roles.name_prefix, roles.bit_length, bin));
  return names;
}

Result<std::vector<DelegatedRole>> BinsAsRoles(const SuccinctRoles& roles) {
  TRY(CheckBitLength(roles));
  const std::uint32_t digits = (roles.bit_length + 3) / 4;
  // So many prefixes of that many digits fall into one bin.
  const std::uint32_t each = std::uint32_t{1} << (4 * digits - roles.bit_length);
  std::vector<DelegatedRole> bins;
  for (std::uint32_t bin = 0; bin < CountOf(roles); ++bin) {
    PathHashPrefixes paths;
    for (std::uint32_t i = bin * each; i < (bin + 1) * each; ++i)
      paths.prefixes.push_back(fmt::format("{:0{}x}", i, digits));
    bins.push_back({BinName(roles.name_prefix, roles.bit_length, bin), roles.signers,
                    std::move(paths), Terminating::kYes});
  }
  return bins;
}

}  // namespace tough
