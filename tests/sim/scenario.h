// What a simulated fleet is like, and what its publisher does: scenarios/*.toml.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "updog/schedule.h"
#include "updog/version.h"

namespace sim {

using Seconds = std::chrono::seconds;

// What the publisher does at a time. Exactly one of the actions.
struct Event {
  Seconds at{0};  // since the start of the simulation
  std::optional<updog::Version> publish;
  std::optional<updog::Schedule> schedule;  // of what is published; none: everybody at once
  double failure_percentage = 0;            // of the hosts that start what is published
  bool halt = false;
  bool resume = false;
  std::optional<updog::Version> withdraw;
};

struct Scenario {
  std::string title;
  std::uint32_t hosts = 0;
  Seconds duration{0};
  Seconds poll_interval{0};        // each wait is up to a tenth longer or shorter
  Seconds clock_error{0};          // a host's clock is off by up to this, for ever
  double sleeping_percentage = 0;  // hosts that are awake for a part of each day only
  Seconds awake{0};                // how long those are
  Seconds restart{0};   // from the end of a download to the new version's first sign of life
  Seconds rollback{0};  // from there to the old version where the new one fails
  std::uint64_t server_bytes_per_second = 0;
  std::uint64_t host_bytes_per_second = 0;
  std::uint64_t image_bytes = 0;
  Seconds timestamp_valid{0};  // renewed each day
  // From and until: when nobody renews it.
  std::optional<std::pair<Seconds, Seconds>> publisher_away;
  std::vector<Event> events;  // in order of time
};

// The version that all hosts run at the start.
inline constexpr std::string_view kFirstVersion = "1.0.0";

// kMalformed with the key.
base::Result<Scenario> ParseScenario(std::string_view toml);

}  // namespace sim
