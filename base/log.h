// The log: lines on stderr. Where stderr is the journal's socket (JOURNAL_STREAM, systemd.exec(5))
// each line carries the "<N>" priority prefix of sd-daemon(3), so that journald files it under its
// level; no library is needed for that.
//
// The log tells what happens for whoever reads it later; a command's result goes to stdout and its
// error is printed once by main. Never give it a secret. Thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace base::log {

enum class Level : std::uint8_t { kTrace, kDebug, kInfo, kWarning, kError, kOff };

// "trace", "debug", "info", "warn", "error", "off".
Result<Level> ParseLevel(std::string_view text);
// What is below the level is dropped. Default: kWarning for command-line programs.
void SetLevel(Level level);
bool Enabled(Level level);

// Control characters are shown as '?': what a line quotes cannot begin another one.
void Write(Level level, std::string_view line);

inline void Debug(std::string_view line) {
  Write(Level::kDebug, line);
}
inline void Info(std::string_view line) {
  Write(Level::kInfo, line);
}
inline void Warning(std::string_view line) {
  Write(Level::kWarning, line);
}
inline void Error(std::string_view line) {
  Write(Level::kError, line);
}

}  // namespace base::log
