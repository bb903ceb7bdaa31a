// The directory in which the settings' store lies, one directory a version, and the symbolic link
// that says which one counts. Shared by the store, by what makes it at the first boot, and by the
// migrator.
//
//   DATASTORE/current -> VERSION
//   DATASTORE/previous -> VERSION                the one that counted before
//   DATASTORE/VERSION/settings.json
//   DATASTORE/VERSION.new, DATASTORE/migration   in the making; count for nothing
//
// Each link is replaced by rename(2): at every instant current names the old store or the new one,
// whole. Not thread-safe; processes take LockDatastore().
#pragma once

#include <optional>
#include <string>

#include "api/settings.h"
#include "base/file.h"
#include "base/result.h"
#include "updog/version.h"

namespace api {

// Makes the directory if it is absent. kBusy: another process works on it.
base::Result<base::FileLock> LockDatastore(const std::string& datastore);

// Which version's store counts; nothing where there is none yet. kMalformed: the link leads
// elsewhere.
base::Result<std::optional<updog::Version>> CurrentVersion(const std::string& datastore);

// Whose counted before that, and can be gone back to; nothing where there was none, or the link
// leads elsewhere: nothing depends on it but the way back.
std::optional<updog::Version> PreviousVersion(const std::string& datastore);

// The settings that a version's store, or any directory of that form, holds.
base::Result<Settings> ReadSettings(const std::string& directory);
// Durably, replacing the file as a whole. Removes what an earlier write left that was cut. For
// whoever has the lock, or a directory of its own. kTooLarge: ReadSettings() would not take them.
base::Result<> WriteSettings(const std::string& directory, const Settings& settings);

// Makes `directory`, which holds a finished store, the one of `version`, and the one that counts;
// the one that counted becomes the previous one, and what is neither is removed. Order: the new
// store is durable under its name; previous; current. A cut leaves the old store or the new one in
// place, and at worst the other's remains beside it.
base::Result<> SwitchStore(const std::string& datastore, const std::string& directory,
                           const updog::Version& version);

// Makes the previous store the one that counts, and the other way round. kNotFound: there is none.
// A cut leaves the one or the other in place; in between, the store that counted is not kept.
base::Result<> SwitchBack(const std::string& datastore);

// For each start, before anything else: removes what a cut left behind, and says which version's
// store counts; nothing where there is none. Where the link was lost, the only store there is
// counts and is linked again, with a warning; kState where there are several: a person has to say
// which. A store is never removed but beside one that counts.
base::Result<std::optional<updog::Version>> RecoverStore(const std::string& datastore);

}  // namespace api
