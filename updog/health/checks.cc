#include "updog/health/checks.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "base/child_process.h"
#include "base/log.h"

namespace updog {
namespace {

using Clock = std::chrono::steady_clock;

base::Result<> RunCheck(const std::string& program, Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  const base::ChildProcessEnd end =
      TRY(base::RunChildProcess({.command = {program}, .time_limit = left}));
  if (end.succeeded()) return {};
  return base::Fail(base::ErrorCode::kFailed, end.description);
}

base::Result<std::vector<std::filesystem::path>> ListChecks(const std::string& directory) {
  std::vector<std::filesystem::path> checks;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.is_regular_file() && access(entry.path().c_str(), X_OK) == 0)
      checks.push_back(entry.path());
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return base::FailErrno(error.value(), directory);
  std::ranges::sort(checks);
  return checks;
}

}  // namespace

base::Result<> RunChecks(const std::string& directory, std::chrono::seconds timeout) {
  const Clock::time_point deadline = Clock::now() + timeout;
  for (const std::filesystem::path& check : TRY(ListChecks(directory))) {
    base::log::Info(fmt::format("checking {}", check.filename().string()));
    TRY_CONTEXT(RunCheck(check, deadline), check.filename().string());
  }
  return {};
}

}  // namespace updog
