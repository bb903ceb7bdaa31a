// The form of UTF-8 (RFC 3629).
#pragma once

#include <cstddef>

namespace base {

// What follows the first byte of a code point (RFC 3629, 4): how many bytes, and between what the
// first of them lies, so that nothing is overlong, a surrogate or beyond U+10FFFF.
struct Utf8Tail {
  std::size_t bytes = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xbf;
};
// `bytes` is 0 for a byte that begins no code point of several.
constexpr Utf8Tail TailAfter(unsigned char first) {
  if (first >= 0xc2 && first <= 0xdf) return {1};
  if (first == 0xe0) return {2, 0xa0, 0xbf};
  if (first == 0xed) return {2, 0x80, 0x9f};
  if (first >= 0xe1 && first <= 0xef) return {2};
  if (first == 0xf0) return {3, 0x90, 0xbf};
  if (first >= 0xf1 && first <= 0xf3) return {3};
  if (first == 0xf4) return {3, 0x80, 0x8f};
  return {};
}

}  // namespace base
