#include "api/maintenance_window.h"

#include <gmock/gmock.h>

#include <random>
#include <string>

#include "tests/support/matchers.h"

namespace api {
namespace {

using base::ErrorCode;
using base::Time;
using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using test::Fails;
using test::IsOkAnd;

Time At(const std::string& text) {
  return base::ParseTime(text).value();
}

MaintenanceWindow Window(const std::string& start, const std::string& duration,
                         const std::vector<std::string>& names) {
  return {.start = ParseTimeOfDay(start).value(),
          .duration = ParseWindowDuration(duration).value(),
          .days = ParseDays(names).value()};
}

const std::vector<std::string> kEveryDay = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

// 2026-11-22 is a Sunday.

TEST(MaintenanceWindow, IsOpenFromItsStartToBeforeItsEnd) {
  const MaintenanceWindow window = Window("02:00", "2 hours", kEveryDay);
  const Opening opening{At("2026-11-22T02:00:00Z"), At("2026-11-22T04:00:00Z")};
  EXPECT_EQ(NextOpening(window, At("2026-11-22T01:59:59Z")), opening);
  EXPECT_FALSE(IsOpen(opening, At("2026-11-22T01:59:59Z")));
  EXPECT_EQ(NextOpening(window, At("2026-11-22T03:59:59Z")), opening);
  EXPECT_TRUE(IsOpen(opening, At("2026-11-22T03:59:59Z")));
  EXPECT_FALSE(IsOpen(opening, At("2026-11-22T04:00:00Z")));
  EXPECT_EQ(NextOpening(window, At("2026-11-22T04:00:00Z")).opens, At("2026-11-23T02:00:00Z"));
}

TEST(MaintenanceWindow, GoesOnPastMidnightOfTheDayOnWhichItOpened) {
  const MaintenanceWindow window = Window("23:00", "3 hours", {"sat"});
  const Opening opening{At("2026-11-21T23:00:00Z"), At("2026-11-22T02:00:00Z")};
  EXPECT_EQ(NextOpening(window, At("2026-11-22T01:30:00Z")), opening);
  // Sunday itself has none; Saturday's early hours are not its either.
  EXPECT_EQ(NextOpening(window, At("2026-11-22T23:30:00Z")).opens, At("2026-11-28T23:00:00Z"));
  EXPECT_EQ(NextOpening(window, At("2026-11-28T01:00:00Z")).opens, At("2026-11-28T23:00:00Z"));
}

TEST(MaintenanceWindow, OfOneDayComesAgainAfterAWeek) {
  const MaintenanceWindow window = Window("02:00", "1 hour", {"sun"});
  EXPECT_EQ(NextOpening(window, At("2026-11-22T03:00:00Z")).opens, At("2026-11-29T02:00:00Z"));
}

TEST(MaintenanceWindow, OfTheWholeDayIsAlwaysOpen) {
  const MaintenanceWindow window = Window("00:00", "24 hours", kEveryDay);
  for (Time now = At("2026-11-22T00:00:00Z"); now < At("2026-11-24T00:00:00Z"); now += minutes(7)) {
    EXPECT_TRUE(IsOpen(NextOpening(window, now), now));
  }
}

TEST(MaintenanceWindow, CrossesMonthsYearsAndLeapDays) {
  const MaintenanceWindow window = Window("23:30", "1 hour", kEveryDay);
  for (const char* midnight : {"2027-01-01T00:00:00Z", "2028-02-29T00:00:00Z",
                               "2028-03-01T00:00:00Z", "1970-01-01T00:00:00Z"}) {
    EXPECT_EQ(NextOpening(window, At(midnight)),
              (Opening{At(midnight) - minutes(30), At(midnight) + minutes(30)}));
  }
}

// Against the definition, minute by minute: the window is open at t if on the day of some opening,
// a listed one, start <= t < start + duration.
bool IsOpenByDefinition(const MaintenanceWindow& window, Time now) {
  for (int back = 0; back <= 1; ++back) {
    const auto day = floor<days>(now) - days(back);
    const seconds since = now - (day + window.start);
    const bool listed = window.days.test(std::chrono::weekday(day).c_encoding());
    if (listed && since >= seconds(0) && since < window.duration) return true;
  }
  return false;
}

TEST(MaintenanceWindow, AgreesWithItsDefinitionForAnyWindowAndTime) {
  std::mt19937 random(20261122);  // NOLINT(cert-msc51-cpp): the same cases each time
  const auto draw = [&](int below) {
    return static_cast<int>(random() % static_cast<unsigned>(below));
  };
  for (int round = 0; round < 2000; ++round) {
    const MaintenanceWindow window{.start = minutes(draw(24 * 60)),
                                   .duration = minutes(1 + draw(24 * 60)),
                                   .days = static_cast<unsigned>(1 + draw(127))};
    const Time now = At("2026-01-01T00:00:00Z") + seconds(draw(366 * 86400));
    const Opening opening = NextOpening(window, now);
    ASSERT_EQ(IsOpen(opening, now), IsOpenByDefinition(window, now));
    ASSERT_GT(opening.closes, now);
    ASSERT_EQ(opening.closes - opening.opens, window.duration);
    ASSERT_TRUE(window.days.test(std::chrono::weekday(floor<days>(opening.opens)).c_encoding()));
    // None before it.
    for (Time between = now; between < opening.opens; between += minutes(47)) {
      ASSERT_FALSE(IsOpenByDefinition(window, between));
    }
    if (opening.opens > now) {
      ASSERT_FALSE(IsOpenByDefinition(window, opening.opens - seconds(1)));
    }
    ASSERT_TRUE(IsOpenByDefinition(window, opening.opens));
    ASSERT_TRUE(IsOpenByDefinition(window, opening.closes - seconds(1)));
  }
}

TEST(ParseTimeOfDay, TakesMinutesOfADay) {
  EXPECT_THAT(ParseTimeOfDay("00:00"), IsOkAnd(minutes(0)));
  EXPECT_THAT(ParseTimeOfDay("23:59"), IsOkAnd(minutes(23 * 60 + 59)));
  for (const char* text : {"24:00", "12:60", "1:00", "01:0", "01-00", "+1:00", "01:00:00", ""}) {
    EXPECT_THAT(ParseTimeOfDay(text), Fails(ErrorCode::kUsage)) << text;
  }
}

TEST(ParseWindowDuration, TakesAQuarterOfAnHourToADay) {
  EXPECT_THAT(ParseWindowDuration("15 minutes"), IsOkAnd(seconds(900)));
  EXPECT_THAT(ParseWindowDuration("1 day"), IsOkAnd(seconds(86400)));
  for (const char* text : {"899 seconds", "1 minute", "86401 seconds", "25 hours", "2h", ""}) {
    EXPECT_THAT(ParseWindowDuration(text), Fails(ErrorCode::kUsage)) << text;
  }
}

// A matcher for a Result<std::bitset> does not compile with clang.
base::Result<unsigned long> DayBits(const std::vector<std::string>& names) {
  return TRY(ParseDays(names)).to_ulong();
}

TEST(ParseDays, TakesEachDayOnce) {
  EXPECT_THAT(DayBits({"sun", "sat"}), IsOkAnd(0b1000001UL));
  EXPECT_THAT(DayBits({}), Fails(ErrorCode::kUsage));
  EXPECT_THAT(DayBits({"mon", "mon"}), Fails(ErrorCode::kUsage));
  EXPECT_THAT(DayBits({"Mon"}), Fails(ErrorCode::kUsage));
}

}  // namespace
}  // namespace api
