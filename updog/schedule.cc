#include "updog/schedule.h"

#include <fmt/format.h>

#include <string>

#include "base/json.h"
#include "updog/toml.h"

namespace updog {
namespace {

using base::ErrorCode;
using base::json::Object;

base::Result<> RefuseOtherKeys(const Object& object, std::string_view first,
                               std::string_view second) {
  for (const base::json::Member& member : object.members()) {
    if (member.name == first || member.name == second) continue;
    return base::Fail(ErrorCode::kMalformed, fmt::format("{:.40}: unknown key", member.name));
  }
  return {};
}

base::Result<std::chrono::seconds> RequireDuration(const Object& object, std::string_view name) {
  const std::string* text = TRY(base::json::RequireString(object, name));
  return TRY_CONTEXT(base::ParseDuration(*text), name);
}

base::Result<ScheduledWave> DecodeScheduledWave(const base::json::Value& value) {
  const Object* object = value.object();
  if (object == nullptr) return base::Fail(ErrorCode::kMalformed, "not a table");
  TRY(RefuseOtherKeys(*object, "start_after", "fleet_percentage"));
  ScheduledWave wave;
  wave.start_after = TRY(RequireDuration(*object, "start_after"));
  wave.fleet_percentage = static_cast<std::uint32_t>(
      TRY(base::json::RequireInteger(*object, "fleet_percentage", 1, 100)));
  return wave;
}

base::Result<> CheckOrder(const ScheduledWave& before, const ScheduledWave& wave) {
  if (wave.start_after < before.start_after) {
    return base::Fail(ErrorCode::kMalformed, "start_after: earlier than that of the wave before");
  }
  if (wave.fleet_percentage <= before.fleet_percentage) {
    return base::Fail(ErrorCode::kMalformed, "fleet_percentage: not above that of the wave before");
  }
  return {};
}

std::uint32_t SeedOfPercentage(std::uint32_t percentage) {
  return percentage * kSeeds / 100;
}

}  // namespace

base::Result<Schedule> ParseSchedule(std::string_view toml) {
  const Object document = TRY(ParseToml(toml));
  TRY(RefuseOtherKeys(document, "end_after", "waves"));
  const base::json::Array* array = TRY(base::json::RequireArray(document, "waves"));
  if (array->empty()) return base::Fail(ErrorCode::kMalformed, "waves: none");
  Schedule schedule;
  for (const base::json::Value& value : *array) {
    const std::size_t index = schedule.waves.size();
    const auto place = [index] { return fmt::format("waves[{}]", index); };
    const ScheduledWave wave = TRY_CONTEXT(DecodeScheduledWave(value), place());
    if (index > 0) TRY_CONTEXT(CheckOrder(schedule.waves.back(), wave), place());
    schedule.waves.push_back(wave);
  }
  if (document.Find("end_after") == nullptr) return schedule;
  schedule.end_after = TRY(RequireDuration(document, "end_after"));
  if (*schedule.end_after < schedule.waves.back().start_after) {
    return base::Fail(ErrorCode::kMalformed, "end_after: earlier than the start of the last wave");
  }
  return schedule;
}

Waves MakeWaves(const Schedule& schedule, base::Time start) {
  Waves waves;
  std::uint32_t seed = 0;
  for (const ScheduledWave& wave : schedule.waves) {
    waves.push_back({.first_seed = seed, .start = start + wave.start_after});
    seed = SeedOfPercentage(wave.fleet_percentage);
  }
  if (schedule.end_after) {
    waves.push_back({.first_seed = kSeeds, .start = start + *schedule.end_after});
  }
  return waves;
}

}  // namespace updog
