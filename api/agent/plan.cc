#include "api/agent/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace api {
namespace {

using base::ErrorCode;
using base::json::Object;
using base::json::Value;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr seconds kFirstRetry = minutes(5);
constexpr seconds kLastRetry = hours(24);
constexpr std::uint32_t kMaxFailures = 1'000'000;
// An orderly shutdown may wait for services; after this it is none.
constexpr seconds kShutdownLimit = minutes(30);
// The first may have been cut short before the boot flags were changed.
constexpr std::uint32_t kMaxMissedRestarts = 2;

// Uniform enough over [0, limit]: what is spread are hosts, not secrets.
seconds Spread(seconds limit, std::uint32_t random) {
  return seconds(random % (std::max(limit, seconds(0)).count() + 1));
}

base::Result<std::string> Text(const Settings& settings, std::string_view name) {
  const auto found = settings.find(name);
  if (found == settings.end() || found->second.string() == nullptr) {
    return base::Fail(ErrorCode::kMalformed, fmt::format("settings.{}: missing", name));
  }
  return *found->second.string();
}

AgentMode ModeOf(std::string_view text) {
  if (text == "check") return AgentMode::kCheck;
  return text == "apply" ? AgentMode::kApply : AgentMode::kOff;
}

// A clock that was wrong by years must not put the next look off by years.
bool IsDue(const AgentMemory& memory, const AgentSettings& settings, base::Time now) {
  if (!memory.next_check || now >= *memory.next_check) return true;
  return *memory.next_check - now > settings.check_every + settings.jitter;
}
bool IsBackingOff(const Backoff& backoff, base::Time now) {
  return backoff.retry_at && now < *backoff.retry_at && *backoff.retry_at - now <= 2 * kLastRetry;
}
// In the boot that it was to end.
bool IsOrdered(const Restart& restart, const BootFacts& boot) {
  return restart.boot_id == boot.boot_id && restart.ordered_at;
}
bool IsUnderWay(const Restart& restart, const BootFacts& boot, base::Time now) {
  if (!IsOrdered(restart, boot)) return false;
  return now >= *restart.ordered_at && now - *restart.ordered_at < kShutdownLimit;
}

AgentDecision Nothing(std::string why) {
  return {.step = AgentStep::kNothing, .why = std::move(why)};
}

std::string WaitsFor(const Backoff& backoff) {
  return fmt::format("after {} failure{}: waits until {}", backoff.failures,
                     backoff.failures == 1 ? "" : "s", base::FormatTime(*backoff.retry_at));
}

// The restart is over, or was never ordered.
void Settle(AgentMemory& memory, const BootFacts& boot, base::Time now, std::uint32_t random) {
  const Restart restart = *std::exchange(memory.restart, std::nullopt);
  if (restart.boot_id == boot.boot_id) return RememberFailure(memory.restarting, now, random);
  // What was known of updates was known before this boot.
  AgentMemory anew;
  anew.boot_id = boot.boot_id;
  anew.next_check = memory.next_check;
  anew.owed = std::move(memory.owed);
  if (boot.version != restart.to) {
    anew.missed = std::move(memory.missed);
    if (restart.ordered_at) {
      if (anew.missed.version != restart.to) anew.missed = {.version = restart.to, .times = 0};
      ++anew.missed.times;
    }
  }
  memory = std::move(anew);
}

// After a power cut a whole fleet starts at once, and all of it is late.
void SpreadLateCheck(const AgentSettings& settings, const BootFacts& boot, AgentMemory& memory,
                     base::Time now, std::uint32_t random) {
  if (memory.boot_id == boot.boot_id) return;
  memory.boot_id = boot.boot_id;
  if (memory.next_check && now >= *memory.next_check) {
    memory.next_check = now + Spread(settings.jitter, random);
  }
}

void DrawTurn(const AgentSettings& settings, AgentMemory& memory, base::Time now,
              std::uint32_t random) {
  const Opening opening = NextOpening(settings.window, now);
  if (memory.window_opens == opening.opens && memory.turn) return;
  memory.window_opens = opening.opens;
  // In its first half at the latest, so that there is time left.
  memory.turn =
      opening.opens + Spread(std::min(settings.jitter, settings.window.duration / 2), random);
}

// --- The file. A member that is empty is left out
// -------------------------------------------------

void SetText(Object& object, std::string_view name, const std::string& text) {
  if (!text.empty()) object.Set(name, text);
}
void SetTime(Object& object, std::string_view name, const std::optional<base::Time>& time) {
  if (time) object.Set(name, base::FormatTime(*time));
}
void SetBackoff(Object& object, std::string_view name, const Backoff& backoff) {
  if (backoff.failures == 0) return;
  Object document;
  document.Set("failures", Value::Unsigned(backoff.failures));
  SetTime(document, "retry_at", backoff.retry_at);
  object.Set(name, std::move(document));
}

base::Result<std::string> TextIn(const Object& object, std::string_view name) {
  if (object.Find(name) == nullptr) return std::string();
  return *TRY(base::json::RequireString(object, name));
}
base::Result<std::optional<base::Time>> TimeIn(const Object& object, std::string_view name) {
  if (object.Find(name) == nullptr) return std::nullopt;
  return TRY_CONTEXT(base::ParseTime(*TRY(base::json::RequireString(object, name))), name);
}
base::Result<std::uint32_t> CountIn(const Object& object, std::string_view name) {
  return static_cast<std::uint32_t>(TRY(base::json::RequireInteger(object, name, 0, kMaxFailures)));
}
// Null where there is none.
base::Result<const Object*> ObjectIn(const Object& object, std::string_view name) {
  if (object.Find(name) == nullptr) return nullptr;
  return TRY(base::json::RequireObject(object, name));
}
base::Result<Backoff> BackoffIn(const Object& object, std::string_view name) {
  const Object* document = TRY(ObjectIn(object, name));
  if (document == nullptr) return Backoff();
  return Backoff{.failures = TRY(CountIn(*document, "failures")),
                 .retry_at = TRY(TimeIn(*document, "retry_at"))};
}

}  // namespace

base::Result<AgentSettings> AgentSettingsOf(const Settings& settings) {
  AgentSettings agent;
  agent.mode = ModeOf(TRY(Text(settings, "agent.mode")));
  agent.check_every = TRY(base::ParseDuration(TRY(Text(settings, "agent.check-every"))));
  agent.jitter = TRY(base::ParseDuration(TRY(Text(settings, "agent.jitter"))));
  agent.window.start = TRY(ParseTimeOfDay(TRY(Text(settings, "agent.window-start"))));
  agent.window.duration = TRY(ParseWindowDuration(TRY(Text(settings, "agent.window-duration"))));
  agent.window.days = TRY(ParseDays(TextsOf(settings.at("agent.window-days"))));
  agent.before_reboot = TRY(Text(settings, "agent.before-reboot"));
  agent.after_good_boot = TRY(Text(settings, "agent.after-good-boot"));
  return agent;
}

std::optional<AgentDecision> DecideOnRestart(const BootFacts& boot, AgentMemory& memory,
                                             base::Time now, std::uint32_t random) {
  if (boot.on_trial) return Nothing("this boot is on trial");
  if (memory.restart) {
    if (IsUnderWay(*memory.restart, boot, now)) {
      return Nothing(fmt::format("the restart for {} was ordered at {}", memory.restart->to,
                                 base::FormatTime(*memory.restart->ordered_at)));
    }
    if (IsOrdered(*memory.restart, boot)) {
      return AgentDecision{
          AgentStep::kTakeBack,
          fmt::format("the restart for {}, ordered at {}, did not come", memory.restart->to,
                      base::FormatTime(*memory.restart->ordered_at))};
    }
    Settle(memory, boot, now, random);
  }
  if (!memory.owed || IsBackingOff(memory.owed->backoff, now)) return std::nullopt;
  return AgentDecision{AgentStep::kGiveBack, fmt::format("hook {} is due", memory.owed->name)};
}

AgentDecision Decide(const AgentSettings& settings, const BootFacts& boot, AgentMemory& memory,
                     base::Time now, std::uint32_t random) {
  SpreadLateCheck(settings, boot, memory, now, random);
  if (settings.mode == AgentMode::kOff) return Nothing("switched off");
  if (IsDue(memory, settings, now)) {
    if (IsBackingOff(memory.check, now)) return Nothing(WaitsFor(memory.check));
    return {AgentStep::kCheck, "it is time to look"};
  }
  if (memory.available.empty()) {
    return Nothing(fmt::format("looks again at {}", base::FormatTime(*memory.next_check)));
  }
  if (std::optional<std::string> why = WhyNotNow(settings, memory, now)) {
    return Nothing(*std::move(why));
  }
  DrawTurn(settings, memory, now, random);
  if (now < *memory.turn) {
    return Nothing(fmt::format("{} waits for this host's turn at {}", memory.available,
                               base::FormatTime(*memory.turn)));
  }
  if (memory.prepared != memory.available) {
    return {AgentStep::kPrepare, fmt::format("it is time to write {}", memory.available)};
  }
  return {AgentStep::kRestart, fmt::format("it is time to restart for {}", memory.available)};
}

std::optional<std::string> WhyNotNow(const AgentSettings& settings, const AgentMemory& memory,
                                     base::Time now) {
  const std::string& version = memory.available;
  if (settings.mode != AgentMode::kApply) {
    return fmt::format("{} is available, and is not to be applied", version);
  }
  if (memory.missed.version == version && memory.missed.times >= kMaxMissedRestarts) {
    return fmt::format("{} did not run after {} restarts for it: waits for another version",
                       version, memory.missed.times);
  }
  if (IsBackingOff(memory.update, now)) return WaitsFor(memory.update);
  if (IsBackingOff(memory.restarting, now)) return WaitsFor(memory.restarting);
  const Opening opening = NextOpening(settings.window, now);
  if (IsOpen(opening, now)) return std::nullopt;
  return fmt::format("{} waits for the window at {}", version, base::FormatTime(opening.opens));
}

void RememberCheck(AgentMemory& memory, const AgentSettings& settings, std::string version,
                   base::Time now, std::uint32_t random) {
  memory.next_check = now + settings.check_every + Spread(settings.jitter, random);
  memory.check = {};
  if (version != memory.available) {
    memory.update = {};
    memory.restarting = {};
  }
  if (!version.empty() && version != memory.missed.version) memory.missed = {};
  memory.available = std::move(version);
}

void RememberPrepared(AgentMemory& memory, std::string version) {
  memory.update = {};
  memory.available = version;
  memory.prepared = std::move(version);
}

void RememberDrain(AgentMemory& memory, const AgentSettings& settings, const BootFacts& boot) {
  memory.restart = {.from = boot.version,
                    .to = memory.prepared,
                    .boot_id = boot.boot_id,
                    .ordered_at = std::nullopt};
  if (settings.after_good_boot.empty()) return;
  memory.owed = {
      .name = settings.after_good_boot, .from = boot.version, .to = memory.prepared, .backoff = {}};
}

void RememberNoRestart(AgentMemory& memory, base::Time now, std::uint32_t random) {
  memory.restart.reset();
  // Whatever lies in the inactive set: it is looked at anew.
  memory.prepared.clear();
  RememberFailure(memory.restarting, now, random);
}

void RememberFailure(Backoff& backoff, base::Time now, std::uint32_t random) {
  const std::uint32_t doublings = std::min(backoff.failures, 12U);
  const seconds pause = std::min(kFirstRetry * (1 << doublings), kLastRetry);
  backoff.failures = std::min(backoff.failures + 1, kMaxFailures);
  backoff.retry_at = now + pause + Spread(pause / 2, random);
}

Value AgentMemoryToJson(const AgentMemory& memory) {
  Object document;
  SetText(document, "boot_id", memory.boot_id);
  SetTime(document, "next_check", memory.next_check);
  SetBackoff(document, "check", memory.check);
  SetText(document, "available", memory.available);
  SetText(document, "prepared", memory.prepared);
  SetBackoff(document, "update", memory.update);
  SetBackoff(document, "restarting", memory.restarting);
  SetTime(document, "window_opens", memory.window_opens);
  SetTime(document, "turn", memory.turn);
  if (memory.restart) {
    Object restart;
    SetText(restart, "from", memory.restart->from);
    SetText(restart, "to", memory.restart->to);
    SetText(restart, "boot_id", memory.restart->boot_id);
    SetTime(restart, "ordered_at", memory.restart->ordered_at);
    document.Set("restart", std::move(restart));
  }
  if (memory.owed) {
    Object owed;
    SetText(owed, "name", memory.owed->name);
    SetText(owed, "from", memory.owed->from);
    SetText(owed, "to", memory.owed->to);
    SetBackoff(owed, "backoff", memory.owed->backoff);
    document.Set("owed_hook", std::move(owed));
  }
  if (memory.missed.times > 0) {
    Object missed;
    SetText(missed, "version", memory.missed.version);
    missed.Set("times", Value::Unsigned(memory.missed.times));
    document.Set("missed", std::move(missed));
  }
  return document;
}

base::Result<AgentMemory> AgentMemoryFromJson(const Value& document) {
  const Object* object = document.object();
  if (object == nullptr) return base::Fail(ErrorCode::kMalformed, "not an object");
  AgentMemory memory;
  memory.boot_id = TRY(TextIn(*object, "boot_id"));
  memory.next_check = TRY(TimeIn(*object, "next_check"));
  memory.check = TRY(BackoffIn(*object, "check"));
  memory.available = TRY(TextIn(*object, "available"));
  memory.prepared = TRY(TextIn(*object, "prepared"));
  memory.update = TRY(BackoffIn(*object, "update"));
  memory.restarting = TRY(BackoffIn(*object, "restarting"));
  memory.window_opens = TRY(TimeIn(*object, "window_opens"));
  memory.turn = TRY(TimeIn(*object, "turn"));
  if (const Object* restart = TRY(ObjectIn(*object, "restart"))) {
    memory.restart = {.from = TRY(TextIn(*restart, "from")),
                      .to = TRY(TextIn(*restart, "to")),
                      .boot_id = TRY(TextIn(*restart, "boot_id")),
                      .ordered_at = TRY(TimeIn(*restart, "ordered_at"))};
  }
  if (const Object* owed = TRY(ObjectIn(*object, "owed_hook"))) {
    memory.owed = {.name = TRY(TextIn(*owed, "name")),
                   .from = TRY(TextIn(*owed, "from")),
                   .to = TRY(TextIn(*owed, "to")),
                   .backoff = TRY(BackoffIn(*owed, "backoff"))};
  }
  if (const Object* missed = TRY(ObjectIn(*object, "missed"))) {
    memory.missed = {.version = TRY(TextIn(*missed, "version")),
                     .times = TRY(CountIn(*missed, "times"))};
  }
  return memory;
}

}  // namespace api
