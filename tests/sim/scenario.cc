#include "tests/sim/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "updog/shipped_schedules.h"
#include "updog/toml.h"

namespace sim {
namespace {

using base::ErrorCode;
using base::json::Object;

constexpr std::uint64_t kMaxHosts = 10'000'000;
constexpr std::uint64_t kMaxMegabytes = 10'000'000;
constexpr std::uint64_t kMegabyte = 1'000'000;

base::Result<> RefuseOtherKeys(const Object& object, std::span<const std::string_view> known) {
  for (const base::json::Member& member : object.members()) {
    if (std::ranges::find(known, member.name) != known.end()) continue;
    return base::Fail(ErrorCode::kMalformed, fmt::format("{:.40}: unknown key", member.name));
  }
  return {};
}

base::Result<Seconds> RequireDuration(const Object& object, std::string_view name) {
  const std::string* text = TRY(base::json::RequireString(object, name));
  return TRY_CONTEXT(base::ParseDuration(*text), name);
}

// The value where the member is there.
template <typename T>
base::Result<> Read(const Object& object, std::string_view name, T& value,
                    base::Result<T> (*read)(const Object&, std::string_view)) {
  if (object.Find(name) == nullptr) return {};
  value = TRY(read(object, name));
  return {};
}

base::Result<double> RequirePercentage(const Object& object, std::string_view name) {
  return static_cast<double>(TRY(base::json::RequireInteger(object, name, 0, 100)));
}

base::Result<updog::Version> RequireVersion(const Object& object, std::string_view name) {
  const std::string* text = TRY(base::json::RequireString(object, name));
  return TRY_CONTEXT(updog::Version::Parse(*text), name);
}

base::Result<Event> DecodeEvent(const base::json::Value& value) {
  constexpr std::array<std::string_view, 7> kKeys = {
      "at", "publish", "schedule", "failure_percentage", "halt", "resume", "withdraw"};
  const Object* object = value.object();
  if (object == nullptr) return base::Fail(ErrorCode::kMalformed, "not a table");
  TRY(RefuseOtherKeys(*object, kKeys));
  Event event;
  event.at = TRY(RequireDuration(*object, "at"));
  event.halt = object->Find("halt") != nullptr;
  event.resume = object->Find("resume") != nullptr;
  if (object->Find("withdraw") != nullptr) {
    event.withdraw = TRY(RequireVersion(*object, "withdraw"));
  }
  if (object->Find("publish") != nullptr) {
    event.publish = TRY(RequireVersion(*object, "publish"));
    TRY(Read(*object, "failure_percentage", event.failure_percentage, RequirePercentage));
    const std::string* schedule = TRY(base::json::RequireString(*object, "schedule"));
    if (*schedule != "none") event.schedule = TRY(updog::LoadSchedule(*schedule));
  }
  if (event.halt + event.resume + event.withdraw.has_value() + event.publish.has_value() != 1) {
    return base::Fail(ErrorCode::kMalformed, "not one of publish, halt, resume, withdraw");
  }
  return event;
}

base::Result<> DecodeTimes(const Object& document, Scenario& scenario) {
  scenario.duration = TRY(RequireDuration(document, "duration"));
  scenario.poll_interval = TRY(RequireDuration(document, "poll_interval"));
  scenario.clock_error = TRY(RequireDuration(document, "clock_error"));
  scenario.awake = TRY(RequireDuration(document, "awake"));
  scenario.restart = TRY(RequireDuration(document, "restart"));
  scenario.rollback = TRY(RequireDuration(document, "rollback"));
  scenario.timestamp_valid = TRY(RequireDuration(document, "timestamp_valid"));
  if (scenario.duration > std::chrono::weeks(26)) {
    return base::Fail(ErrorCode::kMalformed, "duration: longer than 26 weeks");
  }
  if (scenario.poll_interval < std::chrono::minutes(1)) {
    return base::Fail(ErrorCode::kMalformed, "poll_interval: shorter than a minute");
  }
  if (document.Find("publisher_away_from") == nullptr) return {};
  scenario.publisher_away = {TRY(RequireDuration(document, "publisher_away_from")),
                             TRY(RequireDuration(document, "publisher_away_until"))};
  return {};
}

base::Result<std::uint64_t> RequireMegabytes(const Object& object, std::string_view name) {
  return kMegabyte * TRY(base::json::RequireInteger(object, name, 1, kMaxMegabytes));
}

}  // namespace

base::Result<Scenario> ParseScenario(std::string_view toml) {
  constexpr std::array<std::string_view, 16> kKeys = {"title",
                                                      "hosts",
                                                      "duration",
                                                      "poll_interval",
                                                      "clock_error",
                                                      "sleeping_percentage",
                                                      "awake",
                                                      "restart",
                                                      "rollback",
                                                      "server_megabytes_per_second",
                                                      "host_megabytes_per_second",
                                                      "image_megabytes",
                                                      "timestamp_valid",
                                                      "publisher_away_from",
                                                      "publisher_away_until",
                                                      "events"};
  const Object document = TRY(updog::ParseToml(toml));
  TRY(RefuseOtherKeys(document, kKeys));
  Scenario scenario;
  scenario.title = *TRY(base::json::RequireString(document, "title"));
  scenario.hosts =
      static_cast<std::uint32_t>(TRY(base::json::RequireInteger(document, "hosts", 1, kMaxHosts)));
  TRY(DecodeTimes(document, scenario));
  scenario.sleeping_percentage = TRY(RequirePercentage(document, "sleeping_percentage"));
  scenario.server_bytes_per_second = TRY(RequireMegabytes(document, "server_megabytes_per_second"));
  scenario.host_bytes_per_second = TRY(RequireMegabytes(document, "host_megabytes_per_second"));
  scenario.image_bytes = TRY(RequireMegabytes(document, "image_megabytes"));
  for (const base::json::Value& value : *TRY(base::json::RequireArray(document, "events"))) {
    const auto place = [&] { return fmt::format("events[{}]", scenario.events.size()); };
    const Event event = TRY_CONTEXT(DecodeEvent(value), place());
    // In order of time, and of two at the same time the first in the file.
    const auto later = std::ranges::upper_bound(scenario.events, event.at, {}, &Event::at);
    scenario.events.insert(later, event);
  }
  return scenario;
}

}  // namespace sim
