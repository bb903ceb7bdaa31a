// SettingsStore: the settings of this host, durable, and the transactions that change them.
//
//   DATASTORE/current -> VERSION      the store of the version that wrote it
//   DATASTORE/VERSION/settings.json   what was set: {"updates": {"seed": 17}}; no defaults
//   DATASTORE/lock                    held for one commit, one start, or one migration
//   TRANSACTIONS/NAME.json            what is staged; below /run, so that it ends with the boot
//
// Both files are replaced as a whole: a cut leaves the old settings or the new ones. From the
// settings follow (settings_effects.h) the configuration of updog and the kernel's lockdown mode.
//
// The order of a commit: merge and check; settings.json, durable; updog's configuration, replaced
// atomically; lockdown; the transaction is removed. What a cut or a crash leaves out is done by
// Apply() at the next start, and a transaction that is committed twice changes nothing.
//
// Not thread-safe: a server serialises. Processes are kept apart by the lock (kBusy).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/settings.h"
#include "api/settings_schema.h"
#include "base/file.h"
#include "base/result.h"
#include "updog/config.h"
#include "updog/version.h"

namespace api {

// Where things are. Under("/tmp/x") puts all of them below a directory.
struct SettingsPaths {
  std::string datastore = "/var/lib/updog/datastore";
  std::string transactions = "/run/updog/transactions";
  std::string image_settings = "/usr/share/updog/settings.toml";  // may be absent
  std::string user_data = "/var/lib/updog/user-data.toml";        // may be absent
  std::string base_config = "/usr/share/factory/etc/updog.toml";  // may be absent
  std::string config = "/etc/updog.toml";                         // written
  std::string lockdown = "/sys/kernel/security/lockdown";         // may be absent
  std::string os_release = "/usr/lib/os-release";

  static SettingsPaths Under(const std::string& root);
};

// The image's settings file, what its configuration of updog says of settings, and this version's
// rules.
base::Result<SettingsSchema> LoadSchema(const SettingsPaths& paths);
// What the image's configuration of updog says; the defaults where there is none. As
// updog::ParseImageConfig.
base::Result<updog::Config> LoadImageConfig(const SettingsPaths& paths);
// VERSION_ID of os-release.
base::Result<updog::Version> RunningVersion(const SettingsPaths& paths);

// The transaction of a request that names none.
constexpr std::string_view kDefaultTransaction = "default";

class SettingsStore {
 public:
  // kNotFound: there is no store yet (the first boot's `updog-settings start` makes it); kState: it
  // is another version's than the running one, and was not migrated; kMalformed: it, or the image's
  // file, cannot be used.
  static base::Result<SettingsStore> Open(SettingsPaths paths);

  const SettingsSchema& schema() const { return schema_; }

  // What holds now: what was set, over the image's defaults.
  base::Result<Settings> Read() const;

  // Whether all that is needed of them can be had: they can be read, and what follows from them is
  // a configuration of updog. kUsage, kMalformed.
  base::Result<> Check() const;

  // Adds changes (schema().ParseChanges, ParsePairs) to a transaction, durably for this boot.
  //   kUsage     the transaction's name is not 1 to 64 of A-Z a-z 0-9 . _ - with a letter or digit
  //              first
  //   kTooLarge  the transaction is too large
  // 64 are open at most: the one that has waited longest gives way to a new one.
  base::Result<> Stage(std::string_view transaction, const SettingChanges& changes);

  // Makes a transaction's changes hold. Returns the names ("settings.updates.seed") of those
  // settings that now differ, in order. kState: nothing is staged under this name; kUsage: the
  // changes do not go together; nothing has changed then. Another error after the settings were
  // stored says so: Apply() brings into force what is missing.
  base::Result<std::vector<std::string>> Commit(std::string_view transaction);

  // Brings into force what follows from the settings. Writes only what differs. For the start of
  // the host. `lock` is LockDatastore()'s: without it a commit in between would have its
  // configuration replaced by the one that follows from the settings before.
  base::Result<> Apply(const base::FileLock& lock) const;

 private:
  SettingsStore(SettingsPaths paths, SettingsSchema schema, std::string directory);
  base::Result<Settings> ReadStored() const;
  base::Result<std::string> ConfigOf(const Settings& stored) const;
  base::Result<> BringIntoForce(const Settings& stored) const;
  std::string TransactionPath(std::string_view transaction) const;

  SettingsPaths paths_;
  SettingsSchema schema_;
  std::string directory_;  // DATASTORE/VERSION
};

}  // namespace api
