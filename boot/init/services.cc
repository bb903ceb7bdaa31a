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

base::Result<Policy> ParsePolicy(std::string_view text) {
  if (text == "first") return Policy::kFirst;
  if (text == "once") return Policy::kOnce;
  if (text == "respawn") return Policy::kRespawn;
  return base::Fail(base::ErrorCode::kMalformed,
                    fmt::format("\"{}\" is none of first, once, respawn", text));
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
    Service service{.policy = TRY_CONTEXT(ParsePolicy(policy), fmt::format("line {}", number)),
                    .command = {}};
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

void Supervisor::StartEntry(Entry& entry, Clock::time_point now) {
  const pid_t pid = Start(entry.service);
  if (pid < 0) {
    fmt::print(stderr, "init: fork: {}\n", strerror(errno));
    entry.due = now + kRespawnDelay;
    return;
  }
  entry.pid = pid;
}

void Supervisor::StartDue(Clock::time_point now) {
  for (Entry& entry : entries_) {
    if (entry.pid == 0 && entry.due <= now) StartEntry(entry, now);
    const bool ended = entry.pid == 0 && entry.due == Clock::time_point::max();
    if (entry.service.policy == Policy::kFirst && !ended) return;
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
