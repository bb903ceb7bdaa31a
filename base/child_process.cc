#include "base/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>

#include "base/fd.h"
#include "base/text.h"

namespace base {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxOutputBytes = 64 << 10;

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Result<Pipe> MakePipe() {
  int fds[2] = {};
  if (pipe2(fds, O_CLOEXEC) != 0) return FailErrno(errno, "pipe");
  return Pipe{.read = UniqueFd(fds[0]), .write = UniqueFd(fds[1])};
}

// The form that exec wants: pointers, and a null after them.
std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

Result<pid_t> Start(const ChildProcessOptions& options, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  // A shell cannot undo what it was started with.
  sigset_t ignored_here;
  sigemptyset(&ignored_here);
  sigaddset(&ignored_here, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &ignored_here);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
  const std::vector<char*> arguments = Pointers(options.command);
  const std::vector<char*> environment = Pointers(options.environment);
  pid_t pid = -1;
  const int fault = posix_spawn(&pid, arguments.front(), &actions, &attributes, arguments.data(),
                                options.environment.empty() ? environ : environment.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (fault != 0) return FailErrno(fault, "cannot be started");
  return pid;
}

int MillisecondsUntil(Clock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, 60'000));
}

// The end is what counts: of a program that failed it says why.
void KeepTail(std::string& output) {
  if (output.size() > kMaxOutputBytes) output.erase(0, output.size() - kMaxOutputBytes);
}

// Reads until the program (and whatever it left behind with its output) has closed it. False: the
// time is up.
bool ReadOutput(const UniqueFd& from, Clock::time_point deadline, std::string& output) {
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
    output += piece;
    KeepTail(output);
    // Who reads it may be gone; the program is not to suffer for that.
    (void)std::fwrite(piece.data(), 1, piece.size(), stderr);
  }
}

// A program may close its output and live on. False: the time is up.
bool WaitForEnd(pid_t pid, Clock::time_point deadline) {
  const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  pollfd waiting = {.fd = process.get(), .events = POLLIN, .revents = 0};
  for (;;) {
    const int ready = poll(&waiting, 1, MillisecondsUntil(deadline));
    if (ready > 0) return true;
    if (ready == 0 && Clock::now() >= deadline) return false;
  }
}

// False: the time is up.
bool Await(pid_t pid, const UniqueFd& output, Clock::time_point deadline, std::string& said) {
  return ReadOutput(output, deadline, said) && WaitForEnd(pid, deadline);
}

std::string Describe(int status, bool timed_out, std::string_view output) {
  std::string what = fmt::format("exit status {}", WEXITSTATUS(status));
  if (WIFSIGNALED(status)) what = fmt::format("killed by signal {}", WTERMSIG(status));
  if (timed_out) what = "not done within the time limit";
  const std::string said = LastLine(output);
  return said.empty() ? what : fmt::format("{}: {}", what, said);
}

}  // namespace

Result<ChildProcessEnd> RunChildProcess(const ChildProcessOptions& options) {
  const Clock::time_point deadline = Clock::now() + options.time_limit;
  Pipe pipe = TRY(MakePipe());
  const pid_t pid = TRY(Start(options, pipe.write.get()));
  pipe.write = UniqueFd();  // else its end would never show
  ChildProcessEnd end;
  end.timed_out = !Await(pid, pipe.read, deadline, end.output);
  if (end.timed_out && options.grace.count() > 0) {
    kill(-pid, SIGTERM);
    (void)Await(pid, pipe.read, deadline + options.grace, end.output);
  }
  if (end.timed_out) kill(-pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  end.exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  end.description = Describe(status, end.timed_out, end.output);
  return end;
}

}  // namespace base
