#include "api/settings.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"

namespace api {
namespace {

using base::ErrorCode;
using base::json::Member;
using base::json::Object;
using base::json::Value;

constexpr std::string_view kOuter = "settings";

void SetNested(Object& object, std::string_view name, const Value& value) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) {
    object.Set(name, value);
    return;
  }
  const std::string_view table = name.substr(0, dot);
  if (object.Find(table) == nullptr) object.Set(table, Object());
  Value& inner = *object.Find(table);
  Object nested = inner.object() == nullptr ? Object() : *inner.object();
  SetNested(nested, name.substr(dot + 1), value);
  inner = std::move(nested);
}

// Names stand in messages, which are one line.
base::Result<> CheckName(const std::string& prefix, const std::string& name) {
  if (base::HasControl(name)) {
    return base::Fail(ErrorCode::kMalformed,
                      fmt::format("settings.{}: a name there has a control character", prefix));
  }
  if (!name.empty() && name.find('.') == std::string::npos) return {};
  return base::Fail(ErrorCode::kMalformed, fmt::format("{}{:.60}: not a name", prefix, name));
}

// Recursion is bounded: the parsers refuse nesting deeper than kMaxDepth, or 256 for TOML.
base::Result<> Flatten(const Object& object, const std::string& prefix, Settings& into) {
  for (const Member& member : object.members()) {
    TRY(CheckName(prefix, member.name));
    const std::string name = prefix + member.name;
    if (member.value.object() != nullptr) {
      TRY(Flatten(*member.value.object(), name + ".", into));
    } else {
      into[name] = member.value;
    }
  }
  return {};
}

}  // namespace

Object SettingsToJson(const Settings& settings) {
  Object document;
  for (const auto& [name, value] : settings) SetNested(document, name, value);
  return document;
}

base::Result<Settings> SettingsFromJson(const Object& document) {
  const Object* named = &document;
  const Value* outer = document.Find(kOuter);
  if (document.size() == 1 && outer != nullptr && outer->object() != nullptr) {
    named = outer->object();
  }
  Settings settings;
  TRY(Flatten(*named, "", settings));
  return settings;
}

std::string_view WithoutSettings(std::string_view name) {
  if (name.starts_with("settings.")) name.remove_prefix(kOuter.size() + 1);
  return name;
}

std::vector<std::string> TextsOf(const Value& list) {
  std::vector<std::string> texts;
  if (list.array() == nullptr) return texts;
  for (const Value& element : *list.array()) {
    if (element.string() != nullptr) texts.push_back(*element.string());
  }
  return texts;
}

Settings SettingsWithPrefix(const Settings& settings, std::string_view prefix) {
  Settings chosen;
  for (const auto& [name, value] : settings) {
    const bool matches = name.starts_with(prefix) || ("settings." + name).starts_with(prefix);
    if (matches) chosen.emplace(name, value);
  }
  return chosen;
}

}  // namespace api
