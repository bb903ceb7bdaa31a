// ManifestEditor: a publisher's changes to an update manifest. Members that we do not know stay as
// they are, and so does the order of the updates.
//
// Pure; reading and writing the file is the caller's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "updog/manifest.h"
#include "updog/version.h"
#include "updog/waves.h"

namespace updog {

// The updates of a manifest that an edit is about: those that agree with all that is named.
struct Selector {
  std::optional<std::string> variant;
  std::optional<std::string> arch;
  std::optional<Version> version;
};

bool Selects(const Selector& selector, const Update& update);

struct NewUpdate {
  std::string variant;
  std::string arch;
  Version version;
  // Default: the highest among the version and the maxima of this variant and architecture.
  std::optional<Version> max_version;
  Images images;
};

class ManifestEditor {
 public:
  // A manifest that offers nothing.
  static ManifestEditor Create();
  // Unusable waves of an update are no error here: SetWaves mends them.
  static base::Result<ManifestEditor> Parse(std::string_view text);

  // With empty waves. The maximum becomes that of every update of the variant and architecture,
  // since hosts would go back and forth between different ones. kState if the version is listed,
  // or the maximum would offer a withdrawn version again: that is to be removed first.
  base::Result<> AddUpdate(const NewUpdate& update);

  // These two need a selector that finds updates of one version only (kUsage otherwise), for one
  // or more variants and architectures; kNotFound for none.
  base::Result<> RemoveUpdates(const Selector& selector);
  base::Result<> SetWaves(const Selector& selector, const Waves& waves);

  // kNotFound if the selector, which names no version, finds nothing.
  base::Result<> SetMaxVersion(const Selector& selector, const Version& max_version);

  // Takes the version that the selector names, or the newest of each variant and architecture, out
  // of the offer, and keeps it in the member `halted`, which no host takes from: nobody starts with
  // it any more, whatever seed, settings or lock say, and who runs it stays. kNotFound.
  base::Result<> Halt(const Selector& selector, base::Time now);
  // Offers what is halted again. The waves go on where they stood still: who was ready when it was
  // halted is ready at `now`, everybody else as long after as there was left. kNotFound; kState if
  // the version is listed again already.
  base::Result<> Resume(const Selector& selector, base::Time now);
  // The waves of the version that the selector names, anew, whether it is offered or halted. Those
  // of a halted one stand still: they come as long after its resumption as they would after `now`.
  // kUsage without a version, kNotFound, kState for a withdrawn one.
  base::Result<> Reschedule(const Selector& selector, const Waves& waves, base::Time now);
  // Lowers the maximum to the newest older version that is listed, where the selector's version is
  // listed or halted: who runs it goes back. kUsage without a version, kNotFound, kState where no
  // older one is left.
  base::Result<> Withdraw(const Selector& selector);
  // Removes what lies above its maximum; answers what that was, as VARIANT VERSION.
  std::vector<std::string> DropWithdrawn(const Selector& selector);

  // Replaces all migrations by those of a Release.toml, which has a `version` and a table
  // `migrations`. kMalformed.
  base::Result<> SetMigrations(std::string_view release_toml);

  std::string Serialize() const;

 private:
  explicit ManifestEditor(base::json::Object document) : document_(std::move(document)) {}

  base::json::Array& updates() { return *document_.Find("updates")->array(); }
  // Indexes into updates().
  base::Result<std::vector<std::size_t>> Find(const Selector& selector) const;
  base::Result<std::vector<std::size_t>> FindOneVersion(const Selector& selector) const;

  // Indexes into the member `halted`.
  base::Result<std::vector<std::size_t>> FindHalted(const Selector& selector) const;
  // Offers a halted update again, with these waves.
  base::Result<> Restore(std::size_t index, const Waves& waves);

  base::json::Object document_;
};

}  // namespace updog
