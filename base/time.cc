#include "base/time.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <limits>
#include <optional>

namespace base {
namespace {

constexpr std::string_view kDigits = "0123456789";

// The number that the fixed-width field at `position` spells, or nothing.
std::optional<int> Field(std::string_view text, std::size_t position, std::size_t width) {
  const std::string_view field = text.substr(position, width);
  if (field.find_first_not_of(kDigits) != std::string_view::npos) return std::nullopt;
  int value = 0;
  std::from_chars(field.data(), field.data() + field.size(), value);
  return value;
}

// Whether `text` is "Z" or a fraction and "Z": what follows the seconds.
bool IsFractionAndZone(std::string_view text) {
  if (text == "Z") return true;
  if (text.size() < 3 || text.front() != '.' || text.back() != 'Z') return false;
  return text.substr(1, text.size() - 2).find_first_not_of(kDigits) == std::string_view::npos;
}

std::unexpected<Error> FailTime(std::string_view text) {
  return Fail(ErrorCode::kMalformed,
              fmt::format("'{:.40}' is not a time of the form YYYY-MM-DDTHH:MM:SSZ", text));
}

constexpr std::int64_t kYear0 = -62'167'219'200;        // 0000-01-01T00:00:00Z
constexpr std::int64_t kYear9999End = 253'402'300'799;  // 9999-12-31T23:59:59Z

struct Unit {
  std::string_view name;
  std::int64_t seconds;
};
constexpr Unit kUnits[] = {
    {"second", 1}, {"minute", 60}, {"hour", 3600}, {"day", 86400}, {"week", 604800},
};

}  // namespace

Result<Time> ParseTime(std::string_view text) {
  constexpr std::string_view kPattern = "0000-00-00T00:00:00";
  if (text.size() <= kPattern.size()) return FailTime(text);
  for (std::size_t i = 0; i < kPattern.size(); ++i) {
    if (kPattern[i] != '0' && text[i] != kPattern[i]) return FailTime(text);
  }
  const auto year = Field(text, 0, 4), month = Field(text, 5, 2), day = Field(text, 8, 2);
  const auto hour = Field(text, 11, 2), minute = Field(text, 14, 2), second = Field(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return FailTime(text);
  if (!IsFractionAndZone(text.substr(kPattern.size()))) return FailTime(text);
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return FailTime(text);
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

std::string FormatTime(Time time) {
  // Years of four digits are all that the form has; the ends of the clock's range, which callers
  // use for "never" and "always", would overflow the calendar.
  time = std::clamp(time, Time(std::chrono::seconds(kYear0)),
                    Time(std::chrono::seconds(kYear9999End)));
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss clock(time - days);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

Result<std::chrono::seconds> ParseDuration(std::string_view text) {
  const auto fail = [&] {
    return Fail(ErrorCode::kMalformed,
                fmt::format("'{:.40}' is not a duration such as 'in 7 days' or '4 hours'", text));
  };
  std::string_view rest = text;
  if (rest.starts_with("in ")) rest.remove_prefix(3);
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
  if (error != std::errc() || count < 0) return fail();
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  if (!rest.starts_with(' ')) return fail();
  rest.remove_prefix(1);
  if (rest.ends_with('s')) rest.remove_suffix(1);
  for (const Unit& unit : kUnits) {
    if (rest != unit.name) continue;
    // A century is more than any expiry or wave; the bound keeps later sums far from overflow.
    if (count > std::int64_t{100} * 366 * 86400 / unit.seconds) return fail();
    return std::chrono::seconds(count * unit.seconds);
  }
  return fail();
}

Result<Time> ParseTimeOrOffset(std::string_view text, Time now) {
  if (Result<std::chrono::seconds> offset = ParseDuration(text)) return now + *offset;
  if (Result<Time> time = ParseTime(text)) return *time;
  return Fail(ErrorCode::kMalformed,
              fmt::format("'{:.40}' is neither a time such as 2030-01-31T00:00:00Z nor an offset "
                          "such as 'in 7 days'",
                          text));
}

Time Now() {
  return Time(std::chrono::seconds(std::time(nullptr)));
}

}  // namespace base
