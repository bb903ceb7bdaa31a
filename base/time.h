// Points in time as seconds since 1970-01-01T00:00:00Z, and their RFC 3339 text form.
//
// The clock is read in main only, and handed down as a parameter; no time-zone environment is
// involved anywhere.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace base {

using Time = std::chrono::sys_seconds;  // 64-bit

// "2026-11-22T07:47:18Z", also with a fraction of seconds, which counts as cut off ("…18.999Z" is
// …18Z). Upper-case T and Z only, years 0000 to 9999, the calendar is checked; a leap second
// (":60") is refused. kMalformed.
Result<Time> ParseTime(std::string_view text);

// Exactly YYYY-MM-DDTHH:MM:SSZ; a time before year 0 or after 9999 is shown as the first or last of
// them.
std::string FormatTime(Time time);

// What people write for a point in time: RFC 3339 as above, or "in 7 days" counted from `now`
// (a whole number and second(s), minute(s), hour(s), day(s) or week(s), the "in" optional).
Result<Time> ParseTimeOrOffset(std::string_view text, Time now);
// The offset alone.
Result<std::chrono::seconds> ParseDuration(std::string_view text);

// The system's clock (CLOCK_REALTIME through libc, so that faketime and friends work). For main.
Time Now();

}  // namespace base
