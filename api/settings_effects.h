// What follows from the settings: the configuration of updog, and the kernel's lockdown mode. And
// the other way round: what the image's configuration of updog says of settings.
#pragma once

#include <string>
#include <string_view>

#include "api/settings.h"
#include "base/result.h"

namespace api {

// updog.toml: what `base_toml`, the image's own, says, with the keys of those settings that are
// given replaced. kMalformed where the image's is no TOML, or has tables.
base::Result<std::string> RenderConfig(std::string_view base_toml, const Settings& settings);

// What `base_toml` says of settings, but the seed, which each host has of its own. Not checked.
base::Result<Settings> SettingsInConfig(std::string_view base_toml);

// Raises the kernel's mode to the wanted one through `path` (securityfs). The kernel never goes
// back: a lower one holds from the next start. Where the file is absent nothing is done, and said.
base::Result<> RaiseLockdown(const std::string& path, std::string_view wanted);

}  // namespace api
