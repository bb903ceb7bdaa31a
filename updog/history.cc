#include "updog/history.h"

#include <fmt/format.h>
#include <stdio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/bytes.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

namespace updog {
namespace {

using base::ErrorCode;
using base::Fail;
using base::json::Array;
using base::json::Object;
using base::json::Value;
using partitions::Slot;

constexpr const char* kFileName = "/history.json";
constexpr std::uint64_t kMaxBytes = 1 << 20;
constexpr std::size_t kMaxReason = 400;

constexpr std::array<std::string_view, 6> kOutcomeNames = {"running", "good",       "unhealthy",
                                                           "panic",   "not-loaded", "silent"};

base::Result<Outcome> ParseOutcome(std::string_view name) {
  const auto* const found = std::ranges::find(kOutcomeNames, name);
  if (found == kOutcomeNames.end())
    return Fail(ErrorCode::kMalformed, fmt::format("outcome: \"{}\" is none", name));
  return static_cast<Outcome>(found - kOutcomeNames.begin());
}

base::Result<Slot> ParseSet(std::string_view name) {
  for (const Slot slot : {Slot::kA, Slot::kB})
    if (name == partitions::SlotName(slot)) return slot;
  return Fail(ErrorCode::kMalformed, fmt::format("set: \"{}\" is neither A nor B", name));
}

Value TrialToJson(const Trial& trial) {
  Object object;
  object.Set("outcome", OutcomeName(trial.outcome));
  object.Set("when", base::FormatTime(trial.when));
  if (!trial.reason.empty()) object.Set("reason", trial.reason);
  return object;
}

base::Result<Trial> TrialFromJson(const Value& value) {
  const Object* const object = value.object();
  if (object == nullptr) return Fail(ErrorCode::kMalformed, "a trial is not an object");
  Trial trial;
  trial.outcome = TRY(ParseOutcome(*TRY(base::json::RequireString(*object, "outcome"))));
  trial.when = TRY(base::ParseTime(*TRY(base::json::RequireString(*object, "when"))));
  const Value* const reason = object->Find("reason");
  if (reason != nullptr && reason->string() != nullptr) trial.reason = *reason->string();
  return trial;
}

Value AttemptToJson(const Attempt& attempt) {
  Array trials;
  for (const Trial& trial : attempt.trials) trials.push_back(TrialToJson(trial));
  Object object;
  object.Set("variant", attempt.variant);
  object.Set("version", attempt.version.text());
  object.Set("set", partitions::SlotName(attempt.set));
  object.Set("applied", base::FormatTime(attempt.applied));
  object.Set("tries_left", Value::Unsigned(attempt.tries_left));
  object.Set("trials", std::move(trials));
  return object;
}

base::Result<Attempt> AttemptFromJson(const Value& value) {
  const Object* const object = value.object();
  if (object == nullptr) return Fail(ErrorCode::kMalformed, "an attempt is not an object");
  Attempt attempt;
  attempt.variant = *TRY(base::json::RequireString(*object, "variant"));
  attempt.version = TRY(Version::Parse(*TRY(base::json::RequireString(*object, "version"))));
  attempt.set = TRY(ParseSet(*TRY(base::json::RequireString(*object, "set"))));
  attempt.applied = TRY(base::ParseTime(*TRY(base::json::RequireString(*object, "applied"))));
  attempt.tries_left = static_cast<std::uint8_t>(
      TRY(base::json::RequireInteger(*object, "tries_left", 0, partitions::kMaxTries)));
  for (const Value& trial : *TRY(base::json::RequireArray(*object, "trials")))
    attempt.trials.push_back(TRY(TrialFromJson(trial)));
  return attempt;
}

base::Result<History> Decode(const std::string& text) {
  return HistoryFromJson(TRY(base::json::Parse(text)));
}

// What is on the set, as far as the history knows. Null: nothing is known.
Attempt* LatestOn(History& history, Slot set) {
  const auto found =
      std::ranges::find(history.attempts.rbegin(), history.attempts.rend(), set, &Attempt::set);
  return found == history.attempts.rend() ? nullptr : &*found;
}

bool WasGood(const Attempt& attempt) {
  return std::ranges::any_of(attempt.trials,
                             [](const Trial& trial) { return trial.outcome == Outcome::kGood; });
}

// What a check or a kernel said may be any bytes, and a history that cannot be read again would
// forget what failed.
std::string Reason(std::string_view said) {
  return base::Utf8(said, kMaxReason);
}

void AddTrial(Attempt& attempt, Trial trial) {
  trial.reason = Reason(trial.reason);
  attempt.trials.push_back(std::move(trial));
  if (attempt.trials.size() > kMaxTrials) attempt.trials.erase(attempt.trials.begin());
}

Trial Silent(base::Time now) {
  return {.outcome = Outcome::kSilent,
          .when = now,
          .reason = "never came up: it hung, was reset or lost power"};
}

// A trial that had started and was never heard of again has ended by now.
void EndRunning(Attempt& attempt, base::Time now) {
  if (attempt.trials.empty() || attempt.trials.back().outcome != Outcome::kRunning) return;
  attempt.trials.back() = {
      .outcome = Outcome::kSilent,
      .when = now,
      .reason = "came up, but did not report: it hung, was reset or lost power"};
}

// Whether the flags speak of what the attempt put on the set: not of a set that was cleared or
// filled again since, nor of one that is valid but not next.
bool InPlay(const Attempt& attempt, partitions::BootFlags flags) {
  if (flags.priority == 0 && !flags.successful) return false;
  return flags.successful || !WasGood(attempt);
}

void AccountForOther(Attempt& attempt, const BootReport& report, base::Time now) {
  if (!InPlay(attempt, report.other_flags)) return;
  const bool had_started =
      !attempt.trials.empty() && attempt.trials.back().outcome == Outcome::kRunning;
  EndRunning(attempt, now);
  const std::uint8_t left = report.other_flags.tries_left;
  for (std::uint8_t tries = attempt.tries_left; tries > left; --tries)
    AddTrial(attempt, Silent(now));
  if (!had_started && attempt.tries_left <= left) return;
  attempt.tries_left = left;

  // The last of them is what the selector's log and the panic's record speak of.
  Trial& last = attempt.trials.back();
  if (report.other_not_loaded) {
    last.outcome = Outcome::kNotLoaded;
    last.reason = Reason(*report.other_not_loaded);
  } else if (report.panic) {
    last.outcome = Outcome::kPanic;
    last.reason = Reason(*report.panic);
  }
}

void AccountForRunning(Attempt& attempt, const BootReport& report, base::Time now) {
  const std::uint8_t left = report.running_flags.tries_left;
  if (attempt.tries_left > left) {
    // One of the lost tries is this boot's own.
    EndRunning(attempt, now);
    for (int tries = attempt.tries_left - 1; tries > left; --tries) AddTrial(attempt, Silent(now));
    if (report.panic && !attempt.trials.empty() &&
        attempt.trials.back().outcome == Outcome::kSilent) {
      attempt.trials.back().outcome = Outcome::kPanic;
      attempt.trials.back().reason = Reason(*report.panic);
    }
  }
  attempt.tries_left = left;
  if (attempt.trials.empty() || attempt.trials.back().outcome != Outcome::kRunning)
    AddTrial(attempt, {.outcome = Outcome::kRunning, .when = now, .reason = {}});
}

// What a run of trials comes to, counted from the last good one on.
struct Tally {
  int silent = 0;
  std::string failed;  // how, once it has

  void Count(const Trial& trial) {
    const std::string when = base::FormatTime(trial.when);
    switch (trial.outcome) {
      case Outcome::kGood:
        *this = {};
        break;
      case Outcome::kUnhealthy:
        failed = fmt::format("reported itself unhealthy at {}: {}", when, trial.reason);
        break;
      case Outcome::kPanic:
        failed = fmt::format("panicked before {}: {}", when, trial.reason);
        break;
      case Outcome::kNotLoaded:
      case Outcome::kSilent:
        if (++silent >= 2 && failed.empty())
          failed = fmt::format("did not come up {} times, last before {}: {}", silent, when,
                               trial.reason);
        break;
      case Outcome::kRunning:
        break;
    }
  }
};

}  // namespace

std::string_view OutcomeName(Outcome outcome) {
  return kOutcomeNames[static_cast<std::size_t>(outcome)];
}

Value HistoryToJson(const History& history) {
  Array attempts;
  for (const Attempt& attempt : history.attempts) attempts.push_back(AttemptToJson(attempt));
  Object object;
  object.Set("attempts", std::move(attempts));
  return object;
}

std::string HistoryToText(const History& history) {
  std::string text;
  for (const Attempt& attempt : history.attempts) {
    text += fmt::format("{} {} on set {}, applied {}\n", attempt.variant, attempt.version.text(),
                        partitions::SlotName(attempt.set), base::FormatTime(attempt.applied));
    for (const Trial& trial : attempt.trials) {
      text +=
          fmt::format("  {}  {}{}{}\n", base::FormatTime(trial.when), OutcomeName(trial.outcome),
                      trial.reason.empty() ? "" : ": ", trial.reason);
    }
  }
  return text;
}

base::Result<History> HistoryFromJson(const Value& document) {
  const Object* const object = document.object();
  if (object == nullptr) return Fail(ErrorCode::kMalformed, "not an object");
  History history;
  for (const Value& attempt : *TRY(base::json::RequireArray(*object, "attempts")))
    history.attempts.push_back(TRY(AttemptFromJson(attempt)));
  return history;
}

base::Result<History> ReadHistory(const std::string& state_dir) {
  const std::string path = state_dir + kFileName;
  const base::Result<std::string> text = base::ReadFile(path, kMaxBytes);
  if (!text && text.error().code() == ErrorCode::kNotFound) return History{};
  base::Result<History> history =
      text ? Decode(*text) : base::Result<History>(std::unexpected(text.error()));
  if (history) return history;

  base::log::Warning(fmt::format("{}: {}; a new history begins", path, history.error().message()));
  const std::string aside = path + ".damaged";
  if (rename(path.c_str(), aside.c_str()) != 0) return base::FailErrno(errno, path);
  return History{};
}

base::Result<> WriteHistory(const std::string& state_dir, const History& history) {
  History newest = history;
  if (newest.attempts.size() > kMaxAttempts)
    newest.attempts.erase(newest.attempts.begin(), newest.attempts.end() - kMaxAttempts);
  const std::string text = base::json::Serialize(HistoryToJson(newest), base::json::Style::kPretty);
  TRY(base::MakeDirectories(state_dir));
  return base::ReplaceFile(state_dir + kFileName, base::AsBytes(text));
}

void RecordApplied(History& history, const AppliedUpdate& update, base::Time now) {
  Attempt attempt{.variant = update.variant,
                  .version = update.version,
                  .set = update.set,
                  .applied = now,
                  .tries_left = update.tries,
                  .trials = {}};
  // Applied, reverted and applied again: still the same attempt, if it never started.
  Attempt* const latest = LatestOn(history, update.set);
  if (latest != nullptr && latest->version == update.version && latest->trials.empty()) {
    *latest = std::move(attempt);
  } else {
    history.attempts.push_back(std::move(attempt));
  }
}

void RecordStart(History& history, const BootReport& report, base::Time now) {
  if (Attempt* const other = LatestOn(history, partitions::Other(report.running)))
    AccountForOther(*other, report, now);

  Attempt* running = LatestOn(history, report.running);
  if (running == nullptr || running->version != report.version ||
      running->variant != report.variant) {
    // Shipped with the disk, or put there by other means.
    history.attempts.push_back({.variant = report.variant,
                                .version = report.version,
                                .set = report.running,
                                .applied = now,
                                .tries_left = report.running_flags.tries_left,
                                .trials = {}});
    running = &history.attempts.back();
  }
  AccountForRunning(*running, report, now);
}

void RecordStartOnce(History& history, const BootReport& report, base::Time now) {
  const Attempt* const running = LatestOn(history, report.running);
  const bool is_recorded = running != nullptr && running->version == report.version &&
                           running->variant == report.variant && !running->trials.empty() &&
                           running->tries_left <= report.running_flags.tries_left;
  if (!is_recorded) RecordStart(history, report, now);
}

void RecordGood(History& history, Slot running, std::uint8_t tries_left, base::Time now) {
  Attempt* const attempt = LatestOn(history, running);
  if (attempt == nullptr) return;
  attempt->tries_left = tries_left;
  std::vector<Trial>& trials = attempt->trials;
  if (!trials.empty() && trials.back().outcome == Outcome::kRunning) trials.pop_back();
  // Of a row of good boots the last one tells all.
  if (!trials.empty() && trials.back().outcome == Outcome::kGood) trials.pop_back();
  AddTrial(*attempt, {.outcome = Outcome::kGood, .when = now, .reason = {}});
}

void RecordUnhealthy(History& history, Slot running, std::string reason, base::Time now) {
  Attempt* const attempt = LatestOn(history, running);
  if (attempt == nullptr) return;
  std::vector<Trial>& trials = attempt->trials;
  // Said twice, by a check and by who waited for it: the first one knows more.
  if (!trials.empty() && trials.back().outcome == Outcome::kUnhealthy) return;
  if (!trials.empty() && trials.back().outcome == Outcome::kRunning) trials.pop_back();
  AddTrial(*attempt, {.outcome = Outcome::kUnhealthy, .when = now, .reason = std::move(reason)});
}

std::map<Version, std::string, std::less<>> FailedVersions(const History& history,
                                                           std::string_view variant) {
  std::map<Version, Tally, std::less<>> tallies;
  for (const Attempt& attempt : history.attempts) {
    if (attempt.variant != variant) continue;
    for (const Trial& trial : attempt.trials) tallies[attempt.version].Count(trial);
  }
  std::map<Version, std::string, std::less<>> failed;
  for (auto& [version, tally] : tallies)
    if (!tally.failed.empty()) failed.emplace(version, std::move(tally.failed));
  return failed;
}

}  // namespace updog
