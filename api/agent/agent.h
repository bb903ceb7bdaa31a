// One run of the agent: takes the steps that are due, one after the other, by running updog and the
// image's hooks, and remembers what became of them.
//
//   look        updog check-update
//   prepare     updog update-image
//   restart     looks again, and goes on only for the version that is prepared, and if settings and
//               window still allow it; the hook before it; then, if they still do, updog
//               update-apply --image VERSION --reboot, which starts that version and no other
//   take back   updog update-revert, where that failed or the restart did not come: no crash shall
//               start that version
//   give back   the other hook: after a good boot, whichever version it is, and at once where no
//               restart comes of the hook before it
//
// What is remembered is stored before a step whose end may not be seen, and only where it has
// changed. Not thread-safe; one run at a time (a lock beside the memory).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "api/agent/plan.h"
#include "base/result.h"
#include "base/time.h"

namespace api {

struct AgentOptions {
  std::string memory = "/var/lib/updog/agent.json";
  std::string hooks = "/usr/lib/updog/hooks";
  std::string updog = "/usr/bin/updog";
  // When it is up a hook gets a SIGTERM, and 10 seconds later a SIGKILL.
  std::chrono::milliseconds hook_time_limit = std::chrono::minutes(30);
};

// What main reads: clock and settings anew before each step, since a step may take hours.
struct AgentWorld {
  std::function<base::Time()> now;
  std::function<base::Result<AgentSettings>()> settings;
  std::uint32_t random = 0;
  BootFacts boot;
};

// kBusy: another run is under way. The first error of a step that failed; it is remembered, and the
// next runs wait before they try that step again.
base::Result<> RunAgent(const AgentOptions& options, const AgentWorld& world);

}  // namespace api
