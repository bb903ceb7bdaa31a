#include "api/server.h"

#include <poll.h>
#include <sched.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <span>
#include <vector>

#include "base/log.h"

namespace api {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Less than systemd waits before it kills (90 s), enough for a write that is under way.
constexpr std::chrono::seconds kStopTime(10);

WallTime Now() {
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

class Loop {
 public:
  Loop(HttpServer& http, Updates& updates, int stop_fd)
      : http_(http), updates_(updates), stop_fd_(stop_fd) {}

  // Waits for events, at most until `deadline`, and has them handled. True: a stop signal came.
  base::Result<bool> Turn(std::optional<steady_clock::time_point> deadline) {
    fds_.clear();
    fds_.push_back({.fd = stop_fd_, .events = POLLIN, .revents = 0});
    fds_.push_back({.fd = http_.poll_fd(), .events = POLLIN, .revents = 0});
    const std::size_t of_updates = fds_.size();
    updates_.AddPollFds(fds_);
    if (poll(fds_.data(), fds_.size(), Timeout(deadline)) < 0 && errno != EINTR) {
      return base::FailErrno(errno, "poll");
    }
    // Who has nothing to do is not asked: that would cost a request more than its answer does.
    const auto is_ready = [](const pollfd& polled) { return polled.revents != 0; };
    // The action first: a status that is asked for now is the one after its end.
    if (std::ranges::any_of(std::span(fds_).subspan(of_updates), is_ready)) updates_.Run(Now());
    http_.Run(steady_clock::now());
    return is_ready(fds_.front()) && TakeSignal();
  }

 private:
  bool TakeSignal() const {
    signalfd_siginfo signal{};
    return read(stop_fd_, &signal, sizeof signal) == sizeof signal;
  }

  int Timeout(std::optional<steady_clock::time_point> deadline) const {
    std::optional<milliseconds> timeout = http_.Timeout();
    if (deadline) {
      const auto left =
          std::chrono::ceil<milliseconds>(std::max(*deadline - steady_clock::now(), {}));
      timeout = std::min(timeout.value_or(left), left);
    }
    return timeout ? static_cast<int>(timeout->count()) : -1;
  }

  HttpServer& http_;
  Updates& updates_;
  int stop_fd_;
  std::vector<pollfd> fds_;  // of one turn; kept for its memory
};

}  // namespace

base::Result<base::UniqueFd> OpenStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  if (sigprocmask(SIG_BLOCK, &signals, nullptr) != 0) return base::FailErrno(errno, "sigprocmask");
  base::UniqueFd fd(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return base::FailErrno(errno, "signalfd");
  return fd;
}

void YieldToOthers() {
  const sched_param batch{};
  // Whatever else its unit asks for stays (CPUSchedulingPolicy=). Where it cannot be had, the
  // server is no worse.
  if (sched_getscheduler(0) == SCHED_OTHER) (void)sched_setscheduler(0, SCHED_BATCH, &batch);
}

base::Result<> Serve(HttpServer& http, Updates& updates, const base::UniqueFd& stop_signals,
                     const ServiceNotifier& notifier) {
  Loop loop(http, updates, stop_signals.get());
  notifier.Ready();
  base::log::Info("serving");
  while (!TRY(loop.Turn(std::nullopt))) {
  }
  notifier.Stopping();
  base::log::Info("stopping");
  http.StopAccepting();
  updates.Interrupt();
  const auto deadline = steady_clock::now() + kStopTime;
  while (updates.running() && steady_clock::now() < deadline) TRY(loop.Turn(deadline));
  http.Run(steady_clock::now());
  return {};
}

}  // namespace api
