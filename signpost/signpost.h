// Signpost: the state machine of the boot flags. Every change of what boots next goes through here.
//
// A verb is one committed transaction on the partition table (partitions/partition_table.h): it
// reads the flags under the table lock, checks what must hold, and writes all of its change or
// none; a cut at any instant leaves the old flags or the new ones. Nothing is written when nothing
// changes. A refusal (ErrorCode::kState) says what is in the way.
//
// Two locks, both on the disk itself (docs/decisions/0003-locks-on-the-disk.md):
//   update lock  a whole update; shown as an UpdateLock to every verb that changes what the
//                inactive set's flags say, so that nobody flips them beneath a running update
//   table lock   one transaction; taken inside each verb. MarkSuccessfulBoot needs no other:
//                it must work while an update is being prepared
//
// A Signpost holds no open file and no state of the flags: each call reads the disk anew. Calls on
// one object from several threads are safe; the locks order them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/fd.h"
#include "base/result.h"
#include "partitions/boot_flags.h"
#include "partitions/extent.h"
#include "partitions/os_disk.h"
#include "partitions/partition_table.h"
#include "partitions/slot_selection.h"
#include "signpost/verbs.h"

namespace signpost {

using partitions::Extent;
using partitions::Slot;

// "a" or "b", in either case. kUsage.
base::Result<Slot> ParseSlot(std::string_view text);

// A disk image, or a disk that does not carry the running root, and the set to be taken as the
// active one.
struct ChosenDisk {
  std::string path;
  Slot active = Slot::kA;
};

// One set of partitions.
struct SetStatus {
  BootFlags flags;
  Extent boot;
  Extent root;
  Extent hash;
};

struct Status {
  std::string disk;
  Slot active = Slot::kA;
  std::optional<Slot> next;  // what the selector will start; none: nothing on this disk will boot
  bool boot_ever_succeeded = false;
  SetStatus a;
  std::optional<SetStatus> b;  // absent on a disk with one set

  // Null where the disk has no such set.
  const SetStatus* set(Slot slot) const {
    if (slot == Slot::kA) return &a;
    return b ? &*b : nullptr;
  }
  // Whether the running version has not reported a good boot yet: the other set is then the only
  // one that is known to be good, and must not be touched.
  bool running_on_trial() const;
};

// Held while an update runs: released by destruction, and by the kernel when the process ends in
// any way.
class UpdateLock {
 public:
  UpdateLock(UpdateLock&&) = default;
  UpdateLock& operator=(UpdateLock&&) = default;

 private:
  friend class Signpost;
  explicit UpdateLock(base::UniqueFd disk) : disk_(std::move(disk)) {}
  base::UniqueFd disk_;
};

class Signpost {
 public:
  // Finds the disk and reads its table once. Without a `chosen` disk: the running system's. A
  // chosen disk that carries the running root must name the set that runs; kMismatch otherwise.
  static base::Result<Signpost> Open(std::optional<ChosenDisk> chosen,
                                     partitions::SystemView system);

  const std::string& disk() const { return disk_; }
  Slot active() const { return active_; }
  Slot inactive() const { return partitions::Other(active_); }

  base::Result<Status> ReadStatus() const;
  // The inactive set, or kState on a disk with one set only ("there is no inactive set").
  base::Result<SetStatus> ReadInactive() const;

  // kBusy at once if another process, or another lock of this one, holds it.
  base::Result<UpdateLock> LockForUpdate() const;

  // Refused while the running version is on trial. Afterwards the selector never starts the
  // inactive set, so that its partitions may be written.
  base::Result<> ClearInactive(const UpdateLock& lock);
  // Blesses what was written: `tries` (1..15) starts.
  base::Result<> MarkInactiveValid(const UpdateLock& lock, std::uint8_t tries = 1);
  // The inactive set starts next. Needs one that is marked valid and not yet upgraded to.
  base::Result<> UpgradeToInactive(const UpdateLock& lock);
  // Takes UpgradeToInactive back; the inactive set stays valid.
  base::Result<> CancelUpgrade(const UpdateLock& lock);
  // Needs an inactive set that will boot, and makes it the one that starts next.
  base::Result<> RollbackToInactive(const UpdateLock& lock);
  // The running version works: it is successful, and its tries are given back.
  base::Result<> MarkSuccessfulBoot();
  // Writes both copies of the table as they are.
  base::Result<> RewriteTable();

 private:
  Signpost(std::string disk, Slot active, partitions::SystemView system)
      : disk_(std::move(disk)), active_(active), system_(std::move(system)) {}

  using Verb = std::function<base::Result<>(RoleFlags&)>;
  enum class Needs : std::uint8_t { kActive, kBothSets };
  base::Result<> Change(Needs needs, const Verb& verb);

  std::string disk_;
  Slot active_;
  partitions::SystemView system_;
};

}  // namespace signpost
