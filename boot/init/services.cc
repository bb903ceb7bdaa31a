#include "boot/init/services.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <sstream>
#include <utility>

namespace init {
namespace {

// Long enough that a service that fails at once does not keep the processor busy.
constexpr std::chrono::seconds kRespawnDelay{1};

pid_t Start(const Service& service) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  // In the child: init's blocked signals are not the service's.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  setsid();
  std::vector<char*> arguments;
  arguments.reserve(service.command.size() + 1);
  for (const std::string& word : service.command)
    arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execv(arguments[0], arguments.data());
  fmt::print(stderr, "init: {}: {}\n", service.command[0], strerror(errno));
  _exit(127);
}

}  // namespace

base::Result<std::vector<Service>> ParseServices(std::string_view text) {
  std::vector<Service> services;
  std::istringstream lines{std::string(text)};
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::istringstream words(line);
    std::string policy;
    if (!(words >> policy) || policy.starts_with('#')) continue;
    if (policy != "once" && policy != "respawn")
      return base::Fail(base::ErrorCode::kMalformed,
                        fmt::format("line {}: \"{}\" is neither once nor respawn", number, policy));
    Service service{.policy = policy == "once" ? Policy::kOnce : Policy::kRespawn, .command = {}};
    for (std::string word; words >> word;) service.command.push_back(word);
    if (service.command.empty())
      return base::Fail(base::ErrorCode::kMalformed, fmt::format("line {}: no program", number));
    services.push_back(std::move(service));
  }
  return services;
}

Supervisor::Supervisor(std::vector<Service> services) {
  for (Service& service : services) entries_.push_back({.service = std::move(service)});
}

void Supervisor::StartDue(Clock::time_point now) {
  for (Entry& entry : entries_) {
    if (entry.pid != 0 || entry.due > now) continue;
    const pid_t pid = Start(entry.service);
    if (pid < 0) {
      fmt::print(stderr, "init: fork: {}\n", strerror(errno));
      entry.due = now + kRespawnDelay;
      continue;
    }
    entry.pid = pid;
  }
}

std::string Supervisor::Reaped(pid_t pid, Clock::time_point now) {
  for (Entry& entry : entries_) {
    if (entry.pid != pid) continue;
    entry.pid = 0;
    entry.due =
        entry.service.policy == Policy::kRespawn ? now + kRespawnDelay : Clock::time_point::max();
    return entry.service.command[0];
  }
  return {};
}

}  // namespace init
