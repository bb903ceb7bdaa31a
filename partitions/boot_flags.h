// Boot flags: what a boot partition's GPT attributes say about its set, in the layout of ChromeOS.
//
//   bits 48-51  priority    the higher one goes first; 0: no candidate unless successful
//   bits 52-55  tries left  starts that may still fail
//   bit  56     successful  this set once reported a good boot
//   bit  57     a boot has ever succeeded on this disk; on the private partition only
//
// All other bits belong to others (UEFI's own 0-2, types' 58-63) and are handed through unchanged.
//
// Freestanding: the firmware's boot selector compiles this file too. Pure functions, thread-safe.
#pragma once

#include <stdint.h>

namespace partitions {

constexpr uint8_t kMaxPriority = 15;
constexpr uint8_t kMaxTries = 15;

struct BootFlags {
  uint8_t priority = 0;    // 0..kMaxPriority
  uint8_t tries_left = 0;  // 0..kMaxTries
  bool successful = false;

  constexpr bool operator==(const BootFlags&) const = default;
};

namespace internal {
constexpr int kPriorityShift = 48;
constexpr int kTriesShift = 52;
constexpr uint64_t kNibble = 0xf;
constexpr uint64_t kSuccessfulBit = uint64_t{1} << 56;
constexpr uint64_t kEverSucceededBit = uint64_t{1} << 57;
constexpr uint64_t kBootFlagBits =
    kNibble << kPriorityShift | kNibble << kTriesShift | kSuccessfulBit;
}  // namespace internal

constexpr BootFlags BootFlagsOf(uint64_t attributes) {
  return {
      .priority = static_cast<uint8_t>(attributes >> internal::kPriorityShift & internal::kNibble),
      .tries_left = static_cast<uint8_t>(attributes >> internal::kTriesShift & internal::kNibble),
      .successful = (attributes & internal::kSuccessfulBit) != 0};
}

// `attributes` with exactly the flags replaced. A priority or number of tries above its maximum is
// the maximum: a value that is too large must not spill into a neighbour's bits.
constexpr uint64_t WithBootFlags(uint64_t attributes, BootFlags flags) {
  const uint64_t priority = flags.priority < kMaxPriority ? flags.priority : kMaxPriority;
  const uint64_t tries = flags.tries_left < kMaxTries ? flags.tries_left : kMaxTries;
  return (attributes & ~internal::kBootFlagBits) | priority << internal::kPriorityShift |
         tries << internal::kTriesShift | (flags.successful ? internal::kSuccessfulBit : 0);
}

// Of the private partition's attributes.
constexpr bool BootEverSucceeded(uint64_t attributes) {
  return (attributes & internal::kEverSucceededBit) != 0;
}
constexpr uint64_t WithBootEverSucceeded(uint64_t attributes) {
  return attributes | internal::kEverSucceededBit;
}

}  // namespace partitions
