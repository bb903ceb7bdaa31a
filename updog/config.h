// The configuration file (TOML, by default /etc/updog.toml) and what the running system says of
// itself (os-release(5)).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "partitions/slot_selection.h"
#include "updog/choice.h"
#include "updog/version.h"

namespace updog {

constexpr std::string_view kDefaultConfigPath = "/etc/updog.toml";

struct Config {
  // Keys that Bottlerocket's updog has too. The first three have no default.
  std::string metadata_base_url;
  std::string targets_base_url;
  std::uint32_t seed = 0;  // 0 to 2048, which counts as 2047
  VersionLock version_lock;
  bool ignore_waves = false;
  std::string https_proxy;
  std::vector<std::string> no_proxy;

  std::string trusted_root = "/usr/share/updog/root.json";
  std::string metadata_dir = "/var/cache/updog/metadata";
  std::string migrations_dir = "/var/cache/updog/migrations";
  std::string state_dir = "/var/lib/updog";
  std::string os_release = "/usr/lib/os-release";
  std::string arch;  // default: the machine's (uname)
  // Work on this disk image or unmounted disk instead of the running system; both or none.
  std::string disk;
  std::optional<partitions::Slot> active_set;
  std::string ca_bundle;
  std::string client_certificate;
  std::string client_key;
};

// kUsage, naming file and key, for a key that is unknown, missing, of the wrong type or of a value
// that it cannot have; the error of reading the file is passed on with its path.
base::Result<Config> LoadConfig(const std::string& path);
// The same from text; `path` is for messages.
base::Result<Config> ParseConfig(std::string_view toml, std::string_view path);
// The same of what an image brings along, to which the settings of each host are added: what has no
// default may be missing.
base::Result<Config> ParseImageConfig(std::string_view toml, std::string_view path);

// A host's seed. kUsage: not a whole number from 0 to 2047; 2048 is one too (kSeeds).
base::Result<std::uint32_t> ParseSeed(const base::json::Value& value);

struct OsRelease {
  std::string variant_id;  // empty where it is not set, like the others
  std::string version_id;
  std::string build_id;
  std::string pretty_name;
};

base::Result<OsRelease> LoadOsRelease(const std::string& path);
OsRelease ParseOsRelease(std::string_view text);

}  // namespace updog
