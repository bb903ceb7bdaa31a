// One run of the agent: takes the steps that are due, one after the other, by running updog and the
// image's hooks, and remembers what became of them.
//
//   look          updog check-update
//   prepare       updog update-image
//   restart       the hook before it; then updog update --reboot
//   after it      when the boot was found good, whichever version it is: the other hook
//
// What is remembered is stored before a step whose end may not be seen. Not thread-safe; one run at
// a time (a lock beside the memory).
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "api/agent/plan.h"
#include "base/result.h"
#include "base/time.h"

namespace api {

struct AgentPaths {
  std::string memory = "/var/lib/updog/agent.json";
  std::string hooks = "/usr/lib/updog/hooks";
  std::string updog = "/usr/bin/updog";
};

// What main reads: the clock anew before each step, since a step may take hours.
struct AgentWorld {
  std::function<base::Time()> now;
  std::uint32_t random = 0;
  std::string running_version;
  BootFacts boot;
};

// kBusy: another run is under way. The error of a step that failed; it is remembered, and the next
// runs wait before they try again.
base::Result<> RunAgent(const AgentPaths& paths, const AgentSettings& settings,
                        const AgentWorld& world);

}  // namespace api
