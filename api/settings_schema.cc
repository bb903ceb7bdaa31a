#include "api/settings_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "api/maintenance_window.h"
#include "base/text.h"
#include "base/time.h"
#include "updog/choice.h"
#include "updog/config.h"
#include "updog/toml.h"
#include "updog/urls.h"

namespace api {
namespace {

using base::ErrorCode;
using base::json::Value;

// Room for every URL and every list that is meant; a setting is no place for files.
constexpr std::size_t kMaxTextBytes = 2048;
constexpr std::size_t kMaxListElements = 128;

std::unexpected<base::Error> Refuse(std::string what) {
  return base::Fail(ErrorCode::kUsage, std::move(what));
}

// --- What values may be; each is called with a value of the setting's kind, but Seed with any
// --------------------------

base::Result<> Anything(const Value& /*value*/) {
  return {};
}

base::Result<> BaseUrl(const Value& value) {
  return updog::CheckBaseUrl(*value.string());
}

base::Result<> Seed(const Value& value) {
  TRY(updog::ParseSeed(value));
  return {};
}

base::Result<> VersionLock(const Value& value) {
  TRY(updog::ParseVersionLock(*value.string()));
  return {};
}

base::Result<> ProxyUrl(const Value& value) {
  const std::string& url = *value.string();
  return url.empty() ? base::Result<>() : updog::CheckProxyUrl(url);
}

base::Result<> LockdownMode(const Value& value) {
  const std::string& mode = *value.string();
  if (mode == "integrity" || mode == "confidentiality") return {};
  if (mode == "none") {
    return Refuse(
        "none cannot be had: the kernel's command line sets integrity, and the kernel never goes "
        "back");
  }
  return Refuse(fmt::format("'{:.60}' is neither integrity nor confidentiality", mode));
}

base::Result<> AgentMode(const Value& value) {
  const std::string& mode = *value.string();
  if (mode == "off" || mode == "check" || mode == "apply") return {};
  return Refuse(fmt::format("'{:.60}' is none of off, check, apply", mode));
}

base::Result<std::chrono::seconds> ParseDuration(const Value& value) {
  const auto duration = base::ParseDuration(*value.string());
  if (!duration) return Refuse(duration.error().message());
  return *duration;
}

// More often would be a load on the repository; more rarely, and a host misses what is urgent.
base::Result<> CheckEvery(const Value& value) {
  const std::chrono::seconds duration = TRY(ParseDuration(value));
  if (duration >= std::chrono::minutes(10) && duration <= std::chrono::days(30)) return {};
  return Refuse(fmt::format("'{:.60}' is not between 10 minutes and 30 days", *value.string()));
}

base::Result<> Jitter(const Value& value) {
  if (TRY(ParseDuration(value)) <= std::chrono::days(1)) return {};
  return Refuse(fmt::format("'{:.60}' is more than 1 day", *value.string()));
}

base::Result<> WindowStart(const Value& value) {
  TRY(ParseTimeOfDay(*value.string()));
  return {};
}

base::Result<> WindowDuration(const Value& value) {
  TRY(ParseWindowDuration(*value.string()));
  return {};
}

base::Result<> WindowDays(const Value& value) {
  TRY(ParseDays(TextsOf(value)));
  return {};
}

// A file name and no path: the image says what can be run, a setting only chooses.
base::Result<> HookName(const Value& value) {
  const std::string& name = *value.string();
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  if (!name.starts_with('.') && std::ranges::all_of(name, is_plain)) return {};
  return Refuse(fmt::format("'{:.60}' is not the name of a program of the image's hooks", name));
}

// --- updog's own settings
// ---------------------------------------------------------------------------

struct Rule {
  std::string_view name;
  SettingKind kind;
  base::Result<> (*check)(const Value&);
  std::string_view default_json;  // empty: none
};

using enum SettingKind;

constexpr auto kRules = std::to_array<Rule>({
    {"agent.after-good-boot", kText, HookName, R"("")"},
    {"agent.before-reboot", kText, HookName, R"("")"},
    {"agent.check-every", kText, CheckEvery, R"("6 hours")"},
    {"agent.jitter", kText, Jitter, R"("30 minutes")"},
    {"agent.mode", kText, AgentMode, R"("off")"},
    {"agent.window-days", kTextList, WindowDays, R"(["mon","tue","wed","thu","fri","sat","sun"])"},
    {"agent.window-duration", kText, WindowDuration, R"("2 hours")"},
    {"agent.window-start", kText, WindowStart, R"("02:00")"},
    {"kernel.lockdown", kText, LockdownMode, R"("integrity")"},
    {"network.https-proxy", kText, ProxyUrl, R"("")"},
    {"network.no-proxy", kTextList, Anything, "[]"},
    {"updates.ignore-waves", kFlag, Anything, "false"},
    {"updates.metadata-base-url", kText, BaseUrl, ""},
    {"updates.seed", kInteger, Seed, ""},
    {"updates.targets-base-url", kText, BaseUrl, ""},
    {"updates.version-lock", kText, VersionLock, R"("latest")"},
});

const Rule* FindRule(std::string_view name) {
  const auto* const rule = std::ranges::find(kRules, name, &Rule::name);
  return rule == kRules.end() ? nullptr : rule;
}

// Whether updog has settings in the table of this one: there a misspelt name is no image's setting.
bool InTableOfOurs(std::string_view name) {
  const std::string table = std::string(name.substr(0, name.find('.'))) + ".";
  return std::ranges::any_of(kRules,
                             [&](const Rule& rule) { return rule.name.starts_with(table); });
}

// --- Kinds
// ------------------------------------------------------------------------------------------

std::optional<SettingKind> KindOfValue(const Value& value) {
  if (value.string() != nullptr) return kText;
  if (value.unsigned_integer() != nullptr) return kInteger;
  if (value.boolean() != nullptr) return kFlag;
  const auto is_text = [](const Value& element) { return element.string() != nullptr; };
  if (value.array() != nullptr && std::ranges::all_of(*value.array(), is_text)) return kTextList;
  return std::nullopt;
}

std::string_view KindName(SettingKind kind) {
  switch (kind) {
    case kText:
      return "a string";
    case kInteger:
      return "a whole number in digits, at most 18446744073709551615";
    case kFlag:
      return "true or false";
    case kTextList:
      return "a list of strings";
  }
  return "";
}

// What is one line for people stays one line in files and messages.
base::Result<> CheckOneLine(std::string_view text) {
  if (base::HasControl(text)) return Refuse("has a control character");
  return {};
}

base::Result<> CheckText(std::string_view text) {
  if (text.size() > kMaxTextBytes) {
    return Refuse(fmt::format("longer than {} bytes", kMaxTextBytes));
  }
  return CheckOneLine(text);
}

base::Result<> CheckSize(const Value& value) {
  if (value.string() != nullptr) return CheckText(*value.string());
  if (value.array() == nullptr) return {};
  if (value.array()->size() > kMaxListElements) {
    return Refuse(fmt::format("more than {} elements", kMaxListElements));
  }
  for (const Value& element : *value.array()) TRY(CheckText(*element.string()));
  return {};
}

base::Result<> CheckValue(SettingKind kind, const Rule* rule, const Value& value) {
  // Which numbers a seed can be is said by itself.
  if (rule != nullptr && kind == kInteger) return rule->check(value);
  if (KindOfValue(value) != kind) return Refuse(fmt::format("not {}", KindName(kind)));
  TRY(CheckSize(value));
  return rule == nullptr ? base::Result<>() : rule->check(value);
}

bool IsNameOfImage(std::string_view name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  return name.find('.') != std::string_view::npos && std::ranges::all_of(name, is_plain);
}

}  // namespace

base::Result<SettingsSchema> SettingsSchema::Create(std::string_view image_toml) {
  SettingsSchema schema;
  const Settings image = TRY(SettingsFromJson(TRY(updog::ParseToml(image_toml))));
  for (const auto& [name, value] : image) {
    auto added = schema.AddImageSetting(name, value);
    if (!added) return base::Fail(ErrorCode::kMalformed, added.error().message());
  }
  schema.defaults_ = schema.image_defaults_;
  for (const Rule& rule : kRules) {
    if (rule.default_json.empty()) continue;
    // Keeps what the image says.
    schema.defaults_.emplace(rule.name, TRY(base::json::Parse(rule.default_json)));
  }
  return schema;
}

base::Result<> SettingsSchema::AddDefaults(const Settings& defaults) {
  for (const auto& [name, value] : defaults) {
    if (image_defaults_.contains(name)) continue;
    auto added = AddImageSetting(name, value);
    if (!added) return base::Fail(ErrorCode::kMalformed, added.error().message());
    defaults_[name] = value;
  }
  return {};
}

base::Result<> SettingsSchema::AddImageSetting(const std::string& name, const Value& value) {
  if (name == "updates.seed") return Refuse("updates.seed: is each host's own, not the image's");
  if (FindRule(name) == nullptr && !InTableOfOurs(name)) {
    const std::optional<SettingKind> kind = KindOfValue(value);
    if (!kind) return Refuse(fmt::format("{:.60}: a default of no kind that settings have", name));
    if (!IsNameOfImage(name)) {
      return Refuse(fmt::format("{:.60}: not table.name of a-z, 0-9 and hyphen", name));
    }
    image_kinds_[name] = *kind;
  }
  TRY(Check(name, value));
  image_defaults_[name] = value;
  return {};
}

base::Result<SettingKind> SettingsSchema::KindOf(std::string_view name) const {
  if (const Rule* rule = FindRule(name)) return rule->kind;
  const auto own = image_kinds_.find(name);
  if (own != image_kinds_.end()) return own->second;
  return Refuse(fmt::format("settings.{:.60}: there is no such setting", name));
}

base::Result<> SettingsSchema::Check(std::string_view name, const Value& value) const {
  const SettingKind kind = TRY(KindOf(name));
  const auto context = [&] { return fmt::format("settings.{}", name); };
  if (value.is_null()) {
    if (name != "updates.seed") return {};
    return Refuse(context() + ": a host always has one; set another instead");
  }
  TRY_CONTEXT(CheckValue(kind, FindRule(name), value), context());
  return {};
}

base::Result<> SettingsSchema::CheckAll(const Settings& settings) const {
  for (const auto& [name, value] : settings) TRY(Check(name, value));
  return {};
}

base::Result<SettingChanges> SettingsSchema::ParseChanges(std::string_view json) const {
  const Value document = TRY(base::json::Parse(json));
  if (document.object() == nullptr) {
    return base::Fail(ErrorCode::kMalformed, "not a JSON object of settings");
  }
  SettingChanges changes = TRY(SettingsFromJson(*document.object()));
  if (changes.empty()) return Refuse("there is no setting in it");
  TRY(CheckAll(changes));
  return changes;
}

// As the setting's kind reads it: a text as it stands, everything else as JSON.
base::Result<Value> SettingsSchema::ParseText(std::string_view name, std::string_view text) const {
  if (TRY(KindOf(name)) == kText) return Value(text);
  auto value = base::json::Parse(text);
  // Not JSON: a text, which Check() then refuses, saying what the setting has to be.
  return value ? *std::move(value) : Value(text);
}

base::Result<SettingChanges> SettingsSchema::ParsePairs(std::string_view json) const {
  const Value document = TRY(base::json::Parse(json));
  if (document.array() == nullptr || KindOfValue(document) != kTextList) {
    return base::Fail(ErrorCode::kMalformed, "not a JSON array of \"KEY=VALUE\"");
  }
  SettingChanges changes;
  for (const std::string& pair : TextsOf(document)) {
    const std::size_t equals = pair.find('=');
    const std::string name(WithoutSettings(std::string_view(pair).substr(0, equals)));
    TRY_CONTEXT(CheckOneLine(name), "a key");
    if (equals == std::string::npos) return Refuse(fmt::format("'{:.60}' is not KEY=VALUE", pair));
    if (changes.contains(name)) return Refuse(fmt::format("settings.{:.60}: given twice", name));
    changes[name] = TRY(ParseText(name, std::string_view(pair).substr(equals + 1)));
  }
  if (changes.empty()) return Refuse("there is no setting in it");
  TRY(CheckAll(changes));
  return changes;
}

base::Result<Settings> SettingsSchema::ParseUserData(std::string_view toml) const {
  const base::json::Object document = TRY(updog::ParseToml(toml));
  if (document.size() == 0) return Settings();  // nothing is said, or in comments only
  const Value* outer = document.Find("settings");
  if (document.size() != 1 || outer == nullptr || outer->object() == nullptr) {
    return base::Fail(ErrorCode::kMalformed, "has something else than the table [settings]");
  }
  Settings settings = TRY(SettingsFromJson(document));
  TRY(CheckAll(settings));
  return settings;
}

}  // namespace api
