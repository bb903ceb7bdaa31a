// What became of the versions that this host tried: history.json in the state directory.
//
// An *attempt* begins when an update is applied: this version is on this set from now on, with this
// many tries. Each try that the boot flags lose is one *trial* of it, and every trial ends in the
// history, whoever tells of it:
//
//   good        the version reported itself healthy
//   unhealthy   the version reported itself unhealthy: which check, and why
//   panic       its kernel panicked; told by the next boot, from the panic's record (pstore)
//   not-loaded  the boot selector could not start it; told by the selector's log
//   silent      nothing was heard of it: hung, reset, or the power was cut
//   running     it has started and has not reported yet
//
// So after a fallback the running version accounts for the other one: it compares the tries that
// the attempt has accounted for with those that the flags have left. Counting this way is
// idempotent, and survives a cut between any two writes: a trial is counted late, never twice.
//
// A version *failed here* if, since it was last good, it was once unhealthy or panicked, or was
// twice silent or not loaded. It is then not chosen again unless forced.
//
// The file is written durably (base::ReplaceFile). One that cannot be read is put aside and a new
// one begun: a damaged history must not keep a host from starting or updating.
//
// Values and pure functions, but for reading and writing.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "partitions/boot_flags.h"
#include "partitions/slot_selection.h"
#include "updog/version.h"

namespace updog {

enum class Outcome : std::uint8_t { kRunning, kGood, kUnhealthy, kPanic, kNotLoaded, kSilent };

// "good", "not-loaded", …
std::string_view OutcomeName(Outcome outcome);

struct Trial {
  Outcome outcome = Outcome::kRunning;
  base::Time when;     // when it was told; of kRunning: when it started
  std::string reason;  // one line; empty for kRunning and kGood

  bool operator==(const Trial&) const = default;
};

struct Attempt {
  std::string variant;
  Version version;
  partitions::Slot set = partitions::Slot::kB;
  base::Time applied;
  // Tries of the set that were left when the last trial was counted.
  std::uint8_t tries_left = 0;
  std::vector<Trial> trials;  // oldest first

  bool operator==(const Attempt&) const = default;
};

struct History {
  std::vector<Attempt> attempts;  // oldest first

  bool operator==(const History&) const = default;
};

// Empty where there is no file yet; what is unreadable is put aside as history.json.damaged, and
// said in the log.
base::Result<History> ReadHistory(const std::string& state_dir);
// The newest kMaxAttempts attempts.
base::Result<> WriteHistory(const std::string& state_dir, const History& history);
constexpr std::size_t kMaxAttempts = 64;
constexpr std::size_t kMaxTrials = 16;  // of one attempt; the newest

base::json::Value HistoryToJson(const History& history);
// For people, oldest first: a line for each attempt, and an indented one for each of its trials.
std::string HistoryToText(const History& history);
base::Result<History> HistoryFromJson(const base::json::Value& document);

// --- What happens
// ----------------------------------------------------------------------------------

struct AppliedUpdate {
  std::string variant;
  Version version;
  partitions::Slot set = partitions::Slot::kB;
  std::uint8_t tries = 0;  // that the set has
};

// An update is made next to boot. To be written before the flags are: an attempt that never began
// is told from one that failed, the other way round is not.
void RecordApplied(History& history, const AppliedUpdate& update, base::Time now);

// What a boot knows of itself and of those before it.
struct BootReport {
  std::string variant;
  Version version;
  partitions::Slot running = partitions::Slot::kA;
  partitions::BootFlags running_flags;
  partitions::BootFlags other_flags;
  // The selector gave the other set up in this boot: its reason.
  std::optional<std::string> other_not_loaded;
  // The kernel that ran before this one panicked: its last words.
  std::optional<std::string> panic;
};

// Once a boot at least, before anything is reported of it: counts the trials that ended without a
// report, and notes that the running version has started.
void RecordStart(History& history, const BootReport& report, base::Time now);
// The same, unless this boot's start is accounted for: for a verdict that comes before the checks,
// and would be lost.
void RecordStartOnce(History& history, const BootReport& report, base::Time now);

// The running version's verdict on itself. `tries_left` are what the flags say afterwards.
void RecordGood(History& history, partitions::Slot running, std::uint8_t tries_left,
                base::Time now);
void RecordUnhealthy(History& history, partitions::Slot running, std::string reason,
                     base::Time now);

// --- What follows
// ----------------------------------------------------------------------------------

// Versions of this variant that failed here, each with what happened in one line.
std::map<Version, std::string, std::less<>> FailedVersions(const History& history,
                                                           std::string_view variant);

}  // namespace updog
