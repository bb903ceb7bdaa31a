// Process 1 of the reference image: mounts what is left to mount, brings the network up, runs the
// services of /usr/lib/updog/services, reaps, feeds the watchdog, and shuts down.
//
// A system with systemd needs none of this (packaging/systemd has the units); why the reference
// image has its own is told in docs/decisions/0004-init-of-the-reference-image.md.
//
//   SIGTERM  shut down and restart (what /usr/sbin/reboot sends)
//   SIGUSR1  shut down and power off
//
// The watchdog was armed in the RAM disk. It is fed here and nowhere else, by the loop that also
// starts and reaps: where this loop hangs, or the kernel below it, the machine is reset. What a
// single service does is judged by updog-health.
//
// A failing mount or a network that does not come up is said and survived: whether the system is
// good is for the health checks to tell.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/watchdog.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>

#include "base/fd.h"
#include "base/file.h"
#include "base/result.h"
#include "boot/init/services.h"
#include "boot/init/setup.h"

namespace {

using init::Supervisor;

constexpr const char* kConfigDirectory = "/usr/lib/updog";
constexpr std::uint64_t kMaxConfigBytes = 64 << 10;
// The loop turns at least this often, and feeds the watchdog then.
constexpr std::chrono::milliseconds kTurn{1000};
constexpr std::chrono::seconds kShutdownPatience{5};

void Say(std::string_view line) {
  fmt::print(stderr, "init: {}\n", line);
}

// Says what failed, and goes on.
void Survive(const base::Result<>& result) {
  if (!result) Say(result.error().message());
}

base::Result<> Mount(const char* type, const char* target, unsigned long flags,
                     const char* data = "") {
  if (mount(type, target, type, flags, data) != 0)
    return base::FailErrno(errno, fmt::format("mount {}", target));
  return {};
}

void MountFileSystems() {
  constexpr unsigned long kPlain = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  Survive(Mount("proc", "/proc", kPlain));
  Survive(Mount("sysfs", "/sys", kPlain));
  Survive(Mount("securityfs", "/sys/kernel/security", kPlain));
  Survive(Mount("efivarfs", "/sys/firmware/efi/efivars", kPlain | MS_RDONLY));
  Survive(Mount("pstore", "/sys/fs/pstore", kPlain));
  Survive(Mount("tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755"));
  Survive(Mount("tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777"));
  Survive(Mount("tmpfs", "/etc", kPlain, "mode=0755"));
}

base::Result<std::vector<init::Service>> ReadServices() {
  const std::string path = std::string(kConfigDirectory) + "/services";
  return init::ParseServices(TRY(base::ReadFile(path, kMaxConfigBytes)));
}

std::string DescribeEnd(int status) {
  if (WIFSIGNALED(status)) return fmt::format("killed by signal {}", WTERMSIG(status));
  return fmt::format("ended with status {}", WEXITSTATUS(status));
}

void Reap(Supervisor& supervisor) {
  int status = 0;
  for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    const std::string program = supervisor.Reaped(pid, Supervisor::Clock::now());
    if (!program.empty()) Say(program + " " + DescribeEnd(status));
  }
}

// The signals that the loop takes from a descriptor instead of being interrupted.
base::Result<base::UniqueFd> OpenSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGCHLD, SIGTERM, SIGUSR1}) sigaddset(&signals, signal);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  base::UniqueFd fd(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return base::FailErrno(errno, "signalfd");
  return fd;
}

// Waits for a signal, a turn at the most. 0: none.
int NextSignal(const base::UniqueFd& signals) {
  pollfd waiting = {.fd = signals.get(), .events = POLLIN, .revents = 0};
  poll(&waiting, 1, static_cast<int>(kTurn.count()));
  signalfd_siginfo info = {};
  if (read(signals.get(), &info, sizeof(info)) != sizeof(info)) return 0;
  return static_cast<int>(info.ssi_signo);
}

void FeedWatchdog(const base::UniqueFd& watchdog) {
  if (watchdog.valid()) ioctl(watchdog.get(), WDIOC_KEEPALIVE, 0);
}

// Until everybody has gone, or patience ends. SIGCHLD is blocked since OpenSignals(): one that
// comes between the look and the wait ends the wait.
void WaitForChildren() {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  const auto deadline = Supervisor::Clock::now() + kShutdownPatience;
  for (;;) {
    pid_t pid = 0;
    while ((pid = waitpid(-1, nullptr, WNOHANG)) > 0) {
    }
    const auto left =
        std::chrono::duration_cast<std::chrono::nanoseconds>(deadline - Supervisor::Clock::now());
    if (pid < 0 || left.count() <= 0) return;
    const timespec patience = {.tv_sec = left.count() / 1'000'000'000,
                               .tv_nsec = left.count() % 1'000'000'000};
    sigtimedwait(&child, nullptr, &patience);
  }
}

[[noreturn]] void ShutDown(int how) {
  Say("shutting down");
  kill(-1, SIGTERM);
  WaitForChildren();
  kill(-1, SIGKILL);
  WaitForChildren();
  for (const char* target : {"/var/lib/updog", "/var"}) {
    if (umount(target) != 0) Say(fmt::format("unmount {}: {}", target, strerror(errno)));
  }
  sync();
  Say("restarting or powering off");
  reboot(how);
  for (;;) pause();
}

[[noreturn]] void Supervise(Supervisor supervisor, const base::UniqueFd& signals) {
  base::Result<base::UniqueFd> watchdog = base::OpenFile("/dev/watchdog", O_WRONLY);
  if (!watchdog) Say("no watchdog: " + watchdog.error().message());
  const base::UniqueFd fed = watchdog ? *std::move(watchdog) : base::UniqueFd();
  for (;;) {
    supervisor.StartDue(Supervisor::Clock::now());
    FeedWatchdog(fed);
    const int signal = NextSignal(signals);
    if (signal == SIGTERM) ShutDown(RB_AUTOBOOT);
    if (signal == SIGUSR1) ShutDown(RB_POWER_OFF);
    Reap(supervisor);
  }
}

}  // namespace

int main() {
  MountFileSystems();
  Survive(init::FillEtc());
  Survive(init::BringUpNetwork());
  base::Result<base::UniqueFd> signals = OpenSignals();
  base::Result<std::vector<init::Service>> services = ReadServices();
  if (!signals || !services) {
    // Without either there is nothing to run: the kernel panics, and the set has used up a try.
    Say(!signals ? signals.error().message() : services.error().message());
    return 1;
  }
  Supervise(Supervisor(*std::move(services)), *signals);
}
