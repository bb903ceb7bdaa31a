// Text of others in lines of ours: names in signed and unsigned files, what programs and servers
// say.
//
// A control character is U+0000 to U+001F, U+007F, and as UTF-8 U+0080 to U+009F: they end lines,
// move cursors, and start a terminal's commands. What is not UTF-8 is left as it is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace base {

// How many bytes of a control character `text` begins with: 0 where it begins with none.
constexpr std::size_t ControlLength(std::string_view text) {
  if (text.empty()) return 0;
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x20 || first == 0x7f) return 1;
  if (first != 0xc2 || text.size() < 2) return 0;
  const auto second = static_cast<unsigned char>(text[1]);
  return second >= 0x80 && second < 0xa0 ? 2 : 0;
}

constexpr bool HasControl(std::string_view text) {
  for (; !text.empty(); text.remove_prefix(1)) {
    if (ControlLength(text) > 0) return true;
  }
  return false;
}

// The text with a '?' for each control character: one line, that shows and does nothing else.
std::string OneLine(std::string_view text);

// The last line of `text` that is more than white space, as OneLine: programs say there why they
// ended.
std::string LastLine(std::string_view text);

// At most `max_bytes` of the text, with a '?' for each byte that is no UTF-8 (RFC 3629), and no
// character cut in two: what may be stored as JSON.
std::string Utf8(std::string_view text, std::size_t max_bytes);

}  // namespace base
