// What the agent of a host without an operator does next: pure functions of the settings, of what
// it remembers, of the time and of a random number.
//
// It looks for updates every so often. Where it may apply them, it does so in the maintenance
// window: prepare, then the restart, each only while the window is open. Every wait is lengthened
// at random, so that a fleet does not come at once; after a failure it waits longer each time.
//
// A restart may have been preceded by a hook that took the host's work away. From before that hook
// the memory owes the host the other one, which gives it back: after a good boot, whichever version
// it is, and at once wherever no restart comes. That debt outlives settings, failures and power
// cuts, and nothing waits for it. Before it is paid where a restart was ordered and did not come,
// the switch is taken back: else the next crash would start the new version, in a host that has its
// work.
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

// The wait after failures of one kind of step: 5 minutes, 10, 20 … up to a day, and up to half as
// much again.
struct Backoff {
  std::uint32_t failures = 0;  // in a row
  std::optional<base::Time> retry_at;
  bool operator==(const Backoff&) const = default;
};

// A restart that the agent wants, from before the hook until it is known what became of it.
struct Restart {
  std::string from;  // the version that ran
  std::string to;
  std::string boot_id;                   // of the boot that it ends
  std::optional<base::Time> ordered_at;  // none: the hook before it has not ended
  bool operator==(const Restart&) const = default;
};

// A hook that has yet to run, by the name that the settings had for it then.
struct OwedHook {
  std::string name;
  std::string from;  // what the hooks are told
  std::string to;
  Backoff backoff;
  bool operator==(const OwedHook&) const = default;
};

// A version for which the host restarted, and which did not run afterwards.
struct MissedVersion {
  std::string version;  // empty: none
  std::uint32_t times = 0;
  bool operator==(const MissedVersion&) const = default;
};

// What the agent remembers from one run to the next.
struct AgentMemory {
  std::string boot_id;  // of the last run
  std::optional<base::Time> next_check;
  Backoff check;
  std::string available;  // the version that the last look found; empty: none
  std::string prepared;   // the one that lies in the inactive set
  Backoff update;         // of preparing it
  Backoff restarting;     // of the restart; apart, since what it needs may be prepared in between
  // When this host's turn comes in the window that opens then.
  std::optional<base::Time> window_opens;
  std::optional<base::Time> turn;
  std::optional<Restart> restart;
  std::optional<OwedHook> owed;
  MissedVersion missed;
  bool operator==(const AgentMemory&) const = default;
};

base::json::Value AgentMemoryToJson(const AgentMemory& memory);
// kMalformed.
base::Result<AgentMemory> AgentMemoryFromJson(const base::json::Value& document);

struct BootFacts {
  std::string boot_id;
  std::string version;  // that runs
  bool on_trial = false;
};

enum class AgentStep : std::uint8_t { kNothing, kTakeBack, kGiveBack, kCheck, kPrepare, kRestart };

struct AgentDecision {
  AgentStep step = AgentStep::kNothing;
  std::string why;  // one line
};

// What comes before everything else and needs no settings: learns what became of a restart, takes
// back the switch for one that did not come (until RememberNoRestart), then pays what is owed.
// Nothing: Decide() has its turn.
std::optional<AgentDecision> DecideOnRestart(const BootFacts& boot, AgentMemory& memory,
                                             base::Time now, std::uint32_t random);

// Draws this host's turn when a window is looked at for the first time, and a new time for a look
// that fell due while the host was off, and keeps them in `memory`.
AgentDecision Decide(const AgentSettings& settings, const BootFacts& boot, AgentMemory& memory,
                     base::Time now, std::uint32_t random);

// Why `memory.available` must not be applied at this time; nothing: it may be.
std::optional<std::string> WhyNotNow(const AgentSettings& settings, const AgentMemory& memory,
                                     base::Time now);

// --- What happened ----------------------------------------------------------------------------

// `version` is empty where there is no update. Another version than before gets a new chance; so
// does one that was missed, once another one has been named.
void RememberCheck(AgentMemory& memory, const AgentSettings& settings, std::string version,
                   base::Time now, std::uint32_t random);
void RememberPrepared(AgentMemory& memory, std::string version);
// The host is about to be drained for `memory.prepared`. What was owed before stays owed where the
// settings name no hook instead.
void RememberDrain(AgentMemory& memory, const AgentSettings& settings, const BootFacts& boot);
// The restart that was ordered will not come, and its switch has been taken back.
void RememberNoRestart(AgentMemory& memory, base::Time now, std::uint32_t random);
void RememberFailure(Backoff& backoff, base::Time now, std::uint32_t random);

}  // namespace api
