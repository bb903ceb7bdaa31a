// The verbs' rules: what each of them demands of the flags and does to them. Pure functions; the
// disk, its locks and its transactions are signpost.h's. Thread-safe.
//
// The promise behind the rules (tests/signpost/verbs_test.cc walks all states that the verbs, the
// selector and failing starts can reach): there is always a set that will boot and is whole, and a
// set is never started while it may hold half an image.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "partitions/boot_flags.h"

namespace signpost {

using partitions::BootFlags;

// By role, not by name: the active set is the one that runs.
struct RoleFlags {
  BootFlags active;
  BootFlags inactive;
  bool boot_ever_succeeded = false;

  bool operator==(const RoleFlags&) const = default;
};

// A good boot gives a set this many starts.
constexpr std::uint8_t kTriesOfGoodSet = 3;

// Refused (kState) while the running version is on trial: the other set is then the only one that
// is known to be good.
base::Result<> ClearInactive(RoleFlags& flags);
// kUsage unless `tries` is 1 to 15.
base::Result<> MarkInactiveValid(RoleFlags& flags, std::uint8_t tries);
// Needs an inactive set that was cleared and then marked valid; it starts next.
base::Result<> UpgradeToInactive(RoleFlags& flags);
base::Result<> CancelUpgrade(RoleFlags& flags);
// Needs an inactive set that will boot, and makes it the one that starts next: one without tries is
// given one.
base::Result<> RollbackToInactive(RoleFlags& flags);
base::Result<> MarkSuccessfulBoot(RoleFlags& flags);

}  // namespace signpost
