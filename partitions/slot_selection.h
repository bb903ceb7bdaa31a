// Which of the two sets starts next: one rule, used by the firmware that starts it and by the
// programs that say what will start.
//
// A set *will boot* if (priority > 0 and tries left > 0) or it is successful. Among those that will
// boot, one with tries left goes before one without, then the higher priority wins, then A. If none
// will boot, none is started.
//
// The selector takes a try before each start, of successful sets too; a good boot gives them back
// (mark-successful-boot). So a new version has as many starts as it was given, and a version that
// once was good and no longer starts gives way to the other set, if that one will boot. A cleared
// set (all flags zero) is never started: it may hold half an image.
//
// A disk with one set only: the missing set has cleared flags.
//
// Freestanding: the firmware's boot selector compiles this file too. Pure functions, thread-safe.
#pragma once

#include <stdint.h>

#include "partitions/boot_flags.h"

namespace partitions {

enum class Slot : uint8_t { kA, kB };

constexpr Slot Other(Slot slot) {
  return slot == Slot::kA ? Slot::kB : Slot::kA;
}

constexpr const char* SlotName(Slot slot) {
  return slot == Slot::kA ? "A" : "B";
}

constexpr bool WillBoot(BootFlags flags) {
  return (flags.priority > 0 && flags.tries_left > 0) || flags.successful;
}

enum class Selection : uint8_t { kNone, kA, kB };

constexpr Selection SelectSlot(BootFlags a, BootFlags b) {
  if (!WillBoot(a)) return WillBoot(b) ? Selection::kB : Selection::kNone;
  if (!WillBoot(b)) return Selection::kA;
  const bool a_has_tries = a.tries_left > 0;
  const bool b_has_tries = b.tries_left > 0;
  if (a_has_tries != b_has_tries) return a_has_tries ? Selection::kA : Selection::kB;
  return b.priority > a.priority ? Selection::kB : Selection::kA;
}

// The flags with which a set is started: to be on the disk, flushed, before it gets control, so
// that a start that hangs has been counted.
constexpr BootFlags TakeTry(BootFlags flags) {
  if (flags.tries_left > 0) --flags.tries_left;
  return flags;
}

}  // namespace partitions
