// Settings: what a host's owner decides, by name. Values and pure functions.
//
// A setting has a dotted name and a JSON value: "updates.seed" is 17. Names are given with or
// without the leading "settings."; inside the program they never have it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace api {

using Settings = std::map<std::string, base::json::Value, std::less<>>;

// What a change wants: a value for each name; null takes the setting back to the image's default.
using SettingChanges = Settings;

// {"updates": {"seed": 17}}
base::json::Object SettingsToJson(const Settings& settings);

// The inverse; an object counts as names only, an array as a value. An outer "settings" is taken
// off if it is the only member. kMalformed where a name is empty or has a dot.
base::Result<Settings> SettingsFromJson(const base::json::Object& document);

// "settings.updates.seed" as "updates.seed".
std::string_view WithoutSettings(std::string_view name);

// The elements of a list of strings; what is none is left out.
std::vector<std::string> TextsOf(const base::json::Value& list);

// Those whose full name ("settings.updates.seed") begins with `prefix`; a prefix without the
// leading "settings" counts as if it had it. Empty: all.
Settings SettingsWithPrefix(const Settings& settings, std::string_view prefix);

}  // namespace api
