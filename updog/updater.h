// Updater: brings a signed release onto the inactive partition set and makes it next to boot. The
// one place where TUF (tough) and disks (partitions, signpost) meet.
//
// The order, and what it survives: the disk's update lock, held by this object;
// refused while the running version is on trial, or where an image cannot fit; the inactive set's
// flags cleared and committed, so that half an image is never started; each image downloaded,
// verified, written, flushed and read back; only then marked valid and committed; and only then,
// by Apply, made next. A cut at any point leaves the running set bootable and untouched, and the
// same update can be run again. The running set is never written to.
//
// Not thread-safe. Time is a parameter.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/decompress.h"
#include "base/result.h"
#include "base/time.h"
#include "partitions/image_writer.h"
#include "signpost/signpost.h"
#include "tough/client.h"
#include "updog/choice.h"
#include "updog/manifest.h"
#include "updog/progress.h"
#include "updog/staged.h"

namespace updog {

// Refreshes the repository's metadata and reads its manifest.
base::Result<Manifest> LoadManifest(tough::Client& client, base::Time now);

// What stands between a partition and its bytes.
struct PlannedImage {
  std::string_view kind;  // "boot", "root", "hash"
  std::string target;
  std::uint64_t download_bytes = 0;
  base::Compression compression = base::Compression::kNone;
  std::optional<partitions::ExpectedImage> expected;
};

// All that is known of an update before anything is written.
struct Plan {
  const Update* update = nullptr;
  std::array<PlannedImage, 3> images;
  std::vector<std::string> migrations;  // in the order in which they will run
  std::string digest;                   // as in Staged
};

// kNotFound if an image is no target of the repository, or the migrations do not lead from
// `running` to the update. A repository that lists no migrations at all has none to run.
// The plan points to `update`.
base::Result<Plan> MakePlan(tough::Client& client, const Manifest& manifest, const Update& update,
                            const Version& running);

class Updater {
 public:
  // Takes the disk's update lock for as long as the object lives: kBusy if it is held.
  static base::Result<Updater> Open(signpost::Signpost signpost, std::string state_dir);

  // Whether the inactive set holds exactly this update and is marked valid, or even next to boot.
  enum class Place : std::uint8_t { kNowhere, kStaged, kNext };
  base::Result<Place> PlaceOf(const Plan& plan) const;
  // The same of a version that was written before, by its number.
  base::Result<Place> PlaceOf(const Version& version) const;
  // What is staged, if it is known.
  base::Result<std::optional<Staged>> ReadStaged() const;

  // Ends with the inactive set marked valid, not yet next to boot.
  //   kState    the running version is on trial, or there is no inactive set
  //   kNoSpace  an image is larger than its partition: nothing was written where its size is signed
  // `on_cleared` is called once the inactive set is cleared: what led back to the version in it is
  // not needed any more. Its error ends this.
  base::Result<> Prepare(const Plan& plan, tough::Client& client, base::Time now,
                         const std::function<base::Result<>()>& on_cleared,
                         const ProgressCallback& on_progress);
  // Makes the prepared set next to boot, and begins an attempt in the history. kState if none is
  // prepared, or it is next already.
  base::Result<> Apply(base::Time now);
  // Takes Apply back; the set stays prepared. kState if it is not next to boot.
  base::Result<> Revert();

 private:
  Updater(signpost::Signpost signpost, signpost::UpdateLock lock, std::string state_dir);

  void RecordAttempt(const Staged& staged, const signpost::SetStatus& set, base::Time now);

  signpost::Signpost signpost_;
  signpost::UpdateLock lock_;
  std::string state_dir_;
};

}  // namespace updog
