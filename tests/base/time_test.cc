#include "base/time.h"

#include <stdlib.h>
#include <time.h>

#include "tests/support/matchers.h"

namespace base {
namespace {

using std::chrono::seconds;
using test::Fails;
using test::IsOkAnd;

Time At(std::int64_t since_epoch) {
  return Time(seconds(since_epoch));
}

TEST(ParseTime, ReadsRfc3339InUtc) {
  EXPECT_THAT(ParseTime("1970-01-01T00:00:00Z"), IsOkAnd(At(0)));
  EXPECT_THAT(ParseTime("2038-01-19T03:14:08Z"), IsOkAnd(At(2147483648)));
  EXPECT_THAT(ParseTime("2106-02-07T06:28:16Z"), IsOkAnd(At(4294967296)));
  EXPECT_THAT(ParseTime("9999-12-31T23:59:59Z"), IsOkAnd(At(253402300799)));
  EXPECT_THAT(ParseTime("0000-01-01T00:00:00Z"), IsOkAnd(At(-62167219200)));
  EXPECT_THAT(ParseTime("2024-02-29T12:00:00Z"), IsOkAnd(At(1709208000)));
}

TEST(ParseTime, CutsAFractionOff) {
  EXPECT_THAT(ParseTime("1970-01-01T00:00:01.999999999Z"), IsOkAnd(At(1)));
}

TEST(ParseTime, RefusesEverythingElse) {
  for (const char* text : {"",
                           "1970-01-01",
                           "1970-01-01T00:00:00",
                           "1970-01-01T00:00:00z",
                           "1970-01-01t00:00:00Z",
                           "1970-01-01 00:00:00Z",
                           "1970-01-01T00:00:00+00:00",
                           "1970-01-01T00:00:00.Z",
                           "1970-01-01T00:00:00.5",
                           "1970-01-01T00:00:00.5xZ",
                           "1970-13-01T00:00:00Z",
                           "1970-00-01T00:00:00Z",
                           "1970-01-00T00:00:00Z",
                           "2023-02-29T00:00:00Z",
                           "1970-01-01T24:00:00Z",
                           "1970-01-01T00:60:00Z",
                           "1970-01-01T00:00:60Z",
                           "70-01-01T00:00:00Z",
                           "+970-01-01T00:00:00Z",
                           "-001-01-01T00:00:00Z",
                           "1970-1-01T00:00:00Z",
                           " 1970-01-01T00:00:00Z",
                           "1970-01-01T00:00:00Z ",
                           "10000-01-01T00:00:00Z",
                           "1970-01-01T00:00:00,5Z"}) {
    EXPECT_THAT(ParseTime(text), Fails(ErrorCode::kMalformed)) << text;
  }
}

TEST(FormatTime, IsTheInverse) {
  for (const char* text : {"0000-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2026-11-22T07:47:18Z",
                           "9999-12-31T23:59:59Z"}) {
    const Result<Time> time = ParseTime(text);
    ASSERT_TRUE(time.has_value());
    EXPECT_EQ(FormatTime(*time), text);
  }
}

TEST(FormatTime, ShowsTheEndsOfTheClockAsTheEndsOfTheCalendar) {
  EXPECT_EQ(FormatTime(Time::min()), "0000-01-01T00:00:00Z");
  EXPECT_EQ(FormatTime(Time::max()), "9999-12-31T23:59:59Z");
}

TEST(FormatTime, DoesNotLookAtTheTimeZone) {
  setenv("TZ", "Pacific/Kiritimati", 1);
  tzset();
  EXPECT_EQ(FormatTime(At(0)), "1970-01-01T00:00:00Z");
  EXPECT_THAT(ParseTime("1970-01-01T00:00:00Z"), IsOkAnd(At(0)));
  unsetenv("TZ");
  tzset();
}

TEST(ParseDuration, ReadsWhatPublishersWrite) {
  EXPECT_THAT(ParseDuration("in 7 days"), IsOkAnd(seconds(604800)));
  EXPECT_THAT(ParseDuration("1 hour"), IsOkAnd(seconds(3600)));
  EXPECT_THAT(ParseDuration("90 seconds"), IsOkAnd(seconds(90)));
  EXPECT_THAT(ParseDuration("in 2 weeks"), IsOkAnd(seconds(1209600)));
  EXPECT_THAT(ParseDuration("0 minutes"), IsOkAnd(seconds(0)));
}

TEST(ParseDuration, RefusesEverythingElse) {
  for (const char* text : {"", "in", "7", "days", "-1 days", "7  days", "7days", "7 fortnights",
                           "1.5 days", "9223372036854775807 weeks", "99999999999999999999 seconds",
                           "101 years", "in in 7 days", "7 dayss"}) {
    EXPECT_THAT(ParseDuration(text), Fails(ErrorCode::kMalformed)) << text;
  }
}

TEST(ParseTimeOrOffset, TakesEither) {
  EXPECT_THAT(ParseTimeOrOffset("in 1 day", At(100)), IsOkAnd(At(86500)));
  EXPECT_THAT(ParseTimeOrOffset("1970-01-02T00:00:00Z", At(100)), IsOkAnd(At(86400)));
  EXPECT_THAT(ParseTimeOrOffset("tomorrow", At(0)), Fails(ErrorCode::kMalformed));
}

}  // namespace
}  // namespace base
