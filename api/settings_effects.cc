#include "api/settings_effects.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "updog/toml.h"

namespace api {
namespace {

using base::ErrorCode;
using base::json::Member;
using base::json::Object;

struct ConfigKey {
  std::string_view setting;
  std::string_view key;
};

constexpr auto kConfigKeys = std::to_array<ConfigKey>({
    {"network.https-proxy", "https_proxy"},
    {"network.no-proxy", "no_proxy"},
    {"updates.ignore-waves", "ignore_waves"},
    {"updates.metadata-base-url", "metadata_base_url"},
    {"updates.seed", "seed"},
    {"updates.targets-base-url", "targets_base_url"},
    {"updates.version-lock", "version_lock"},
});

// In the kernel's order, lowest first.
constexpr std::array<std::string_view, 3> kModes = {"none", "integrity", "confidentiality"};

// "none [integrity] confidentiality": the one that holds.
std::size_t PresentMode(std::string_view text) {
  const auto* const mode = std::ranges::find_if(kModes, [&](std::string_view name) {
    return text.find(fmt::format("[{}]", name)) != std::string_view::npos;
  });
  return mode == kModes.end() ? 0 : static_cast<std::size_t>(mode - kModes.begin());
}

std::size_t Rank(std::string_view wanted) {
  const auto* const mode = std::ranges::find(kModes, wanted);
  return mode == kModes.end() ? 0 : static_cast<std::size_t>(mode - kModes.begin());
}

}  // namespace

base::Result<Settings> SettingsInConfig(std::string_view base_toml) {
  const Object config = TRY(updog::ParseToml(base_toml));
  Settings settings;
  for (const auto& [setting, key] : kConfigKeys) {
    const base::json::Value* value = config.Find(key);
    if (value != nullptr && setting != "updates.seed") settings.emplace(setting, *value);
  }
  return settings;
}

base::Result<std::string> RenderConfig(std::string_view base_toml, const Settings& settings) {
  Object config = TRY_CONTEXT(updog::ParseToml(base_toml), "the image's configuration of updog");
  for (const auto& [setting, key] : kConfigKeys) {
    const auto found = settings.find(setting);
    if (found != settings.end()) config.Set(key, found->second);
  }
  std::string toml = "# Follows from the settings (apiclient set); changes here are lost.\n";
  for (const Member& member : config.members()) {
    if (member.value.object() != nullptr) {
      return base::Fail(
          ErrorCode::kMalformed,
          fmt::format("the image's configuration of updog: {:.60}: is a table", member.name));
    }
    // JSON's strings, integers, booleans and arrays of them are TOML's too.
    toml += fmt::format("{} = {}\n", member.name,
                        base::json::Serialize(member.value, base::json::Style::kCompact));
  }
  return toml;
}

base::Result<> RaiseLockdown(const std::string& path, std::string_view wanted) {
  constexpr std::uint64_t kMaxBytes = 4096;
  const auto text = base::ReadFile(path, kMaxBytes);
  if (!text) {
    base::log::Info(fmt::format("kernel lockdown: {}", text.error().message()));
    return {};
  }
  const std::size_t present = PresentMode(*text);
  if (Rank(wanted) < present) {
    base::log::Info(fmt::format("kernel lockdown: {} holds from the next start", wanted));
  }
  if (Rank(wanted) <= present) return {};
  base::UniqueFd file = TRY(base::OpenFile(path, O_WRONLY));
  TRY(base::WriteAll(file.get(), base::AsBytes(wanted), path));
  return file.Close(path);
}

}  // namespace api
