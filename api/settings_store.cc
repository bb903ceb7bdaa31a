#include "api/settings_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "api/datastore.h"
#include "api/settings_effects.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "updog/config.h"

namespace api {
namespace {

using base::ErrorCode;
namespace fs = std::filesystem;

constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 20;
// A client that opens transactions and never commits fills no memory: they lie below /run.
constexpr std::size_t kMaxTransactions = 64;
constexpr std::uint64_t kMaxTransactionBytes = std::uint64_t{256} << 10;
constexpr std::size_t kMaxNameBytes = 64;

// Empty where there is no such file.
base::Result<std::string> ReadOptional(const std::string& path) {
  auto text = base::ReadFile(path, kMaxFileBytes);
  if (!text && text.error().code() == ErrorCode::kNotFound) return std::string();
  return text;
}

base::Result<> CheckTransactionName(std::string_view name) {
  const auto is_alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const auto is_allowed = [&](char c) {
    return is_alphanumeric(c) || c == '.' || c == '_' || c == '-';
  };
  const bool good = !name.empty() && name.size() <= kMaxNameBytes && is_alphanumeric(name[0]) &&
                    std::ranges::all_of(name, is_allowed);
  if (good) return {};
  return base::Fail(
      ErrorCode::kUsage,
      fmt::format("'{:.80}' is no name of a transaction: 1 to {} letters, digits, '.', "
                  "'_', '-', a letter or digit first",
                  name, kMaxNameBytes));
}

// Makes room for one more transaction: the one that has waited longest gives way. Whoever staged it
// and never came back would otherwise keep everybody from changing settings until the next boot.
base::Result<> MakeRoom(const std::string& directory) {
  std::error_code error;
  std::size_t count = 0;
  fs::path oldest;
  fs::file_time_type oldest_time = fs::file_time_type::max();
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    ++count;
    std::error_code gone;
    const auto time = entry->last_write_time(gone);
    if (gone || time >= oldest_time) continue;
    oldest = entry->path();
    oldest_time = time;
  }
  if (error) return base::FailErrno(error.value(), directory);
  if (count < kMaxTransactions) return {};
  fs::remove(oldest, error);
  if (error) return base::FailErrno(error.value(), oldest.string());
  base::log::Warning(fmt::format(
      "{}: {} transactions are open; this one is the oldest, and dropped", oldest.string(), count));
  return {};
}

// What is staged, nulls included. kNotFound where nothing is.
base::Result<SettingChanges> ReadTransaction(const std::string& path) {
  const std::string text = TRY(base::ReadFile(path, kMaxTransactionBytes, base::Links::kRefuse));
  const base::json::Value document = TRY_CONTEXT(base::json::Parse(text), path);
  if (document.object() == nullptr) return base::Fail(ErrorCode::kMalformed, path);
  return TRY_CONTEXT(SettingsFromJson(*document.object()), path);
}

void Merge(const SettingChanges& changes, Settings& into) {
  for (const auto& [name, value] : changes) {
    if (value.is_null()) {
      into.erase(name);
    } else {
      into[name] = value;
    }
  }
}

// What was set, over the defaults.
Settings Over(const Settings& defaults, const Settings& stored) {
  Settings holding = stored;
  holding.insert(defaults.begin(), defaults.end());
  return holding;
}

std::vector<std::string> ChangedNames(const Settings& before, const Settings& after) {
  std::vector<std::string> names;
  for (const auto& [name, value] : after) {
    const auto old = before.find(name);
    if (old == before.end() || old->second != value) names.push_back("settings." + name);
  }
  for (const auto& [name, value] : before) {
    if (!after.contains(name)) names.push_back("settings." + name);
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace

SettingsPaths SettingsPaths::Under(const std::string& root) {
  SettingsPaths paths;
  for (std::string* path :
       {&paths.datastore, &paths.transactions, &paths.image_settings, &paths.user_data,
        &paths.base_config, &paths.config, &paths.lockdown, &paths.os_release}) {
    *path = root + *path;
  }
  return paths;
}

base::Result<SettingsSchema> LoadSchema(const SettingsPaths& paths) {
  const std::string toml = TRY(ReadOptional(paths.image_settings));
  SettingsSchema schema = TRY_CONTEXT(SettingsSchema::Create(toml), paths.image_settings);
  // What the image's configuration of updog says holds too: nobody is to be told something else.
  const std::string config = TRY(ReadOptional(paths.base_config));
  const Settings configured = TRY_CONTEXT(SettingsInConfig(config), paths.base_config);
  TRY_CONTEXT(schema.AddDefaults(configured), paths.base_config);
  return schema;
}

base::Result<updog::Config> LoadImageConfig(const SettingsPaths& paths) {
  return updog::ParseImageConfig(TRY(ReadOptional(paths.base_config)), paths.base_config);
}

base::Result<updog::Version> RunningVersion(const SettingsPaths& paths) {
  const updog::OsRelease release = TRY(updog::LoadOsRelease(paths.os_release));
  return TRY_CONTEXT(updog::Version::Parse(release.version_id),
                     fmt::format("VERSION_ID in {}", paths.os_release));
}

SettingsStore::SettingsStore(SettingsPaths paths, SettingsSchema schema, std::string directory)
    : paths_(std::move(paths)), schema_(std::move(schema)), directory_(std::move(directory)) {}

base::Result<SettingsStore> SettingsStore::Open(SettingsPaths paths) {
  SettingsSchema schema = TRY(LoadSchema(paths));
  const updog::Version running = TRY(RunningVersion(paths));
  const std::optional<updog::Version> current = TRY(CurrentVersion(paths.datastore));
  if (!current) {
    return base::Fail(
        ErrorCode::kNotFound,
        fmt::format("no settings count in {}; updog-settings start makes them, or says why not",
                    paths.datastore));
  }
  if (*current != running) {
    return base::Fail(
        ErrorCode::kState,
        fmt::format("the settings in {} are version {}'s, and were not migrated to {}",
                    paths.datastore, current->text(), running.text()));
  }
  std::string directory = fmt::format("{}/{}", paths.datastore, current->text());
  return SettingsStore(std::move(paths), std::move(schema), std::move(directory));
}

base::Result<Settings> SettingsStore::ReadStored() const {
  Settings stored = TRY(ReadSettings(directory_));
  TRY_CONTEXT(schema_.CheckAll(stored), directory_);
  return stored;
}

base::Result<Settings> SettingsStore::Read() const {
  return Over(schema_.defaults(), TRY(ReadStored()));
}

base::Result<> SettingsStore::Stage(std::string_view transaction, const SettingChanges& changes) {
  TRY(CheckTransactionName(transaction));
  TRY(schema_.CheckAll(changes));
  TRY(base::MakeDirectories(paths_.transactions, 0700));
  const std::string path = TransactionPath(transaction);
  SettingChanges staged;
  if (auto earlier = ReadTransaction(path)) {
    staged = *std::move(earlier);
  } else if (earlier.error().code() != ErrorCode::kNotFound) {
    return std::unexpected(earlier.error());
  } else {
    TRY(MakeRoom(paths_.transactions));
  }
  for (const auto& [name, value] : changes) staged[name] = value;
  const std::string text =
      base::json::Serialize(SettingsToJson(staged), base::json::Style::kCompact);
  if (text.size() > kMaxTransactionBytes) {
    return base::Fail(ErrorCode::kTooLarge, fmt::format("transaction {} is longer than {} bytes",
                                                        transaction, kMaxTransactionBytes));
  }
  return base::ReplaceFile(path, base::AsBytes(text), 0600);
}

base::Result<std::vector<std::string>> SettingsStore::Commit(std::string_view transaction) {
  TRY(CheckTransactionName(transaction));
  const base::FileLock lock = TRY(LockDatastore(paths_.datastore));
  const std::string path = TransactionPath(transaction);
  auto changes = ReadTransaction(path);
  if (!changes && changes.error().code() == ErrorCode::kNotFound) {
    return base::Fail(ErrorCode::kState,
                      fmt::format("nothing is staged in transaction {}", transaction));
  }
  if (!changes) return std::unexpected(changes.error());
  const Settings before = TRY(ReadStored());
  Settings after = before;
  Merge(*changes, after);
  TRY(schema_.CheckAll(after));

  if (after != before) TRY(WriteSettings(directory_, after));
  TRY_CONTEXT(BringIntoForce(after), "the settings are stored, but not all is in force");
  // Last: one that is committed again after a cut changes nothing.
  std::error_code error;
  fs::remove(path, error);
  if (error) return base::FailErrno(error.value(), path);
  return ChangedNames(Over(schema_.defaults(), before), Over(schema_.defaults(), after));
}

base::Result<> SettingsStore::Apply(const base::FileLock& /*lock*/) const {
  return BringIntoForce(TRY(ReadStored()));
}

base::Result<> SettingsStore::Check() const {
  const std::string config = TRY(ConfigOf(TRY(ReadStored())));
  // Where to look for updates may be set later.
  TRY(updog::ParseImageConfig(config, "the configuration of updog that follows"));
  return {};
}

base::Result<std::string> SettingsStore::ConfigOf(const Settings& stored) const {
  // updog's own defaults are those of its configuration too.
  return RenderConfig(TRY(ReadOptional(paths_.base_config)),
                      Over(schema_.image_defaults(), stored));
}

base::Result<> SettingsStore::BringIntoForce(const Settings& stored) const {
  const std::string config = TRY(ConfigOf(stored));
  if (TRY(ReadOptional(paths_.config)) != config) {
    // The proxy's URL may have a password in it.
    TRY(base::ReplaceFile(paths_.config, base::AsBytes(config), 0600));
  }
  const Settings holding = Over(schema_.defaults(), stored);
  return RaiseLockdown(paths_.lockdown, *holding.at("kernel.lockdown").string());
}

std::string SettingsStore::TransactionPath(std::string_view transaction) const {
  return fmt::format("{}/{}.json", paths_.transactions, transaction);
}

}  // namespace api
