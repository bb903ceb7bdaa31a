// The migrator: carries the settings of the version that ran before to the one that runs now,
// forward after an update, backward after a fallback or a rollback.
//
// The programs that do it were published with the release, and saved by updog before the reboot.
// They are verified again, offline, against the root that the running image was shipped with, and
// run from sealed memory: what is executed is what was verified, whatever lies on the disk.
//
// Nothing of the present store is changed before all is done: the programs work on a copy beside
// it, what comes out is checked against the running image's settings, and one rename of a symbolic
// link makes it the store. A cut before that leaves the old store, after it the new one; the next
// start begins anew, or finds nothing to do.
//
// The store of the version before is kept (`previous`) until the next migration. A version that was
// good here, and whose settings cannot be carried back, takes up its own again: what was set since
// is not in them, and a warning says so. A version on trial does not: it is given up, and loses
// nothing.
//
// Not thread-safe; other processes are kept away by the store's lock.
#pragma once

#include <chrono>
#include <string>

#include "api/settings_store.h"
#include "base/result.h"

namespace api {

struct MigratorOptions {
  SettingsPaths paths;
  // Before the paths that the image's configuration of updog names.
  std::string root = {};
  // Whether the running version has never been good yet.
  bool on_trial = false;
  // For each program: one that hangs must not keep the host from coming up.
  std::chrono::seconds time_limit{60};
};

// Ok with nothing done where there is no store yet, or it is the running version's; and where the
// running version took up what it had before. An error means that the store is what it was:
//   kState      the link to the store was lost, and several may be meant
//   kNotFound   nothing was saved, a migration is missing, or none leads to the running version
//   kUntrusted, kMismatch, …   what was saved does not verify
//   kFailed     a program failed, or took too long
//   kUsage      what came out are not settings of the running version
base::Result<> Migrate(const MigratorOptions& options);

}  // namespace api
