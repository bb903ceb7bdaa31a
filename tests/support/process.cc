#include "tests/support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "tests/support/paths.h"

namespace test {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  base::UniqueFd read_end;
  base::UniqueFd write_end;
};

Pipe MakePipe() {
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  return {.read_end = base::UniqueFd(ends[0]), .write_end = base::UniqueFd(ends[1])};
}

// The standard input as a file, so that nobody has to feed a pipe that its reader may close.
base::UniqueFd InputFile(const std::string& text) {
  base::UniqueFd file(memfd_create("standard-input", MFD_CLOEXEC));
  if (!base::WriteAllAt(file.get(), base::AsBytes(text), 0, "standard input")) return {};
  return file;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> Environment(
    const std::vector<std::pair<std::string, std::string>>& additions) {
  std::vector<std::string> made;
  made.reserve(additions.size());
  for (const auto& [name, value] : additions) made.emplace_back(name).append("=").append(value);
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    const std::string_view name = text.substr(0, text.find('='));
    bool replaced = false;
    for (const auto& addition : additions) replaced = replaced || addition.first == name;
    if (!replaced) made.emplace_back(text);
  }
  return made;
}

// What posix_spawn does between fork and exec.
class SpawnActions {
 public:
  SpawnActions() { posix_spawn_file_actions_init(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }

  void Connect(int from, int to) { posix_spawn_file_actions_adddup2(&actions_, from, to); }
  void ChangeDirectory(const std::string& path) {
    posix_spawn_file_actions_addchdir_np(&actions_, path.c_str());
  }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

// Signals of the test program (GoogleTest ignores none, but a caller may) are no business of the
// child.
class DefaultSignals {
 public:
  DefaultSignals() {
    posix_spawnattr_init(&attributes_);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes_, &defaults);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF);
  }
  DefaultSignals(const DefaultSignals&) = delete;
  DefaultSignals& operator=(const DefaultSignals&) = delete;
  ~DefaultSignals() { posix_spawnattr_destroy(&attributes_); }
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

// Appends what the pipe holds; closes it at its end.
void Drain(base::UniqueFd& fd, std::string& text) {
  std::array<char, 65536> buffer{};
  const ssize_t count = read(fd.get(), buffer.data(), buffer.size());
  if (count > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(count));
  } else if (count == 0 || errno != EINTR) {
    fd = base::UniqueFd();
  }
}

}  // namespace

std::string Program(const std::string& path_in_build) {
  return BuildPath(path_in_build);
}

Process::Process(const ProcessOptions& options) : deadline_(Clock::now() + options.timeout) {
  const base::UniqueFd input = InputFile(options.input);
  Pipe output = MakePipe();
  Pipe errors = MakePipe();
  SpawnActions actions;
  actions.Connect(input.get(), STDIN_FILENO);
  actions.Connect(output.write_end.get(), STDOUT_FILENO);
  actions.Connect(errors.write_end.get(), STDERR_FILENO);
  if (!options.working_directory.empty()) actions.ChangeDirectory(options.working_directory);

  std::vector<std::string> arguments{options.program};
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  std::vector<std::string> environment = Environment(options.environment);
  const DefaultSignals signals;
  const int fault = posix_spawnp(&pid_, options.program.c_str(), actions.get(), signals.get(),
                                 Pointers(arguments).data(), Pointers(environment).data());
  if (fault != 0) {
    pid_ = -1;
    start_error_ = "cannot start " + options.program + ": " + std::strerror(fault);
    return;
  }
  // glibc 2.36 declares pidfd_open() without C linkage.
  pid_fd_ = base::UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  output_.fd = std::move(output.read_end);
  errors_.fd = std::move(errors.read_end);
}

Process::~Process() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

bool Process::Running() const {
  if (pid_ < 0) return false;
  siginfo_t information{};
  const int result =
      waitid(P_PID, static_cast<id_t>(pid_), &information, WEXITED | WNOHANG | WNOWAIT);
  return result == 0 && information.si_pid == 0;
}

void Process::Signal(int number) const {
  if (pid_ > 0) kill(pid_, number);
}

bool Process::WaitForOutput(const std::string& text) {
  return WaitFor(output_, text);
}

bool Process::WaitForErrors(const std::string& text) {
  return WaitFor(errors_, text);
}

bool Process::WaitFor(const Capture& capture, const std::string& text) {
  while (capture.text.find(text) == std::string::npos) {
    if (!ReadMore()) return false;
  }
  return true;
}

bool Process::ReadMore() {
  if (pid_ < 0) return false;
  // poll(2) passes over negative descriptors. The process itself is watched too: its children may
  // hold the pipes open beyond its end.
  std::array<pollfd, 3> wanted{pollfd{.fd = output_.fd.get(), .events = POLLIN, .revents = 0},
                               pollfd{.fd = errors_.fd.get(), .events = POLLIN, .revents = 0},
                               pollfd{.fd = pid_fd_.get(), .events = POLLIN, .revents = 0}};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now());
  if (left.count() <= 0) return false;
  if (poll(wanted.data(), wanted.size(), static_cast<int>(left.count())) < 0) return errno == EINTR;
  if (wanted[0].revents != 0) Drain(output_.fd, output_.text);
  if (wanted[1].revents != 0) Drain(errors_.fd, errors_.text);
  const bool silent = wanted[0].revents == 0 && wanted[1].revents == 0;
  return !(silent && wanted[2].revents != 0);
}

ProcessResult Process::Wait() {
  ProcessResult result;
  if (pid_ < 0) {
    result.exit_status = 127;
    result.errors = start_error_;
    return result;
  }
  while (ReadMore()) {
  }
  if (Running()) {
    result.timed_out = true;
    kill(pid_, SIGKILL);
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  result.output = std::move(output_.text);
  result.errors = std::move(errors_.text);
  if (WIFEXITED(status)) result.exit_status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  return result;
}

ProcessResult RunProcess(const ProcessOptions& options) {
  return Process(options).Wait();
}

}  // namespace test
