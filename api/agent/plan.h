// What the agent of a host without an operator does next: pure functions of the settings, of what
// it remembers, of the time and of a random number.
//
// It looks for updates every so often. Where it may apply them, it does so in the maintenance
// window: prepare, then the restart, each only while the window is open. Every wait is lengthened
// at random, so that a fleet does not come at once; after a failure it waits longer each time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "api/maintenance_window.h"
#include "api/settings.h"
#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace api {

enum class AgentMode : std::uint8_t { kOff, kCheck, kApply };

struct AgentSettings {
  AgentMode mode = AgentMode::kOff;
  std::chrono::seconds check_every{0};
  std::chrono::seconds jitter{0};
  MaintenanceWindow window;
  std::string before_reboot;  // names of hooks; empty: none
  std::string after_good_boot;
};

// From settings that their schema has accepted, defaults included.
base::Result<AgentSettings> AgentSettingsOf(const Settings& settings);

// A restart that the agent asked for, until a good boot was seen after it.
struct AwaitedBoot {
  std::string from;  // the version that ran
  std::string to;
  std::string boot_id;  // of the boot that it ended
  bool operator==(const AwaitedBoot&) const = default;
};

// What the agent remembers from one run to the next.
struct AgentMemory {
  std::optional<base::Time> next_check;
  std::string available;  // the version that the last look found; empty: none
  std::string prepared;   // the one that lies in the inactive set
  // When this host's turn comes in the window that opens then.
  std::optional<base::Time> window_opens;
  std::optional<base::Time> turn;
  std::uint32_t failures = 0;  // in a row
  std::optional<base::Time> retry_at;
  std::optional<AwaitedBoot> awaited_boot;
  bool operator==(const AgentMemory&) const = default;
};

base::json::Value AgentMemoryToJson(const AgentMemory& memory);
base::Result<AgentMemory> AgentMemoryFromJson(const base::json::Value& document);

struct BootFacts {
  std::string boot_id;
  bool on_trial = false;
};

enum class AgentStep : std::uint8_t { kNothing, kGreetGoodBoot, kCheck, kPrepare, kRestart };

struct AgentDecision {
  AgentStep step = AgentStep::kNothing;
  std::string why;  // one line
};

// Draws this host's turn when a window is looked at for the first time, and keeps it in `memory`.
AgentDecision Decide(const AgentSettings& settings, const BootFacts& boot, AgentMemory& memory,
                     base::Time now, std::uint32_t random);

// --- What happened ----------------------------------------------------------------------------

// `version` is empty where there is no update.
void RememberCheck(AgentMemory& memory, const AgentSettings& settings, std::string version,
                   base::Time now, std::uint32_t random);
void RememberPrepared(AgentMemory& memory, std::string version);
void RememberRestart(AgentMemory& memory, AwaitedBoot awaited);
void RememberGoodBoot(AgentMemory& memory);
// The next attempt comes 5 minutes later, 10, 20 … up to a day, and up to half as much again.
void RememberFailure(AgentMemory& memory, base::Time now, std::uint32_t random);

}  // namespace api
