// The file "sums" of a boot partition: size and CRC-32 of what the selector reads there, one line a
// file, "CRC32 SIZE NAME", CRC-32 as eight lower-case hexadecimal digits:
//
//   7f1c0d2a 14186432 vmlinuz
//
// It finds rot before the kernel runs: a damaged kernel that is started may hang in its own
// decompressor, where no watchdog runs, instead of failing where the other set can still be taken.
// It is no protection against an attacker, who would change the sum too; that is the signature
// check's work, before the image is written.
//
// Freestanding. Pure functions.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace selector {

struct Sum {
  bool found = false;
  uint32_t crc32 = 0;
  uint64_t size_bytes = 0;
};

// The line of `name`. Not found too where the text is malformed at or before that line.
Sum FindSum(const char* text, size_t size_bytes, const char* name);

}  // namespace selector
