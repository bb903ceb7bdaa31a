// When a host without an operator may be restarted: from a time of day, for a while, on certain
// days of the week. All in UTC. Pure arithmetic.
#pragma once

#include <bitset>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace api {

struct MaintenanceWindow {
  std::chrono::minutes start{0};     // since midnight; below 24 hours
  std::chrono::seconds duration{0};  // 24 hours at most; it may go on past midnight
  std::bitset<7> days;               // on which it opens; Sunday is 0; at least one
};

// "02:30"; kUsage.
base::Result<std::chrono::minutes> ParseTimeOfDay(std::string_view text);
// "90 minutes"; 15 minutes, in which the agent's timer finds it open more than once, to 24 hours;
// kUsage.
base::Result<std::chrono::seconds> ParseWindowDuration(std::string_view text);
// "mon" to "sun", each once, at least one; kUsage.
base::Result<std::bitset<7>> ParseDays(const std::vector<std::string>& names);

// One time that a window is open: [opens, closes).
struct Opening {
  base::Time opens;
  base::Time closes;
  bool operator==(const Opening&) const = default;
};

// The first opening that closes after `now`: the present one, or the next.
Opening NextOpening(const MaintenanceWindow& window, base::Time now);
inline bool IsOpen(const Opening& opening, base::Time now) {
  return opening.opens <= now && now < opening.closes;
}

}  // namespace api
