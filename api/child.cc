#include "api/child.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <utility>

#include "base/bytes.h"

namespace api {
namespace {

constexpr std::size_t kMaxOutputBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxLineBytes = 4096;

struct Pipe {
  base::UniqueFd read;
  base::UniqueFd write;
};

base::Result<Pipe> MakePipe() {
  std::array<int, 2> fds{};
  if (pipe2(fds.data(), O_CLOEXEC) != 0) return base::FailErrno(errno, "pipe");
  Pipe made{.read = base::UniqueFd(fds[0]), .write = base::UniqueFd(fds[1])};
  // Ours only: the child may block.
  if (fcntl(made.read.get(), F_SETFL, O_NONBLOCK) != 0) return base::FailErrno(errno, "pipe");
  return made;
}

std::vector<char*> Arguments(std::vector<std::string>& command) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (std::string& argument : command) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  return arguments;
}

// Between fork and exec: system calls only.
[[noreturn]] void BecomeProgram(char* const* arguments, pid_t parent, int held, int output,
                                int errors) {
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The server may have died before the line above.
  if (getppid() != parent) _exit(127);
  sigset_t none;
  sigemptyset(&none);
  (void)sigprocmask(SIG_SETMASK, &none, nullptr);
  (void)std::signal(SIGPIPE, SIG_DFL);
  const sched_param usual{};
  if (sched_getscheduler(0) == SCHED_BATCH) (void)sched_setscheduler(0, SCHED_OTHER, &usual);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const bool ready = dup2(nothing, STDIN_FILENO) == STDIN_FILENO &&
                     dup2(output, STDOUT_FILENO) == STDOUT_FILENO &&
                     dup2(errors, STDERR_FILENO) == STDERR_FILENO && fcntl(held, F_SETFD, 0) == 0;
  if (ready) (void)execv(arguments[0], arguments);
  const std::string_view name(arguments[0]);
  constexpr std::string_view kComplaint = ": cannot be started\n";
  (void)!write(errors, name.data(), name.size());
  (void)!write(errors, kComplaint.data(), kComplaint.size());
  _exit(127);
}

// What a read gave: nothing at the end of the file, an empty text where there is nothing yet.
std::optional<std::string_view> ReadSome(int fd, std::span<char> buffer) {
  const ssize_t count = read(fd, buffer.data(), buffer.size());
  if (count > 0) return std::string_view(buffer.data(), static_cast<std::size_t>(count));
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return std::string_view();
  return std::nullopt;
}

}  // namespace

base::Result<std::unique_ptr<Child>> Child::Start(const std::vector<std::string>& command, int held,
                                                  LineCallback on_error_line) {
  Pipe output = TRY(MakePipe());
  Pipe errors = TRY(MakePipe());
  std::vector<std::string> copy = command;
  const std::vector<char*> arguments = Arguments(copy);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return base::FailErrno(errno, "fork");
  if (pid == 0) {
    BecomeProgram(arguments.data(), parent, held, output.write.get(), errors.write.get());
  }
  base::UniqueFd pid_fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  auto child = std::unique_ptr<Child>(new Child(pid, std::move(pid_fd), std::move(output.read),
                                                std::move(errors.read), std::move(on_error_line)));
  // Without it its end would not be seen; destruction kills the child.
  if (!child->pid_fd_.valid()) return base::FailErrno(errno, "pidfd_open");
  return child;
}

Child::Child(pid_t pid, base::UniqueFd pid_fd, base::UniqueFd output, base::UniqueFd errors,
             LineCallback on_error_line)
    : pid_(pid),
      pid_fd_(std::move(pid_fd)),
      output_fd_(std::move(output)),
      errors_fd_(std::move(errors)),
      on_error_line_(std::move(on_error_line)) {}

Child::~Child() {
  if (ended_) return;
  Signal(SIGKILL);
  Reap();
}

void Child::AddPollFds(std::vector<pollfd>& fds) const {
  if (output_fd_.valid()) fds.push_back({.fd = output_fd_.get(), .events = POLLIN, .revents = 0});
  if (errors_fd_.valid()) fds.push_back({.fd = errors_fd_.get(), .events = POLLIN, .revents = 0});
  if (!ended_) fds.push_back({.fd = pid_fd_.get(), .events = POLLIN, .revents = 0});
}

bool Child::Run() {
  pollfd ended{.fd = pid_fd_.get(), .events = POLLIN, .revents = 0};
  // Looked at first: what it said before its end is then certain to be read below. A grandchild
  // that keeps a pipe open is not waited for.
  if (!ended_ && poll(&ended, 1, 0) > 0) Reap();
  ReadOutput();
  ReadErrors();
  if (ended_ && !partial_line_.empty()) on_error_line_(std::exchange(partial_line_, {}));
  return ended_;
}

void Child::Signal(int number) const {
  if (!ended_) (void)kill(pid_, number);
}

void Child::ReadOutput() {
  std::array<char, 16384> buffer{};
  while (output_fd_.valid()) {
    const auto text = ReadSome(output_fd_.get(), buffer);
    if (!text) output_fd_ = base::UniqueFd();
    if (!text || text->empty()) return;
    const std::size_t room = kMaxOutputBytes - output_.size();
    output_.append(text->substr(0, room));
    if (text->size() > room) output_complete_ = false;
  }
}

void Child::ReadErrors() {
  std::array<char, 4096> buffer{};
  while (errors_fd_.valid()) {
    const auto text = ReadSome(errors_fd_.get(), buffer);
    if (!text) errors_fd_ = base::UniqueFd();
    if (!text || text->empty()) return;
    TakeErrorText(*text);
  }
}

void Child::TakeErrorText(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view part = text.substr(0, end);
    // A line without an end would grow for ever.
    partial_line_.append(
        part.substr(0, kMaxLineBytes - std::min(kMaxLineBytes, partial_line_.size())));
    if (end == std::string_view::npos) return;
    on_error_line_(std::exchange(partial_line_, {}));
    text.remove_prefix(end + 1);
  }
}

void Child::Reap() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) break;
  }
  ended_ = true;
  if (WIFSIGNALED(status)) end_.signal = WTERMSIG(status);
  if (WIFEXITED(status)) end_.exit_status = WEXITSTATUS(status);
}

}  // namespace api
