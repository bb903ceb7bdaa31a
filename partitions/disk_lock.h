// Locks on the disk itself: no path has to be agreed on, they work for whoever may write the disk,
// on image files too, and the kernel drops them when the last descriptor is closed, however its
// process ended. docs/decisions/0003-locks-on-the-disk.md
//
// Both belong to the open file description: two opens in one process exclude each other like two
// processes. Lock order: first the update lock, then the table lock.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace partitions {

enum class Sharing : std::uint8_t { kShared, kExclusive };

// Longer than udev probes a disk or another transaction takes; a wait beyond it means that somebody
// holds the disk for good.
constexpr std::chrono::milliseconds kTableLockPatience{10'000};

// The table lock: flock(2) on the disk's node, systemd's block device locking protocol, which udev
// and systemd-repart keep too. Held until `fd` is closed. kBusy after `patience`.
base::Result<> LockTable(int fd, Sharing sharing, const std::string& disk,
                         std::chrono::milliseconds patience = kTableLockPatience);

// The update lock: a write lock of open file description (fcntl(2), F_OFD_SETLK) on one byte far
// beyond the end of any disk. Held until the result is destroyed. kBusy at once.
base::Result<base::UniqueFd> LockUpdate(const std::string& disk);

}  // namespace partitions
