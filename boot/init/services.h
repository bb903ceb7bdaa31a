// What the reference image's init runs: the file /usr/lib/updog/services.
//
//   # when     program and arguments, separated by spaces (there is no quoting)
//   first      /usr/bin/migrator
//   once       /usr/bin/updog-health run
//   respawn    /usr/bin/apiserver --socket-path /run/api.sock
//
// "first" is started once a boot, and what stands below it waits until it has ended, well or not;
// "once" is started once a boot; "respawn" again a second after it ended.
//
// Used by one thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace init {

enum class Policy : std::uint8_t { kFirst, kOnce, kRespawn };

struct Service {
  Policy policy = Policy::kOnce;
  std::vector<std::string> command;  // at least the program

  bool operator==(const Service&) const = default;
};

// kMalformed names the line.
base::Result<std::vector<Service>> ParseServices(std::string_view text);

class Supervisor {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Supervisor(std::vector<Service> services);

  // Starts what is due at `now`; what cannot be started is reported on stderr and counts as ended.
  void StartDue(Clock::time_point now);
  // A child has been reaped. Returns the name of its program; empty if it was none of ours.
  std::string Reaped(pid_t pid, Clock::time_point now);

 private:
  struct Entry {
    Service service;
    pid_t pid = 0;
    Clock::time_point due = Clock::time_point::min();  // max: never again
  };
  static void StartEntry(Entry& entry, Clock::time_point now);

  std::vector<Entry> entries_;
};

}  // namespace init
