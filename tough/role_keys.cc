#include "tough/role_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tough {

using base::ErrorCode;
using base::Fail;
using base::Result;
using base::json::ArrayView;
using base::json::ObjectView;
using base::json::View;

namespace {

// A key that cannot verify is kept as the reason why; one of the wrong shape is an error.
Result<> DecodeKey(std::string_view keyid, const ObjectView& key, Keys& keys) {
  const std::string_view keytype = TRY(base::json::RequireString(key, "keytype"));
  const std::string_view scheme = TRY(base::json::RequireString(key, "scheme"));
  const ObjectView keyval = TRY(base::json::RequireObject(key, "keyval"));
  // Only a type of key that we do not know may write its value in another way (TUF 4.2).
  if (IsKeyType(keytype)) TRY_CONTEXT(base::json::RequireString(keyval, "public"), "keyval");
  const std::optional<View> value = keyval.Find("public");
  const std::string_view text = value ? value->string().value_or("") : "";
  keys.emplace(keyid, PublicKey::Create(keytype, scheme, text));
  return {};
}

}  // namespace

Result<> CheckName(std::string_view name, std::string_view what, const Limits& limits) {
  if (name.size() > limits.name_bytes) {
    return Fail(ErrorCode::kTooLarge, fmt::format("{} of {} bytes, at most {} allowed", what,
                                                  name.size(), limits.name_bytes));
  }
  if (name.find('\0') != std::string_view::npos)
    return Fail(ErrorCode::kMalformed, fmt::format("{} with a NUL", what));
  return {};
}

Result<> CheckCount(std::size_t count, std::size_t maximum, std::string_view what) {
  if (count > maximum)
    return Fail(ErrorCode::kTooLarge,
                fmt::format("{} {}, at most {} allowed", count, what, maximum));
  return {};
}

Result<> CheckUnique(std::vector<std::string_view> names, std::string_view what) {
  if (!std::is_sorted(names.begin(), names.end())) std::sort(names.begin(), names.end());
  if (const auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end())
    return Fail(ErrorCode::kMalformed, fmt::format("{}: '{:.64}' is listed twice", what, *twice));
  return {};
}

Result<Keys> DecodeKeys(const ObjectView& object, const Limits& limits) {
  TRY(CheckCount(object.size(), limits.keys, "keys"));
  Keys keys;
  for (const auto& [keyid, value] : object) {
    TRY(CheckName(keyid, "keyid", limits));
    const std::string context = fmt::format("keys: {:.64}", keyid);
    const std::optional<ObjectView> key = value.object();
    if (!key) return Fail(ErrorCode::kMalformed, fmt::format("{}: not an object", context));
    TRY_CONTEXT(DecodeKey(keyid, *key, keys), context);
  }
  return keys;
}

Result<Keys> DecodeKeys(const base::json::Object& object, const Limits& limits) {
  const auto document = TRY(base::json::Document::Of(object));
  return DecodeKeys(*document.root().object(), limits);
}

Result<> CheckRoleKeys(const ObjectView& role, const Limits& limits) {
  TRY(base::json::RequireInteger(role, "threshold", 1, kMaxInteger));
  const ArrayView array = TRY(base::json::RequireArray(role, "keyids"));
  const std::size_t count = array.size();
  TRY(CheckCount(count, limits.keys, "keyids"));
  std::vector<std::string_view> keyids;
  for (const View element : array) {
    const std::optional<std::string_view> keyid = element.string();
    if (!keyid) return Fail(ErrorCode::kMalformed, "keyids: not an array of strings");
    TRY(CheckName(*keyid, "keyid", limits));
    if (count > 1) keyids.push_back(*keyid);  // one alone needs no memory
  }
  return CheckUnique(std::move(keyids), "keyids");
}

RoleKeys RoleKeysOf(const ObjectView& checked_role) {
  RoleKeys keys;
  keys.threshold = *checked_role.Find("threshold")->unsigned_integer();
  const ArrayView keyids = *checked_role.Find("keyids")->array();
  for (const View keyid : keyids) keys.keyids.emplace_back(*keyid.string());
  return keys;
}

Result<RoleKeys> DecodeRoleKeys(const ObjectView& role, const Limits& limits) {
  TRY(CheckRoleKeys(role, limits));
  return RoleKeysOf(role);
}

}  // namespace tough
