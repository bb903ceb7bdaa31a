#include "base/text.h"

namespace base {

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

}  // namespace base
