#include "boot/selector/command_line.h"

namespace selector {
namespace {

bool StartsWithPlaceholder(const char* text, size_t size_bytes) {
  constexpr size_t kLength = sizeof(kBootPartitionPlaceholder) - 1;
  if (size_bytes < kLength) return false;
  for (size_t i = 0; i < kLength; ++i) {
    if (text[i] != kBootPartitionPlaceholder[i]) return false;
  }
  return true;
}

// Appends and keeps room for the NUL.
bool Append(char c, CommandLine& line) {
  if (line.length + 1 >= kMaxCommandLine) return false;
  line.text[line.length++] = static_cast<char16_t>(c);
  return true;
}

}  // namespace

Outcome MakeCommandLine(const char* file, size_t size_bytes, const char* partuuid,
                        CommandLine& line) {
  while (size_bytes > 0 && file[size_bytes - 1] == '\n') --size_bytes;
  line.length = 0;
  for (size_t i = 0; i < size_bytes;) {
    if (StartsWithPlaceholder(file + i, size_bytes - i)) {
      for (const char* c = partuuid; *c != '\0'; ++c) {
        if (!Append(*c, line)) return Outcome::Failed("cmdline: too long");
      }
      i += sizeof(kBootPartitionPlaceholder) - 1;
      continue;
    }
    if (file[i] < ' ' || file[i] > '~') return Outcome::Failed("cmdline: not one line of ASCII");
    if (!Append(file[i++], line)) return Outcome::Failed("cmdline: too long");
  }
  line.text[line.length] = u'\0';
  return Outcome::Done();
}

}  // namespace selector
