#include "base/text.h"

#include <algorithm>

namespace base {
namespace {

// How many bytes the character has that `text` begins with; 0 where that is no UTF-8. The second
// byte rules out what is written longer than it need be, surrogates, and what lies above U+10FFFF
// (RFC 3629, 4).
std::size_t Utf8Length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const std::size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (text.size() < length) return 0;
  const unsigned char lowest = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const unsigned char highest = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (byte(1) < lowest || byte(1) > highest) return 0;
  const std::string_view rest = text.substr(2, length - 2);
  const bool continues = std::ranges::all_of(
      rest, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; });
  return continues ? length : 0;
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
