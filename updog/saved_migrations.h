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
#include "tough/transport.h"
#include "updog/manifest.h"

namespace updog {

struct MigrationSource {
  std::string trusted_root;  // the bytes of a root.json
  std::string metadata_base_url;
  std::string targets_base_url;
};

// Fetches the metadata anew, the manifest and the named migrations into DIR.new: whole and
// verified, or not at all. What was saved before in `directory` stays.
base::Result<> FetchMigrations(tough::Transport& transport, const MigrationSource& source,
                               const std::vector<std::string>& names, const std::string& directory,
                               base::Time now);

// Puts DIR.new in the place of DIR, durably. To be called when nothing needs the old one any more:
// the inactive set is cleared. A cut in between leaves neither, and the update is prepared again.
base::Result<> PutMigrationsInPlace(const std::string& directory);

// What was saved, verified offline. Not thread-safe.
class SavedMigrations {
 public:
  // kNotFound: nothing is saved; otherwise as tough::Client.
  static base::Result<SavedMigrations> Open(const std::string& directory,
                                            std::string_view trusted_root);

  const Manifest& manifest() const { return manifest_; }
  // As it was published, verified before sink.Finish(). kNotFound: it was not saved.
  base::Result<> Read(const std::string& name, base::ByteSink& sink);

 private:
  SavedMigrations(std::unique_ptr<tough::HttpTransport> transport, tough::Client client,
                  Manifest manifest);
  std::unique_ptr<tough::HttpTransport> transport_;
  tough::Client client_;
  Manifest manifest_;
};

}  // namespace updog
