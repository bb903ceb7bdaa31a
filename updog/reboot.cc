#include "updog/reboot.h"

#include <signal.h>
#include <spawn.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "base/log.h"

namespace updog {
namespace {

// sd_booted(3).
bool SystemdRuns() {
  return access("/run/systemd/system", F_OK) == 0;
}

base::Result<> AskSystemd() {
  std::string program = "systemctl";
  std::string verb = "reboot";
  std::array<char*, 3> arguments = {program.data(), verb.data(), nullptr};
  pid_t child = -1;
  const int fault =
      posix_spawnp(&child, program.c_str(), nullptr, nullptr, arguments.data(), environ);
  if (fault != 0) return base::FailErrno(fault, "systemctl reboot");
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return base::FailErrno(errno, "systemctl reboot");
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return base::Fail(base::ErrorCode::kFailed, "systemctl reboot did not succeed");
  }
  return {};
}

// Nothing of its parent's is kept but what is said: no connection stays open for as long as this
// takes, and no signal stays blocked.
[[noreturn]] void RebootApart() {
  (void)setsid();
  (void)close_range(STDERR_FILENO + 1, ~0U, 0);
  sigset_t none;
  sigemptyset(&none);
  (void)sigprocmask(SIG_SETMASK, &none, nullptr);
  const base::Result<> done = Reboot();
  if (!done) base::log::Error(done.error().message());
  _exit(done ? 0 : 1);
}

}  // namespace

base::Result<> Reboot() {
  // It writes everything out when the services have ended; what asked may be one of them, and be
  // ended before a sync() of its own is done.
  if (SystemdRuns()) return AskSystemd();
  sync();
  if (reboot(RB_AUTOBOOT) != 0) return base::FailErrno(errno, "reboot");
  return {};
}

base::Result<> RebootInBackground() {
  const pid_t child = fork();
  if (child < 0) return base::FailErrno(errno, "fork");
  if (child == 0) {
    // The grandchild's end is for process 1 to see.
    const pid_t grandchild = fork();
    if (grandchild == 0) RebootApart();
    _exit(grandchild < 0 ? 1 : 0);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return base::FailErrno(errno, "fork");
  }
  if (status != 0) return base::Fail(base::ErrorCode::kFailed, "fork: not done");
  return {};
}

}  // namespace updog
