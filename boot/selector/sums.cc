#include "boot/selector/sums.h"

namespace selector {
namespace {

// What is left to read of the text.
struct Cursor {
  const char* next;
  const char* end;

  bool Take(char expected) {
    if (next == end || *next != expected) return false;
    ++next;
    return true;
  }
};

bool TakeHex32(Cursor& cursor, uint32_t& number) {
  number = 0;
  for (int digit = 0; digit < 8; ++digit) {
    if (cursor.next == cursor.end) return false;
    const char c = *cursor.next++;
    if (c >= '0' && c <= '9') {
      number = number << 4 | static_cast<uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      number = number << 4 | static_cast<uint32_t>(c - 'a' + 10);
    } else {
      return false;
    }
  }
  return true;
}

bool TakeDecimal(Cursor& cursor, uint64_t& number) {
  constexpr uint64_t kMax = uint64_t{1} << 40;  // far above any file here, far below overflow
  const char* const begin = cursor.next;
  number = 0;
  while (cursor.next != cursor.end && *cursor.next >= '0' && *cursor.next <= '9') {
    number = number * 10 + static_cast<uint64_t>(*cursor.next++ - '0');
    if (number > kMax) return false;
  }
  return cursor.next != begin;
}

// Reads to the end of the line; whether it was exactly `name`.
bool TakeName(Cursor& cursor, const char* name) {
  bool same = true;
  for (; cursor.next != cursor.end && *cursor.next != '\n'; ++cursor.next) {
    same = same && *name != '\0' && *cursor.next == *name;
    if (*name != '\0') ++name;
  }
  return same && *name == '\0';
}

}  // namespace

Sum FindSum(const char* text, size_t size_bytes, const char* name) {
  Cursor cursor{.next = text, .end = text + size_bytes};
  while (cursor.next != cursor.end) {
    Sum sum;
    if (!TakeHex32(cursor, sum.crc32) || !cursor.Take(' ')) return {};
    if (!TakeDecimal(cursor, sum.size_bytes) || !cursor.Take(' ')) return {};
    sum.found = TakeName(cursor, name);
    if (!cursor.Take('\n')) return {};
    if (sum.found) return sum;
  }
  return {};
}

}  // namespace selector
