// What a boot can learn of itself and of the boots before it, besides the boot flags: the log that
// the boot selector left, and the last words of a kernel that panicked.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "partitions/slot_selection.h"

namespace updog {

struct EvidenceSources {
  std::string efi_variables_dir = "/sys/firmware/efi/efivars";
  std::string pstore_dir = "/sys/fs/pstore";
};

// The selector's lines (boot/boot_log.h); empty where there are none: another boot loader, or a
// system without EFI variables.
std::string ReadBootLog(const EvidenceSources& sources);

// Why the selector gave this set up in this boot, if it did.
std::optional<std::string> NotLoaded(std::string_view boot_log, partitions::Slot set);

// "Attempted to kill init! exitcode=0x00000100", from the newest panic that pstore holds. The
// kernel stores what was logged before any panic, oops or restart there; only panics count.
std::optional<std::string> ReadPanic(const EvidenceSources& sources);

// Removes what pstore holds, once the history has it: a record that is found later is then of a
// later boot, and the firmware's store does not fill up.
base::Result<> ClearPanics(const EvidenceSources& sources);

}  // namespace updog
