#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "base/text.h"

namespace base::log {
namespace {

// %* in the pattern: the priority prefix "<N>" of sd-daemon(3).
class PriorityFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    int priority = 7;  // debug
    if (message.level >= spdlog::level::err) {
      priority = 3;
    } else if (message.level == spdlog::level::warn) {
      priority = 4;
    } else if (message.level == spdlog::level::info) {
      priority = 6;
    }
    fmt::format_to(std::back_inserter(out), "<{}>", priority);
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<PriorityFlag>();
  }
};

// Whether stderr is the very stream that systemd connected to the journal, and not redirected since
// (systemd.exec(5)).
bool StderrIsJournal() {
  const char* stream =
      std::getenv("JOURNAL_STREAM");  // NOLINT(concurrency-mt-unsafe): nobody calls setenv
  struct stat status{};
  if (stream == nullptr || fstat(STDERR_FILENO, &status) != 0) return false;
  return fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

spdlog::logger& Logger() {
  static spdlog::logger logger = [] {
    spdlog::logger made("updog", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    formatter->add_flag<PriorityFlag>('*');
    // The journal keeps its own time stamps.
    formatter->set_pattern(StderrIsJournal() ? "%*%v" : "%Y-%m-%dT%H:%M:%SZ %l: %v");
    made.set_formatter(std::move(formatter));
    made.set_level(spdlog::level::warn);
    made.flush_on(spdlog::level::trace);
    return made;
  }();
  return logger;
}

spdlog::level::level_enum ToSpdlog(Level level) {
  switch (level) {
    case Level::kTrace:
      return spdlog::level::trace;
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
    case Level::kOff:
      return spdlog::level::off;
  }
  return spdlog::level::off;
}

}  // namespace

Result<Level> ParseLevel(std::string_view text) {
  if (text == "trace") return Level::kTrace;
  if (text == "debug") return Level::kDebug;
  if (text == "info") return Level::kInfo;
  if (text == "warn") return Level::kWarning;
  if (text == "error") return Level::kError;
  if (text == "off") return Level::kOff;
  return Fail(
      ErrorCode::kUsage,
      fmt::format("log level '{:.40}' is none of trace, debug, info, warn, error, off", text));
}

void SetLevel(Level level) {
  Logger().set_level(ToSpdlog(level));
}

bool Enabled(Level level) {
  return Logger().should_log(ToSpdlog(level));
}

void Write(Level level, std::string_view line) {
  if (Enabled(level)) Logger().log(ToSpdlog(level), OneLine(line));
}

}  // namespace base::log
