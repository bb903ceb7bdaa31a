// The boot log: what the selector decided, and why, as user space finds it in the same boot.
//
// The selector prints one line a decision, and leaves the same lines, each ended by a line feed, in
// a volatile EFI variable. Two kinds of line are meant for programs:
//
//   "cannot start B: vmlinuz: checksum differs"   the set was chosen and given up in this boot
//   "starting A"                                  always the last line
//
// Linux shows the variable as /sys/firmware/efi/efivars/UpdogBootLog-GUID, where four bytes of
// attributes go before the text.
//
// Freestanding: the firmware's boot selector compiles this file too.
#pragma once

#include <stddef.h>

namespace boot {

constexpr char kBootLogName[] = "UpdogBootLog";
constexpr char kBootLogGuid[] = "6c1e4a57-9d0b-4f2e-8a35-c4b7e2d91f60";
// Some dozen lines are the most that a boot can have.
constexpr size_t kBootLogMaxBytes = 2048;

constexpr char kCannotStart[] = "cannot start ";
constexpr char kStarting[] = "starting ";

}  // namespace boot
