// RepositoryEditor: builds the next state of a TUF repository with consistent snapshots, from
// nothing or from what is published, and signs it. In memory; PublishRepository() writes.
//
// Members of the published metadata that we do not know are kept. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "tough/schema.h"
#include "tough/signing_key.h"
#include "tough/target_description.h"

namespace tough {

// The metadata files of a repository as they are published.
struct PublishedMetadata {
  std::string root;
  std::string timestamp;
  std::string snapshot;
  std::string targets;
};

struct MetadataFile {
  std::string name;  // "1.targets.json"
  std::string bytes;
};

class RepositoryEditor {
 public:
  // An empty repository. `root` has to meet its own threshold and to say consistent_snapshot;
  // kUnsupported otherwise.
  static base::Result<RepositoryEditor> Create(std::string_view root);
  // The repository that is published: every file is verified under `root`, as a client would, but
  // may have expired.
  static base::Result<RepositoryEditor> Open(const PublishedMetadata& published);

  // For the next state: a role for which one of these is called is signed anew, and with it those
  // that list it; another one stays as it is published, and its keys are not needed.
  // kRollback for a version that is not above the published one, since clients hold on to that.
  // Without a version it is the next one, or 1; without an expiry the published one stays.
  base::Result<> SetVersion(Role role, std::uint64_t version);
  void SetExpires(Role role, base::Time expires);

  // Lists a target, in the place of one of the same name. kUsage for names that clients read
  // differently.
  base::Result<> AddTarget(std::string_view name, const TargetDescription& description);

  // Is there anything to sign?
  bool changed() const;

  // Signs what has changed, each role with those of `keys` that root lists for it, and answers all
  // files in the order in which they are to be published: root, targets, snapshot, timestamp. The
  // same input and Ed25519 keys give the same bytes. kUsage if a role has no expiry, kUntrusted if
  // the keys are not enough.
  base::Result<std::vector<MetadataFile>> Sign(std::span<const SigningKey> keys) const;

 private:
  // A role on its way to its next version.
  struct Draft {
    base::json::Object document;  // without signatures
    std::string published_bytes;  // empty if there are none
    std::uint64_t published_version = 0;
    std::optional<std::uint64_t> version;
    bool changed = false;

    std::uint64_t NextVersion() const;
    // Lists a child, if it has changed, in what is then changed too.
    void List(std::string_view name, const Draft& child, std::string_view bytes);
  };

  explicit RepositoryEditor(std::string root_bytes, Root root);
  base::Result<> ReadPublished(const PublishedMetadata& published);
  base::json::Object& Change(Role role);
  base::Result<std::string> SignDraft(const Draft& draft, Role role,
                                      std::span<const SigningKey> keys) const;

  std::string root_bytes_;
  Root root_;
  std::map<Role, Draft> drafts_;  // of targets, snapshot and timestamp
};

}  // namespace tough
