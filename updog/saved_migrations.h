// The migrations that an update needs, kept from before the reboot until after it, with all that
// proves them offline.
//
//   DIR/metadata/  a cache of tough's (tough/datastore.h)
//   DIR/targets/   manifest.json, and each migration, under its plain name
//   DIR.new/       in the making
//
// updog writes it while the update is prepared; the version that starts next (or the old one again,
// after a fallback) believes nothing of it that its own trusted root does not verify. Expired
// metadata is accepted then: the host may have been switched off for a year.
//
// A version on trial that does not find them is given up, and not tried again. So what is saved is
// looked at once more before a set becomes next to boot, and is kept on the private partition where
// the other one could not be mounted.
//
// Roots older than those that updog needs are kept too: an older image, to which a host goes back,
// was shipped with an older root.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/sink.h"
#include "base/time.h"
#include "tough/client.h"
#include "tough/http_transport.h"
#include "tough/schema.h"
#include "tough/transport.h"
#include "updog/config.h"
#include "updog/manifest.h"
#include "updog/version.h"

namespace updog {

// The directories that may be DIR.
struct MigrationPlaces {
  std::string usual;       // Config::migrations_dir, on the data partition
  std::string substitute;  // below Config::state_dir: where the usual one is in memory only;
                           // they may be the same
};
MigrationPlaces PlacesOf(const Config& config);

struct MigrationSource {
  std::string trusted_root;  // the bytes of a root.json
  std::string metadata_base_url;
  std::string targets_base_url;
};

// Which settings the migrations are for, and what they are to become.
struct VersionChange {
  Version from;
  Version to;
};

// Fetches the metadata anew, the manifest, and the migrations that it names for the change, into
// DIR.new: whole and verified, or not at all. What was saved before stays.
base::Result<> FetchMigrations(tough::Transport& transport, const MigrationSource& source,
                               const VersionChange& change, const MigrationPlaces& places,
                               base::Time now);

// Puts DIR.new in the place of DIR, durably and at once, where the file system can do that: at
// every instant the old ones are there or the new ones. Where it cannot, a cut may leave neither,
// and they are fetched again. To be called when nothing needs the old ones any more.
base::Result<> PutMigrationsInPlace(const MigrationPlaces& places);

// What was saved, verified offline. Not thread-safe.
class SavedMigrations {
 public:
  // kNotFound: nothing is saved; otherwise as tough::Client.
  static base::Result<SavedMigrations> Open(const std::string& directory,
                                            std::string_view trusted_root);

  const Manifest& manifest() const { return manifest_; }
  // What is signed of a migration. As tough::Client.
  base::Result<tough::TargetFile> Find(const std::string& name);
  // As it was published, verified before sink.Finish(). kNotFound: it was not saved.
  base::Result<> Read(const std::string& name, base::ByteSink& sink);

 private:
  SavedMigrations(std::unique_ptr<tough::HttpTransport> transport, tough::Client client,
                  Manifest manifest);
  std::unique_ptr<tough::HttpTransport> transport_;
  tough::Client client_;
  Manifest manifest_;
};

struct FoundMigrations {
  SavedMigrations saved;
  std::vector<std::string> names;  // in the order in which they run
};

// What is saved for the change: all its migrations are there, and verify. kNotFound, and as
// tough::Client.
base::Result<FoundMigrations> FindSavedMigrations(const MigrationPlaces& places,
                                                  std::string_view trusted_root,
                                                  const VersionChange& change);

// The same, of the change from the version that runs (os-release) to this one. kState, with what to
// do; kBusy: another process looks at them.
base::Result<> RequireSavedMigrations(const Config& config, const Version& to);

// Whether what is saved for the change are the migrations that the repository names for it now.
bool AreMigrationsSaved(const Config& config, const VersionChange& change,
                        const std::vector<std::string>& names, tough::Client& repository);

}  // namespace updog
