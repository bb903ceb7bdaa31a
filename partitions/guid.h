// GUIDs as GPT stores them: 16 bytes, the first three groups little-endian (UEFI, appendix A).
//
// Freestanding: the firmware's boot selector compiles this file too. Pure functions, thread-safe.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace partitions {

struct Guid {
  uint8_t bytes[16] = {};

  constexpr bool operator==(const Guid&) const = default;
  // The nil GUID: as a type it means an unused entry.
  constexpr bool nil() const { return *this == Guid{}; }
};

constexpr size_t kGuidTextChars = 36;  // "6b636168-7420-6568-2070-6c616e657421"

namespace internal {
// Where in the text the two digits of each stored byte are.
constexpr uint8_t kGuidDigits[16] = {6, 4, 2, 0, 11, 9, 16, 14, 19, 21, 24, 26, 28, 30, 32, 34};
constexpr bool IsGuidHyphen(size_t at) {
  return at == 8 || at == 13 || at == 18 || at == 23;
}

constexpr int HexDigit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}
}  // namespace internal

// Reads exactly the 36 characters of a GUID's text, either case. False if they are none; `guid` is
// then unspecified.
[[nodiscard]] constexpr bool ParseGuid(const char* text, size_t chars, Guid& guid) {
  if (chars != kGuidTextChars) return false;
  for (size_t at = 0; at < chars; ++at)
    if (internal::IsGuidHyphen(at) && text[at] != '-') return false;
  for (size_t i = 0; i < sizeof guid.bytes; ++i) {
    const int high = internal::HexDigit(text[internal::kGuidDigits[i]]);
    const int low = internal::HexDigit(text[internal::kGuidDigits[i] + 1]);
    if (high < 0 || low < 0) return false;
    guid.bytes[i] = static_cast<uint8_t>(high * 16 + low);
  }
  return true;
}

// Writes the text, lower case, without a terminating zero.
constexpr void WriteGuid(const Guid& guid, char (&text)[kGuidTextChars]) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (size_t at = 0; at < kGuidTextChars; ++at)
    if (internal::IsGuidHyphen(at)) text[at] = '-';
  for (size_t i = 0; i < sizeof guid.bytes; ++i) {
    text[internal::kGuidDigits[i]] = kDigits[guid.bytes[i] >> 4];
    text[internal::kGuidDigits[i] + 1] = kDigits[guid.bytes[i] & 0xf];
  }
}

// A constant: does not compile if the text is no GUID.
consteval Guid GuidOf(const char (&text)[kGuidTextChars + 1]) {
  Guid guid;
  if (!ParseGuid(text, kGuidTextChars, guid)) __builtin_unreachable();
  return guid;
}

}  // namespace partitions
