#include "updog/health/checks.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/log.h"

namespace updog {
namespace {

using base::ErrorCode;
using base::Fail;
using Clock = std::chrono::steady_clock;

// What a check says is kept up to here; its last line is what counts.
constexpr std::size_t kMaxOutput = 64 << 10;

struct Pipe {
  base::UniqueFd read;
  base::UniqueFd write;
};

base::Result<Pipe> MakePipe() {
  int fds[2] = {};
  if (pipe2(fds, O_CLOEXEC) != 0) return base::FailErrno(errno, "pipe");
  return Pipe{.read = base::UniqueFd(fds[0]), .write = base::UniqueFd(fds[1])};
}

// In a process group of its own, so that all of it can be killed.
base::Result<pid_t> Start(const std::string& program, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  std::array<char*, 2> arguments = {const_cast<char*>(program.c_str()), nullptr};
  pid_t pid = -1;
  const int fault =
      posix_spawn(&pid, program.c_str(), &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (fault != 0) return base::FailErrno(fault, "cannot be started");
  return pid;
}

int MillisecondsUntil(Clock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, 60'000));
}

// Reads until the check (and whatever it left behind with its output) has closed it. False: the
// time is up.
bool ReadOutput(const base::UniqueFd& from, Clock::time_point deadline, std::string& output) {
  for (;;) {
    pollfd waiting = {.fd = from.get(), .events = POLLIN, .revents = 0};
    const int ready = poll(&waiting, 1, MillisecondsUntil(deadline));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0 && Clock::now() >= deadline) return false;
    if (ready == 0) continue;
    std::array<char, 4096> buffer = {};
    const ssize_t count = read(from.get(), buffer.data(), buffer.size());
    if (count <= 0) return true;
    const std::string_view piece(buffer.data(), static_cast<std::size_t>(count));
    if (output.size() < kMaxOutput) output += piece;
    fmt::print(stderr, "{}", piece);
  }
}

std::string LastLine(std::string_view output) {
  const std::size_t end = output.find_last_not_of(" \n\r\t");
  if (end == std::string_view::npos) return {};
  output = output.substr(0, end + 1);
  const std::size_t feed = output.find_last_of('\n');
  std::string line(feed == std::string_view::npos ? output : output.substr(feed + 1));
  // The console and the history show it: nothing that moves a cursor.
  std::ranges::replace_if(line, [](char c) { return c >= 0 && c < ' '; }, '?');
  return line;
}

std::string DescribeEnd(int status) {
  if (WIFSIGNALED(status)) return fmt::format("killed by signal {}", WTERMSIG(status));
  return fmt::format("exit status {}", WEXITSTATUS(status));
}

base::Result<> RunCheck(const std::string& program, Clock::time_point deadline) {
  Pipe pipe = TRY(MakePipe());
  const pid_t pid = TRY(Start(program, pipe.write.get()));
  pipe.write = base::UniqueFd();  // else its end would never show
  std::string output;
  const bool in_time = ReadOutput(pipe.read, deadline, output);
  if (!in_time) kill(-pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (in_time && WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  const std::string why = in_time ? DescribeEnd(status) : "not done within the time limit";
  const std::string said = LastLine(output);
  return Fail(ErrorCode::kFailed, said.empty() ? why : fmt::format("{}: {}", why, said));
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
