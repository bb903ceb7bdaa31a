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
bool IsBackingOff(const AgentMemory& memory, base::Time now) {
  return memory.retry_at && now < *memory.retry_at && *memory.retry_at - now <= 2 * kLastRetry;
}

AgentDecision Nothing(std::string why) {
  return {.step = AgentStep::kNothing, .why = std::move(why)};
}

AgentDecision DecideOnUpdate(const AgentSettings& settings, AgentMemory& memory, base::Time now,
                             std::uint32_t random) {
  const Opening opening = NextOpening(settings.window, now);
  if (!IsOpen(opening, now)) {
    return Nothing(fmt::format("{} waits for the window at {}", memory.available,
                               base::FormatTime(opening.opens)));
  }
  if (memory.window_opens != opening.opens || !memory.turn) {
    memory.window_opens = opening.opens;
    // In its first half at the latest, so that there is time left.
    const seconds limit = std::min(settings.jitter, settings.window.duration / 2);
    memory.turn = opening.opens + Spread(limit, random);
  }
  if (now < *memory.turn) {
    return Nothing(fmt::format("{} waits for this host's turn at {}", memory.available,
                               base::FormatTime(*memory.turn)));
  }
  if (memory.prepared != memory.available) return {AgentStep::kPrepare, memory.available};
  return {AgentStep::kRestart, memory.available};
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

AgentDecision Decide(const AgentSettings& settings, const BootFacts& boot, AgentMemory& memory,
                     base::Time now, std::uint32_t random) {
  if (IsBackingOff(memory, now)) {
    return Nothing(fmt::format("after {} failures: waits until {}", memory.failures,
                               base::FormatTime(*memory.retry_at)));
  }
  if (memory.awaited_boot && memory.awaited_boot->boot_id != boot.boot_id) {
    if (boot.on_trial) return Nothing("this boot is on trial");
    return {AgentStep::kGreetGoodBoot, memory.awaited_boot->to};
  }
  if (settings.mode == AgentMode::kOff) return Nothing("switched off");
  if (IsDue(memory, settings, now)) return {AgentStep::kCheck, "it is time to look"};
  if (memory.available.empty()) {
    return Nothing(fmt::format("looks again at {}", base::FormatTime(*memory.next_check)));
  }
  if (settings.mode == AgentMode::kCheck) {
    return Nothing(fmt::format("{} is available, and is not to be applied", memory.available));
  }
  return DecideOnUpdate(settings, memory, now, random);
}

void RememberCheck(AgentMemory& memory, const AgentSettings& settings, std::string version,
                   base::Time now, std::uint32_t random) {
  memory.next_check = now + settings.check_every + Spread(settings.jitter, random);
  memory.available = std::move(version);
  memory.failures = 0;
  memory.retry_at.reset();
}

void RememberPrepared(AgentMemory& memory, std::string version) {
  memory.available = version;
  memory.prepared = std::move(version);
}

void RememberRestart(AgentMemory& memory, AwaitedBoot awaited) {
  memory.awaited_boot = std::move(awaited);
}

void RememberGoodBoot(AgentMemory& memory) {
  // What was known of updates was known of another version.
  const std::optional<base::Time> next_check = memory.next_check;
  memory = AgentMemory();
  memory.next_check = next_check;
}

void RememberFailure(AgentMemory& memory, base::Time now, std::uint32_t random) {
  const std::uint32_t doublings = std::min(memory.failures, 12U);
  const seconds pause = std::min(kFirstRetry * (1 << doublings), kLastRetry);
  memory.failures = std::min(memory.failures + 1, 1'000'000U);
  memory.retry_at = now + pause + Spread(pause / 2, random);
}

base::json::Value AgentMemoryToJson(const AgentMemory& memory) {
  Object document;
  const auto set_time = [&](std::string_view name, const std::optional<base::Time>& time) {
    if (time) document.Set(name, base::FormatTime(*time));
  };
  set_time("next_check", memory.next_check);
  set_time("window_opens", memory.window_opens);
  set_time("turn", memory.turn);
  set_time("retry_at", memory.retry_at);
  document.Set("available", memory.available);
  document.Set("prepared", memory.prepared);
  document.Set("failures", Value::Unsigned(memory.failures));
  if (memory.awaited_boot) {
    Object awaited;
    awaited.Set("from", memory.awaited_boot->from);
    awaited.Set("to", memory.awaited_boot->to);
    awaited.Set("boot_id", memory.awaited_boot->boot_id);
    document.Set("awaited_boot", std::move(awaited));
  }
  return document;
}

base::Result<AgentMemory> AgentMemoryFromJson(const Value& document) {
  const Object* object = document.object();
  if (object == nullptr) return base::Fail(ErrorCode::kMalformed, "not an object");
  AgentMemory memory;
  const auto read_time = [&](std::string_view name,
                             std::optional<base::Time>& into) -> base::Result<> {
    if (object->Find(name) == nullptr) return {};
    into = TRY(base::ParseTime(*TRY(base::json::RequireString(*object, name))));
    return {};
  };
  TRY(read_time("next_check", memory.next_check));
  TRY(read_time("window_opens", memory.window_opens));
  TRY(read_time("turn", memory.turn));
  TRY(read_time("retry_at", memory.retry_at));
  memory.available = *TRY(base::json::RequireString(*object, "available"));
  memory.prepared = *TRY(base::json::RequireString(*object, "prepared"));
  memory.failures = static_cast<std::uint32_t>(
      TRY(base::json::RequireInteger(*object, "failures", 0, 1'000'000)));
  if (object->Find("awaited_boot") != nullptr) {
    const Object* awaited = TRY(base::json::RequireObject(*object, "awaited_boot"));
    memory.awaited_boot = {.from = *TRY(base::json::RequireString(*awaited, "from")),
                           .to = *TRY(base::json::RequireString(*awaited, "to")),
                           .boot_id = *TRY(base::json::RequireString(*awaited, "boot_id"))};
  }
  return memory;
}

}  // namespace api
