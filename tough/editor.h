// RepositoryEditor: builds the next state of a TUF repository with consistent snapshots, from
// nothing or from what is published, and signs it. In memory; PublishRepository() writes.
//
// Roles go by their names: "targets", "snapshot", "timestamp" and those of delegated roles. For the
// next state a role that is changed is signed anew, and with it those that list it; one whose keys
// were rotated, too. Another one stays as it is published, and its keys are not needed.
//
// Members of the published metadata that we do not know are kept. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "tough/delegation_editor.h"
#include "tough/published_metadata.h"
#include "tough/root_editor.h"
#include "tough/schema.h"
#include "tough/sign.h"
#include "tough/signing_key.h"
#include "tough/target_description.h"

namespace tough {

struct MetadataFile {
  std::string name;  // "1.targets.json"
  std::string bytes;
};

class RepositoryEditor {
 public:
  // An empty repository. `root` has to meet its own threshold and to say consistent_snapshot;
  // kUnsupported otherwise.
  static base::Result<RepositoryEditor> Create(std::string_view root);
  // The repository that is published: every file is verified, as a client would, but may have
  // expired.
  static base::Result<RepositoryEditor> Open(const PublishedMetadata& published);
  // Of one role only, which somebody else puts into the repository.
  static RepositoryEditor CreateRole(std::string_view role);

  // kRollback for a version that is not above the published one, since clients hold on to that;
  // kNotFound for a role that is none. Without a version it is the next one, or 1; without an
  // expiry the published one stays.
  base::Result<> SetVersion(std::string_view role, std::uint64_t version);
  base::Result<> SetExpires(std::string_view role, base::Time expires);

  // Lists a target in a role, in the place of one of the same name. kUsage for names that clients
  // read differently, or that cannot be saved beside those that are listed.
  base::Result<> AddTarget(std::string_view name, const TargetDescription& description,
                           std::string_view role = "targets");
  // kNotFound if the role does not list it.
  base::Result<> RemoveTarget(std::string_view name, std::string_view role = "targets");
  // The role that a client who looks for `name` comes to last, of those that `role` delegates it to
  // with the highest priority, down to the end: the bin. `role` itself if it delegates it to
  // nobody.
  base::Result<std::string> RoleForTarget(std::string_view name,
                                          std::string_view role = "targets") const;

  // The delegations of a role, which is signed anew. Valid until the editor changes. A role that is
  // removed stays listed in the snapshot, since clients refuse a snapshot that lacks one (R45).
  base::Result<DelegationEditor> Delegations(std::string_view role);
  // Gives a role an empty file, whoever delegates to it. kState if it has one.
  base::Result<> AddRole(std::string_view role);
  // Takes a role as others signed it, in the place of the published one, if it has another content.
  // kRollback if its version is not above that; kUsage for names in it that clients read
  // differently. Sign() verifies it against its delegators.
  base::Result<> TakeRole(std::string_view role, std::string_view bytes);
  // Roles that are delegated to and have no file.
  base::Result<std::vector<std::string>> MissingRoles() const;

  // Has everything that root vouches for signed under another root, which need not follow the
  // published one.
  base::Result<> TransferTo(std::string_view root);

  // Is there anything to sign or to publish?
  bool changed() const;

  // What lies at a file's place already, if anything: its signatures are kept where they are right,
  // so that a run that was cut and is repeated gives the same bytes with every kind of key.
  using ExistingFile = std::function<std::optional<std::string>(const std::string& file_name)>;

  // Signs what has changed, each role with those of `keys` that its delegators list, and answers
  // all files in the order in which they are to be published: roots, targets and delegated roles,
  // snapshot, timestamp. Only where the keys of a new root's predecessor signed everything, too, do
  // the roots come last: then there is no moment at which some client would have to try again.
  // The same input and Ed25519 keys give the same bytes. kUsage if a role has no expiry, kNotFound
  // for a role without a file, kUntrusted if the keys are not enough.
  base::Result<std::vector<MetadataFile>> Sign(std::span<const SigningKey> keys,
                                               const ExistingFile& existing = {}) const;

  // One role alone, "targets" or a delegated one, for whoever holds the keys of snapshot and
  // timestamp to take: "NAME.json". Where nobody here delegates to it, every one of `keys` signs.
  base::Result<MetadataFile> SignRole(std::string_view role, std::span<const SigningKey> keys,
                                      Threshold threshold = Threshold::kRequire) const;

 private:
  // A role on its way to its next version.
  struct Draft {
    base::json::Object document;  // without signatures
    std::string published_bytes;  // empty if there are none; or as others signed it
    std::uint64_t published_version = 0;
    std::optional<std::uint64_t> version;
    bool changed = false;
    bool taken = false;  // signed by others

    std::uint64_t NextVersion() const;
    // Lists a child, if it has changed, in what is then changed too.
    void List(std::string_view name, const Draft& child, std::string_view bytes);
  };
  // Who delegates to whom, decoded.
  struct Delegators;
  struct Signing;
  using Drafts = std::map<std::string, Draft, std::less<>>;

  RepositoryEditor() = default;
  base::Result<> ReadPublished(const PublishedMetadata& published);
  base::Result<> ReadDraft(std::string_view role, const std::string& bytes);
  base::Result<Draft*> Find(std::string_view role);
  base::Result<base::json::Object*> Change(std::string_view role);
  base::Result<Delegators> DecodeDelegators() const;
  base::Result<> CheckTaken(std::string_view role, const Draft& draft,
                            const Delegators& delegators) const;
  bool IsStale(std::string_view role, const Draft& draft, const Delegators& delegators) const;
  base::Result<std::string> SignDraft(std::string_view role, const Draft& draft,
                                      const Delegators& delegators, const Signing& signing) const;

  std::vector<std::string> root_bytes_;  // to be published; the last one is what signs count by
  std::optional<Root> root_;
  std::optional<Root> old_root_;  // under which the rest is published, if there is a newer one
  Drafts drafts_;
};

}  // namespace tough
