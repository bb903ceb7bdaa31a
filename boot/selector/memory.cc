// Compiled with -fno-builtin, lest the compiler turn each loop into a call of the function that it
// implements.
#include "boot/selector/memory.h"

#include <stdint.h>

extern "C" {

// What the Microsoft ABI wants to see in a program that touches floating point; nothing here does.
int _fltused = 0;  // NOLINT(readability-identifier-naming,bugprone-reserved-identifier): the ABI's

void* memcpy(void* to, const void* from, size_t size_bytes) {
  auto* const out = static_cast<uint8_t*>(to);
  const auto* const in = static_cast<const uint8_t*>(from);
  for (size_t i = 0; i < size_bytes; ++i) out[i] = in[i];
  return to;
}

void* memmove(void* to, const void* from, size_t size_bytes) {
  auto* const out = static_cast<uint8_t*>(to);
  const auto* const in = static_cast<const uint8_t*>(from);
  if (out <= in) return memcpy(to, from, size_bytes);
  for (size_t i = size_bytes; i > 0; --i) out[i - 1] = in[i - 1];
  return to;
}

void* memset(void* to, int value, size_t size_bytes) {
  auto* const out = static_cast<uint8_t*>(to);
  for (size_t i = 0; i < size_bytes; ++i) out[i] = static_cast<uint8_t>(value);
  return to;
}

int memcmp(const void* a, const void* b, size_t size_bytes) {
  const auto* const left = static_cast<const uint8_t*>(a);
  const auto* const right = static_cast<const uint8_t*>(b);
  for (size_t i = 0; i < size_bytes; ++i) {
    if (left[i] != right[i]) return left[i] < right[i] ? -1 : 1;
  }
  return 0;
}

}  // extern "C"
