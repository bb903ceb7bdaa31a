#include "api/settings_start.h"

#include <fmt/format.h>

#include <bit>
#include <string>
#include <utility>

#include "api/datastore.h"
#include "base/file.h"
#include "base/log.h"
#include "updog/waves.h"

namespace api {
namespace {

constexpr std::uint64_t kMaxUserDataBytes = std::uint64_t{1} << 20;

// A remainder of uniform bits is uniform only because the number of seeds divides theirs.
static_assert(std::has_single_bit(updog::kSeeds));

base::json::Value MakeSeed(std::uint32_t random) {
  return base::json::Value::Integer(std::int64_t{random % updog::kSeeds});
}

base::Result<Settings> ReadUserData(const SettingsPaths& paths, const SettingsSchema& schema) {
  const auto toml = base::ReadFile(paths.user_data, kMaxUserDataBytes);
  if (!toml && toml.error().code() == base::ErrorCode::kNotFound) return Settings();
  if (!toml) return std::unexpected(toml.error());
  base::log::Info(fmt::format("first start: taking settings from {}", paths.user_data));
  return TRY_CONTEXT(schema.ParseUserData(*toml), fmt::format("user data {}", paths.user_data));
}

base::Result<> MakeStore(const SettingsPaths& paths, std::uint32_t random) {
  const SettingsSchema schema = TRY(LoadSchema(paths));
  Settings settings = TRY(ReadUserData(paths, schema));
  settings.emplace("updates.seed", MakeSeed(random));
  const updog::Version running = TRY(RunningVersion(paths));
  const std::string directory = fmt::format("{}/{}.new", paths.datastore, running.text());
  TRY(base::MakeDirectories(directory, 0700));
  TRY(WriteSettings(directory, settings));
  return SwitchStore(paths.datastore, directory, running);
}

}  // namespace

base::Result<> StartSettings(const SettingsPaths& paths, std::uint32_t random) {
  const base::FileLock lock = TRY(LockDatastore(paths.datastore));
  if (!TRY(RecoverStore(paths.datastore))) TRY(MakeStore(paths, random));
  return TRY(SettingsStore::Open(paths)).Apply(lock);
}

}  // namespace api
