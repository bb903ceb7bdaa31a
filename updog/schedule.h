// A publisher's wave schedule, relative to the start of a release. In TOML:
//
//   end_after = "7 days"        # optional: spreads the last wave up to here
//   [[waves]]
//   start_after = "1 hour"      # counted from the start of the release
//   fleet_percentage = 5        # how much of the fleet has the update when this wave is over
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "updog/waves.h"

namespace updog {

struct ScheduledWave {
  std::chrono::seconds start_after{0};
  std::uint32_t fleet_percentage = 0;  // 1 to 100
};

struct Schedule {
  std::vector<ScheduledWave> waves;  // at least one; percentages rise, starts never fall
  std::optional<std::chrono::seconds> end_after;
};

// kMalformed, naming the wave and the key; unknown keys are faults too.
base::Result<Schedule> ParseSchedule(std::string_view toml);

// The first wave gets seed 0, each further one the seed of the percentage before it, rounded down;
// an end gets the key 2048.
Waves MakeWaves(const Schedule& schedule, base::Time start);

}  // namespace updog
