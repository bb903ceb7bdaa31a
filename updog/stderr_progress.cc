#include "updog/stderr_progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <string_view>

namespace updog {
namespace {

ProgressStyle StyleFor(ProgressChoice choice) {
  switch (choice) {
    case ProgressChoice::kBar:
      return ProgressStyle::kBar;
    case ProgressChoice::kJson:
      return ProgressStyle::kJson;
    case ProgressChoice::kNone:
      return ProgressStyle::kNone;
    case ProgressChoice::kAuto:
      break;
  }
  return isatty(STDERR_FILENO) == 1 ? ProgressStyle::kBar : ProgressStyle::kLines;
}

std::size_t TerminalColumns() {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

// A reader that went away is no reason to stop an update.
void WriteStderr(std::string_view text) {
  (void)std::fwrite(text.data(), 1, text.size(), stderr);
  (void)std::fflush(stderr);
}

}  // namespace

ProgressView MakeStderrProgress(ProgressChoice choice) {
  return {StyleFor(choice), WriteStderr, TerminalColumns};
}

}  // namespace updog
