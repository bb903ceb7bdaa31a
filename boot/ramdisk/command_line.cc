#include "boot/ramdisk/command_line.h"

namespace ramdisk {
namespace {

// Takes the next word off the front, up to a space outside of quotes, without its quotes. Empty at
// the end.
std::string TakeWord(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(" \n"), rest.size()));
  std::string word;
  bool quoted = false;
  std::size_t used = 0;
  for (const char c : rest) {
    if (!quoted && (c == ' ' || c == '\n')) break;
    if (c == '"') {
      quoted = !quoted;
    } else {
      word += c;
    }
    ++used;
  }
  rest.remove_prefix(used);
  return word;
}

}  // namespace

std::optional<std::string> FindParameter(std::string_view command_line, std::string_view name) {
  std::optional<std::string> found;
  for (std::string word = TakeWord(command_line); !word.empty() && word != "--";
       word = TakeWord(command_line)) {
    if (word.size() > name.size() && word.starts_with(name) && word[name.size()] == '=') {
      found = word.substr(name.size() + 1);
    }
  }
  return found;
}

}  // namespace ramdisk
