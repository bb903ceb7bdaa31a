#include "updog/reboot.h"

#include <spawn.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

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

}  // namespace

base::Result<> Reboot() {
  sync();
  if (SystemdRuns()) return AskSystemd();
  if (reboot(RB_AUTOBOOT) != 0) return base::FailErrno(errno, "reboot");
  return {};
}

}  // namespace updog
