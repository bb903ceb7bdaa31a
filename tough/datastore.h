// Datastore: the cache directory of one repository. Keeps bytes durably; verifies nothing, so that
// whoever loads must.
//
//   root.json timestamp.json snapshot.json targets.json   what is trusted now, exactly as received
//   ROLE.json                                             delegated roles, percent-encoded
//   root_history/N.root.json                              the roots that led there
//   latest_known_time                                     of the last refresh that succeeded whole
//   lock                                                  held while a Datastore is open
//
// Each file is replaced as a whole (temporary file, fsync, rename, fsync of the directory): a cut
// leaves the old or the new one. A file that cannot be used (a link, a directory, too large, not
// readable) counts as absent: losing the cache costs downloads and the floor against rollback,
// while insisting on it could cost every later update (R1). Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/file.h"
#include "base/result.h"
#include "base/time.h"

namespace tough {

class Datastore {
 public:
  // Makes the directory if it is absent, takes its lock, and removes temporary files that a killed
  // process left. kBusy: another process (or another Datastore of this one) has it open.
  static base::Result<Datastore> Open(const std::string& directory);

  // `role` is "root", "timestamp", "snapshot", "targets" or the name of a delegated role. One with
  // a name too long for a file is not kept: it is asked for each time.
  std::optional<std::string> Load(std::string_view role, std::uint64_t max_bytes) const;
  base::Result<> Store(std::string_view role, std::string_view bytes);
  // One that is not there is no error.
  base::Result<> Remove(std::string_view role);

  std::optional<std::string> LoadPastRoot(std::uint64_t version, std::uint64_t max_bytes) const;
  base::Result<> StorePastRoot(std::uint64_t version, std::string_view bytes);

  std::optional<base::Time> LatestKnownTime() const;
  base::Result<> StoreLatestKnownTime(base::Time time);

 private:
  Datastore(std::string path, base::FileLock lock, base::UniqueFd directory, base::UniqueFd history)
      : path_(std::move(path)),
        lock_(std::move(lock)),
        directory_(std::move(directory)),
        history_(std::move(history)) {}

  std::optional<std::string> LoadFile(const base::UniqueFd& directory, const std::string& name,
                                      std::uint64_t max_bytes) const;
  base::Result<> StoreFile(const base::UniqueFd& directory, const std::string& name,
                           std::string_view bytes);

  std::string path_;
  base::FileLock lock_;
  base::UniqueFd directory_;
  base::UniqueFd history_;
};

}  // namespace tough
