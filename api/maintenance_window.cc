#include "api/maintenance_window.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace api {
namespace {

using base::ErrorCode;
using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<std::string_view, 7> kDayNames = {"sun", "mon", "tue", "wed",
                                                       "thu", "fri", "sat"};

// -1 where they are not two digits.
int TwoDigits(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() != 2 || !std::ranges::all_of(text, is_digit)) return -1;
  return (text[0] - '0') * 10 + (text[1] - '0');
}

}  // namespace

base::Result<minutes> ParseTimeOfDay(std::string_view text) {
  const bool shaped = text.size() == 5 && text[2] == ':';
  const int hour = shaped ? TwoDigits(text.substr(0, 2)) : -1;
  const int minute = shaped ? TwoDigits(text.substr(3)) : -1;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) {
    return base::Fail(ErrorCode::kUsage,
                      fmt::format("'{:.60}' is not a time of day from 00:00 to 23:59", text));
  }
  return hours(hour) + minutes(minute);
}

base::Result<seconds> ParseWindowDuration(std::string_view text) {
  const auto duration = base::ParseDuration(text);
  if (!duration) return base::Fail(ErrorCode::kUsage, duration.error().message());
  if (*duration < minutes(15) || *duration > hours(24)) {
    return base::Fail(ErrorCode::kUsage,
                      fmt::format("'{:.60}' is not between 15 minutes and 24 hours", text));
  }
  return *duration;
}

base::Result<std::bitset<7>> ParseDays(const std::vector<std::string>& names) {
  std::bitset<7> found;
  for (const std::string& name : names) {
    const auto* const day = std::ranges::find(kDayNames, name);
    if (day == kDayNames.end()) {
      return base::Fail(ErrorCode::kUsage,
                        fmt::format("'{:.60}' is no day: mon, tue, wed, thu, fri, sat, sun", name));
    }
    const auto index = static_cast<std::size_t>(std::distance(kDayNames.begin(), day));
    if (found.test(index)) {
      return base::Fail(ErrorCode::kUsage, fmt::format("'{}' is listed twice", name));
    }
    found.set(index);
  }
  if (found.none()) return base::Fail(ErrorCode::kUsage, "lists no day");
  return found;
}

Opening NextOpening(const MaintenanceWindow& window, base::Time now) {
  const std::chrono::sys_days today = floor<days>(now);
  // The one that opened yesterday may still be open; on one of the seven days from today on there
  // is another, and where that is today's and past, the same day of next week.
  for (std::chrono::sys_days day = today - days(1); day < today + days(7); day += days(1)) {
    if (!window.days.test(std::chrono::weekday(day).c_encoding())) continue;
    const base::Time opens = day + window.start;
    if (opens + window.duration > now) return {opens, opens + window.duration};
  }
  const base::Time opens = today + days(7) + window.start;
  return {opens, opens + window.duration};
}

}  // namespace api
