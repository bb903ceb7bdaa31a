// The repository that a publisher changes: opened as it is published, changed, checked as a host
// would, and only then made visible.
//
// One process at a time per repository (a lock in its directory). Whatever fails leaves hosts with
// what they see now. Not thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "base/time.h"
#include "tough/client.h"
#include "tough/editor.h"
#include "tough/http_transport.h"
#include "tough/publish.h"
#include "updog/publish/next_state.h"

namespace updog::publish {

// When what is signed now expires.
struct Expiries {
  base::Time targets;
  base::Time snapshot;
  base::Time timestamp;
};

struct RepositoryOptions {
  std::string directory;  // holds metadata/ and targets/; made if absent
  // Paths: the root.json that is trusted, then those after it that are not published yet.
  std::vector<std::string> roots;
  std::vector<tough::SigningKey> keys;
  Expiries expires;
};

class Repository {
 public:
  // Reads and verifies what is published, expired or not; where there is nothing yet it begins a
  // repository. kBusy while somebody else publishes into it.
  static base::Result<Repository> Open(RepositoryOptions options);
  Repository(Repository&&) noexcept;
  ~Repository();

  const std::string& directory() const;
  // The manifest that is published, if there is one.
  const std::optional<std::string>& manifest() const { return manifest_; }

  // What will be changed: the roles concerned get their new expiry, and keys that are not enough
  // for them are refused now, before the work begins. The manifest and the images may belong to
  // delegated roles, whose keys then do.
  base::Result<> BeginManifest();
  base::Result<> BeginRelease(const std::vector<std::string>& target_names);
  base::Result<> BeginTimestamp();

  bool Lists(const std::string& target_name);
  // kState for a name that is published with other bytes: hosts of an older release would get them.
  base::Result<> AddTarget(const std::string& name, const std::string& path);
  base::Result<> SetManifest(const std::string& text);

  // Puts the targets into their places, where nobody sees them yet; signs; refreshes to the new
  // state as a new host would and as one would that knows the old state, downloads what is new, and
  // finds every image of the manifest; then publishes the metadata, the timestamp last.
  base::Result<> Publish(base::Time now);

  // What expires first of that for which keys were not asked: "targets expires
  // 2026-12-01T00:00:00Z" where that is before `time`.
  std::vector<std::string> ExpiringBefore(base::Time time) const;

 private:
  struct Parts;
  explicit Repository(std::unique_ptr<Parts> parts);
  base::Result<> ReadPublished();
  base::Result<> Renew(const std::set<std::string>& roles);
  base::Result<> Check(tough::Client& host, base::Time now);

  // In one place, since the clients point into it.
  std::unique_ptr<Parts> parts_;
  std::optional<std::string> manifest_;
};

}  // namespace updog::publish
