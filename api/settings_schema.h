// Which settings there are, and what each may hold.
//
// updog's own are those of section 3 of its specification and the agent's (docs/settings.md). An
// image adds settings of its own, and defaults for any, by a TOML file:
//
//   [updates]
//   metadata-base-url = "https://updates.example.com/metadata"
//   [greeting]                 # the image's own: its default tells its type
//   text = "hello"
//
// Nothing is ever stored that was not checked here. Values and pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "api/settings.h"
#include "base/result.h"

namespace api {

enum class SettingKind : std::uint8_t { kText, kInteger, kFlag, kTextList };

class SettingsSchema {
 public:
  // `image_toml` is the file above; empty: updog's own settings only. kMalformed, naming line or
  // setting, where it is no TOML, or a default is one that its setting cannot have.
  static base::Result<SettingsSchema> Create(std::string_view image_toml);

  // Defaults that the image gives elsewhere: they hold where the file above gives none. kMalformed,
  // naming the setting, for one that it cannot have.
  base::Result<> AddDefaults(const Settings& defaults);

  // What holds where nothing was set: the image's defaults over updog's own.
  // updates.metadata-base-url and updates.targets-base-url have one only if the image gives it,
  // updates.seed never.
  const Settings& defaults() const { return defaults_; }
  const Settings& image_defaults() const { return image_defaults_; }

  // kUsage, one line that names the setting and says what is wrong: no such setting, another type,
  // or a value that it cannot have. Null is a value of each but updates.seed.
  base::Result<> Check(std::string_view name, const base::json::Value& value) const;
  base::Result<> CheckAll(const Settings& settings) const;

  // The bodies of PATCH /settings ({"updates": {"seed": 17}}, with or without an outer "settings")
  // and of PATCH /settings/keypair (["settings.updates.seed=17"]), checked. kUsage or kMalformed.
  base::Result<SettingChanges> ParseChanges(std::string_view json) const;
  base::Result<SettingChanges> ParsePairs(std::string_view json) const;
  // [settings.updates] …: a TOML file with the one table `settings`, checked.
  base::Result<Settings> ParseUserData(std::string_view toml) const;

 private:
  base::Result<> AddImageSetting(const std::string& name, const base::json::Value& value);
  base::Result<SettingKind> KindOf(std::string_view name) const;
  base::Result<base::json::Value> ParseText(std::string_view name, std::string_view text) const;

  std::map<std::string, SettingKind, std::less<>> image_kinds_;  // of the image's own settings
  Settings image_defaults_;
  Settings defaults_;
};

}  // namespace api
