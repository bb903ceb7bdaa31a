#include "base/text.h"

#include <algorithm>

#include "base/utf8.h"

namespace base {
namespace {

// How many bytes the character has that `text` begins with; 0 where that is no UTF-8.
std::size_t Utf8Length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return 1;
  const Utf8Tail tail = TailAfter(byte(0));
  if (tail.bytes == 0 || text.size() <= tail.bytes) return 0;
  if (byte(1) < tail.low || byte(1) > tail.high) return 0;
  const bool continues = std::ranges::all_of(text.substr(2, tail.bytes - 1), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
  });
  return continues ? tail.bytes + 1 : 0;
}

}  // namespace

std::string OneLine(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  while (!text.empty()) {
    const std::size_t control = ControlLength(text);
    line += control > 0 ? '?' : text[0];
    text.remove_prefix(control > 0 ? control : 1);
  }
  return line;
}

std::string LastLine(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  if (last == std::string_view::npos) return {};
  text = text.substr(0, last + 1);
  return OneLine(text.substr(text.rfind('\n') + 1));  // npos + 1 is 0
}

std::string Utf8(std::string_view text, std::size_t max_bytes) {
  std::string utf8;
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    if (utf8.size() + std::max<std::size_t>(length, 1) > max_bytes) break;
    utf8 += length == 0 ? "?" : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return utf8;
}

}  // namespace base
