#include "tough/role_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tough {

using base::ErrorCode;
using base::Fail;
using base::Result;
using base::json::Array;
using base::json::Object;
using base::json::Value;

namespace {

// A key that cannot verify is kept as the reason why; one of the wrong shape is an error.
Result<> DecodeKey(const std::string& keyid, const Object& key, Keys& keys) {
  const std::string* keytype = TRY(base::json::RequireString(key, "keytype"));
  const std::string* scheme = TRY(base::json::RequireString(key, "scheme"));
  const Object* keyval = TRY(base::json::RequireObject(key, "keyval"));
  // Only a type of key that we do not know may write its value in another way (TUF 4.2).
  if (IsKeyType(*keytype)) TRY_CONTEXT(base::json::RequireString(*keyval, "public"), "keyval");
  const Value* value = keyval->Find("public");
  const bool has_text = value != nullptr && value->string() != nullptr;
  Result<PublicKey> made =
      PublicKey::Create(*keytype, *scheme, has_text ? *value->string() : std::string_view());
  keys.emplace(keyid, std::move(made));
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

Result<Keys> DecodeKeys(const Object& object, const Limits& limits) {
  TRY(CheckCount(object.size(), limits.keys, "keys"));
  Keys keys;
  for (const auto& [keyid, value] : object.members()) {
    TRY(CheckName(keyid, "keyid", limits));
    const std::string context = fmt::format("keys: {:.64}", keyid);
    if (value.object() == nullptr)
      return Fail(ErrorCode::kMalformed, fmt::format("{}: not an object", context));
    TRY_CONTEXT(DecodeKey(keyid, *value.object(), keys), context);
  }
  return keys;
}

Result<RoleKeys> DecodeRoleKeys(const Object& role, const Limits& limits) {
  RoleKeys decoded;
  decoded.threshold = TRY(base::json::RequireInteger(role, "threshold", 1, kMaxInteger));
  const Array* keyids = TRY(base::json::RequireArray(role, "keyids"));
  TRY(CheckCount(keyids->size(), limits.keys, "keyids"));
  for (const Value& element : *keyids) {
    const std::string* keyid = element.string();
    if (keyid == nullptr) return Fail(ErrorCode::kMalformed, "keyids: not an array of strings");
    TRY(CheckName(*keyid, "keyid", limits));
    decoded.keyids.push_back(*keyid);
  }
  std::vector<std::string> sorted = decoded.keyids;
  std::sort(sorted.begin(), sorted.end());
  if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end())
    return Fail(ErrorCode::kMalformed, fmt::format("keyids: '{:.64}' is listed twice", *twice));
  return decoded;
}

}  // namespace tough
