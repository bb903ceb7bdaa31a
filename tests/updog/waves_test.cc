#include "updog/waves.h"

#include <gmock/gmock.h>

#include <limits>
#include <random>
#include <string>

#include "base/file.h"
#include "tests/support/matchers.h"
#include "tests/support/paths.h"
#include "updog/schedule.h"
#include "updog/shipped_schedules.h"

namespace updog {
namespace {

using base::ErrorCode;
using std::chrono::seconds;
using test::Fails;
using test::FailsSaying;
using test::IsOkAnd;
using testing::ElementsAre;

base::Time At(std::int64_t second) {
  return base::Time(seconds(second));
}

base::Result<Waves> Decode(std::string_view json) {
  return DecodeWaves(
      base::json::Parse(json, {.duplicates = base::json::Duplicates::kKeep}).value());
}

TEST(DecodeWaves, OrdersByNumberNotByText) {
  EXPECT_THAT(Decode(R"({"1024": "1970-01-01T00:00:02Z", "0": "1970-01-01T00:00:00Z",
                         "500": "1970-01-01T00:00:01Z"})"),
              IsOkAnd(ElementsAre(Wave{0, At(0)}, Wave{500, At(1)}, Wave{1024, At(2)})));
}

TEST(DecodeWaves, TakesEqualTimesAndNone) {
  EXPECT_THAT(Decode(R"({"0": "1970-01-01T00:00:05Z", "7": "1970-01-01T00:00:05Z"})"),
              IsOkAnd(ElementsAre(Wave{0, At(5)}, Wave{7, At(5)})));
  EXPECT_THAT(Decode("{}"), IsOkAnd(ElementsAre()));
}

TEST(DecodeWaves, IsUndoneByEncodeWaves) {
  const Waves waves = {{0, At(0)}, {99, At(1'000'000)}, {2048, At(2'000'000)}};
  EXPECT_THAT(DecodeWaves(EncodeWaves(waves)), IsOkAnd(waves));
}

struct BadWaves {
  std::string json;
  std::string fault;
};
class UnusableWaves : public testing::TestWithParam<BadWaves> {};

TEST_P(UnusableWaves, AreRefusedByName) {
  EXPECT_THAT(Decode(GetParam().json), FailsSaying(GetParam().fault));
  EXPECT_THAT(Decode(GetParam().json), Fails(ErrorCode::kMalformed));
}

INSTANTIATE_TEST_SUITE_P(
    Waves, UnusableWaves,
    testing::Values(
        BadWaves{R"({"2049": "2020-01-01T00:00:00Z"})", "'2049' is not an integer from 0 to 2048"},
        BadWaves{R"({"-1": "2020-01-01T00:00:00Z"})", "'-1'"},
        BadWaves{R"({"": "2020-01-01T00:00:00Z"})", "''"},
        BadWaves{R"({"1.5": "2020-01-01T00:00:00Z"})", "'1.5'"},
        BadWaves{R"({" 1": "2020-01-01T00:00:00Z"})", "' 1'"},
        BadWaves{R"({"01": "2020-01-01T00:00:00Z"})", "'01'"},
        BadWaves{R"({"99999999999999999999": "2020-01-01T00:00:00Z"})", "'99999999999999999999'"},
        BadWaves{R"({"first": "2020-01-01T00:00:00Z"})", "'first'"},
        BadWaves{R"({"5": "2020-01-01T00:00:00Z", "5": "2020-01-01T00:00:00Z"})", "5 occurs twice"},
        BadWaves{R"({"0": "2020-01-02T00:00:00Z", "5": "2020-01-01T00:00:00Z"})",
                 "5 starts before 0 does"},
        BadWaves{R"({"0": "tomorrow"})", "'tomorrow' is not a time"},
        BadWaves{R"({"0": 17})", "0: not a time"}, BadWaves{R"({"0": null})", "0: not a time"},
        BadWaves{"[]", "not an object"}, BadWaves{"null", "not an object"}));

TEST(TurnOf, IsAtOnceWithoutWaves) {
  EXPECT_EQ(TurnOf({}, 17), std::nullopt);
}

TEST(TurnOf, DividesAWaveEvenly) {
  const Waves waves = {{0, At(0)}, {10, At(100)}, {20, At(100)}, {2048, At(2128)}};
  EXPECT_EQ(TurnOf(waves, 0)->at, At(0));
  EXPECT_EQ(TurnOf(waves, 1)->at, At(10));
  EXPECT_EQ(TurnOf(waves, 9)->at, At(90));
  EXPECT_EQ(TurnOf(waves, 10)->at, At(100));
  EXPECT_EQ(TurnOf(waves, 19)->at, At(100));
  EXPECT_EQ(TurnOf(waves, 21)->at, At(101));
  EXPECT_EQ(TurnOf(waves, 21)->wave, 2U);
}

TEST(TurnOf, IsTheSecondInWhichTheInstantFalls) {
  const Waves waves = {{0, At(0)}, {3, At(10)}};
  EXPECT_EQ(TurnOf(waves, 1)->at, At(3));  // 3.33
  EXPECT_EQ(TurnOf(waves, 2)->at, At(6));  // 6.67
}

TEST(TurnOf, LeavesTheLastWaveOpen) {
  const Waves waves = {{0, At(0)}, {1000, At(50)}};
  EXPECT_EQ(TurnOf(waves, 1000)->at, At(50));
  EXPECT_EQ(TurnOf(waves, 2047)->at, At(50));
}

TEST(TurnOf, GivesHostsBeforeTheFirstKeyTheFirstTime) {
  const Waves waves = {{100, At(50)}, {200, At(150)}};
  EXPECT_EQ(TurnOf(waves, 0)->at, At(50));
  EXPECT_EQ(TurnOf(waves, 99)->at, At(50));
  EXPECT_EQ(TurnOf(waves, 101)->at, At(51));
  EXPECT_EQ(TurnOf({{2048, At(9)}}, 2047)->at, At(9));
}

TEST(TurnOf, TreatsSeed2048As2047) {
  const Waves waves = {{0, At(0)}, {2048, At(2048)}};
  EXPECT_EQ(TurnOf(waves, 2047)->at, At(2047));
  EXPECT_EQ(TurnOf(waves, 2048)->at, At(2047));
  EXPECT_EQ(TurnOf(waves, std::numeric_limits<std::uint32_t>::max())->at, At(2047));
}

TEST(TurnOf, DoesNotOverflow) {
  constexpr std::int64_t kLongest = std::numeric_limits<std::int64_t>::max();
  const Waves waves = {{0, At(0)}, {2048, At(kLongest)}};
  EXPECT_EQ(TurnOf(waves, 1024)->at, At(kLongest / 2));
  EXPECT_EQ(TurnOf(waves, 2047)->at, At(kLongest - kLongest / 2048 - 1));
}

// The three schedules that ship, as the table in the specification has them, each with and without
// its end: every seed against the formula in rational arithmetic.
struct Shipped {
  std::string name;
  std::vector<std::pair<std::int64_t, std::int64_t>> table;  // minutes, percent
};

class ShippedSchedule : public testing::TestWithParam<Shipped> {
 protected:
  Schedule Load() const {
    const std::string path = test::SourcePath("updog/waves/" + GetParam().name + ".toml");
    return ParseSchedule(base::ReadFile(path, 10'000).value()).value();
  }
  const base::Time start_ = base::ParseTime("2026-11-22T07:47:18Z").value();
};

TEST_P(ShippedSchedule, IsThatOfTheTable) {
  const Schedule schedule = Load();
  ASSERT_EQ(schedule.waves.size(), GetParam().table.size());
  for (std::size_t i = 0; i < schedule.waves.size(); ++i) {
    EXPECT_EQ(schedule.waves[i].start_after, std::chrono::minutes(GetParam().table[i].first));
    EXPECT_EQ(schedule.waves[i].fleet_percentage, GetParam().table[i].second);
  }
  EXPECT_TRUE(schedule.end_after.has_value());
}

TEST_P(ShippedSchedule, GivesEverySeedItsSecond) {
  for (const bool closed : {true, false}) {
    Schedule schedule = Load();
    if (!closed) schedule.end_after.reset();
    const Waves waves = MakeWaves(schedule, start_);
    EXPECT_THAT(DecodeWaves(EncodeWaves(waves)), IsOkAnd(waves));
    base::Time before = start_;
    for (std::uint32_t seed = 0; seed <= kSeeds; ++seed) {
      const std::int64_t s = std::min(seed, kSeeds - 1);
      std::size_t own = waves.size() - 1;
      while (waves[own].first_seed > s) --own;
      std::int64_t expected = waves[own].start.time_since_epoch().count();
      if (own + 1 < waves.size()) {
        const std::int64_t length = (waves[own + 1].start - waves[own].start).count();
        const std::int64_t width = waves[own + 1].first_seed - waves[own].first_seed;
        expected += length * (s - waves[own].first_seed) / width;
      }
      const Turn turn = TurnOf(waves, seed).value();
      ASSERT_EQ(turn.at, At(expected)) << "seed " << seed;
      ASSERT_EQ(turn.wave, own);
      ASSERT_GE(turn.at, turn.wave_starts);
      ASSERT_GE(turn.at, before) << "not monotone at seed " << seed;
      before = turn.at;
    }
    if (closed) {
      ASSERT_LT(before, waves.back().start);
    }
  }
}

// At every boundary: the share of the fleet that is ready the second before and at it.
TEST_P(ShippedSchedule, HasReachedEachPercentageWhenItsWaveIsOver) {
  const Waves waves = MakeWaves(Load(), start_);
  for (std::size_t i = 1; i < waves.size(); ++i) {
    std::uint32_t ready_before = 0;
    std::uint32_t ready = 0;
    for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
      const base::Time at = TurnOf(waves, seed)->at;
      if (at <= waves[i].start - seconds(1)) ++ready_before;
      if (at <= waves[i].start) ++ready;
    }
    EXPECT_EQ(ready_before, waves[i].first_seed);
    EXPECT_EQ(ready, i + 1 < waves.size() ? waves[i].first_seed + 1 : kSeeds);
    EXPECT_EQ(waves[i].first_seed, 2048 * GetParam().table[i - 1].second / 100);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Waves, ShippedSchedule,
    testing::Values(
        Shipped{"default",
                {{60, 1}, {240, 5}, {1440, 15}, {2880, 40}, {5760, 60}, {7200, 90}, {8640, 100}}},
        Shipped{"accelerated", {{60, 3}, {240, 12}, {480, 40}, {960, 80}, {1440, 100}}},
        Shipped{"emergency", {{30, 5}, {60, 25}, {120, 50}, {150, 90}, {180, 100}}}),
    [](const auto& parameter) { return parameter.param.name; });

// Any schedule that a publisher could write, from a seed for which it is always the same: what
// holds for all of them.
class AnySchedule : public testing::TestWithParam<std::uint32_t> {
 protected:
  Waves Make() {
    Schedule schedule;
    std::uint32_t percentage = 0;
    seconds start{0};
    while (percentage < 100) {
      percentage = std::min(100U, percentage + 1 + Random(60));
      // Also waves that start together, and such that are shorter in seconds than wide in seeds.
      start += seconds(Random(3) == 0 ? 0 : Random(200'000));
      schedule.waves.push_back({.start_after = start, .fleet_percentage = percentage});
    }
    schedule.end_after = start + seconds(Random(200'000));
    return MakeWaves(schedule, At(1'800'000'000));
  }
  std::uint32_t Random(std::uint32_t below) {
    return std::uniform_int_distribution<std::uint32_t>(0, below - 1)(random_);
  }

 private:
  std::mt19937 random_{GetParam()};
};

TEST_P(AnySchedule, IsNeverEarlyReachesEverybodyAndRisesWithTheSeed) {
  const Waves waves = Make();
  base::Time before = waves.front().start;
  for (std::uint32_t seed = 0; seed <= kSeeds; ++seed) {
    const Turn turn = TurnOf(waves, seed).value();
    ASSERT_LE(waves[turn.wave].first_seed, seed);
    ASSERT_GE(turn.at, waves[turn.wave].start) << "before its wave: seed " << seed;
    ASSERT_LE(turn.at, waves.back().start) << "not by the end: seed " << seed;
    ASSERT_GE(turn.at, before) << "not monotone: seed " << seed;
    before = turn.at;
  }
}

// Inside a wave of n seeds and d seconds any two neighbours are d/n apart, to the second.
TEST_P(AnySchedule, IsSpreadEvenlyInsideEveryWave) {
  const Waves waves = Make();
  for (std::uint32_t seed = 1; seed < kSeeds; ++seed) {
    const Turn own = TurnOf(waves, seed).value();
    const Turn neighbour = TurnOf(waves, seed - 1).value();
    if (own.wave != neighbour.wave) continue;
    const double length =
        static_cast<double>((waves[own.wave + 1].start - own.wave_starts).count());
    const double width = waves[own.wave + 1].first_seed - waves[own.wave].first_seed;
    ASSERT_NEAR(static_cast<double>((own.at - neighbour.at).count()), length / width, 1.0)
        << "seed " << seed;
  }
}

// The last seed of a wave has its turn a step before the next wave begins, never in it.
TEST_P(AnySchedule, EndsEachWaveBeforeTheNext) {
  const Waves waves = Make();
  for (std::size_t i = 1; i < waves.size(); ++i) {
    if (waves[i].first_seed == 0) continue;
    const Turn last = TurnOf(waves, waves[i].first_seed - 1).value();
    ASSERT_EQ(last.wave + 1, i);
    if (waves[i].start > waves[i - 1].start) {
      ASSERT_LT(last.at, waves[i].start);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Waves, AnySchedule, testing::Range(0U, 200U));

TEST(LoadSchedule, KnowsTheShippedOnesByName) {
  EXPECT_THAT(ShippedScheduleNames(), ElementsAre("accelerated", "default", "emergency"));
  EXPECT_EQ(LoadSchedule("default")->waves.size(), 7U);
  EXPECT_EQ(LoadSchedule(test::SourcePath("updog/waves/emergency.toml"))->waves.size(), 5U);
  EXPECT_THAT(LoadSchedule("leisurely"), Fails(ErrorCode::kNotFound));
  EXPECT_THAT(LoadSchedule("leisurely"), FailsSaying("accelerated, default, emergency"));
}

TEST(ParseSchedule, TakesALeadingIn) {
  const auto schedule = ParseSchedule(
      "[[waves]]\nstart_after = 'in 1 minute'\nfleet_percentage = 50\n"
      "[[waves]]\nstart_after = '2 weeks'\nfleet_percentage = 100\n");
  ASSERT_THAT(schedule, test::IsOk());
  EXPECT_EQ(schedule->waves[0].start_after, std::chrono::minutes(1));
  EXPECT_EQ(schedule->waves[1].start_after, std::chrono::weeks(2));
  EXPECT_EQ(schedule->end_after, std::nullopt);
}

struct BadSchedule {
  std::string toml;
  std::string fault;
};
class UnusableSchedule : public testing::TestWithParam<BadSchedule> {};

TEST_P(UnusableSchedule, IsRefusedByPlace) {
  EXPECT_THAT(ParseSchedule(GetParam().toml), FailsSaying(GetParam().fault));
}

INSTANTIATE_TEST_SUITE_P(
    Waves, UnusableSchedule,
    testing::Values(
        BadSchedule{"", "waves: missing"}, BadSchedule{"waves = []", "waves: none"},
        BadSchedule{"waves = 7", "waves: not an array"},
        BadSchedule{"waves = [7]", "waves[0]: not a table"},
        BadSchedule{"speed = 1\nwaves = []", "speed: unknown key"},
        BadSchedule{"[[waves]]\nstart_after = '1 hour'", "waves[0]: fleet_percentage: missing"},
        BadSchedule{"[[waves]]\nfleet_percentage = 5", "waves[0]: start_after: missing"},
        BadSchedule{"[[waves]]\nstart_after = 1\nfleet_percentage = 5",
                    "waves[0]: start_after: not a string"},
        BadSchedule{"[[waves]]\nstart_after = '1 month'\nfleet_percentage = 5",
                    "waves[0]: start_after: '1 month'"},
        BadSchedule{"[[waves]]\nstart_after = '-1 hours'\nfleet_percentage = 5",
                    "waves[0]: start_after: '-1 hours'"},
        BadSchedule{"[[waves]]\nstart_after = '1 hour'\nfleet_percentage = 0",
                    "waves[0]: fleet_percentage: not an integer from 1 to 100"},
        BadSchedule{"[[waves]]\nstart_after = '1 hour'\nfleet_percentage = 101", "from 1 to 100"},
        BadSchedule{"[[waves]]\nstart_after = '1 hour'\nfleet_percentage = 5.5", "from 1 to 100"},
        BadSchedule{"[[waves]]\nstart_after = '1 hour'\nfleet_percentage = 5\nkey = 1",
                    "waves[0]: key: unknown key"},
        BadSchedule{"[[waves]]\nstart_after = '2 hours'\nfleet_percentage = 5\n"
                    "[[waves]]\nstart_after = '1 hour'\nfleet_percentage = 50",
                    "waves[1]: start_after: earlier"},
        BadSchedule{"[[waves]]\nstart_after = '1 hour'\nfleet_percentage = 5\n"
                    "[[waves]]\nstart_after = '2 hours'\nfleet_percentage = 5",
                    "waves[1]: fleet_percentage: not above"},
        BadSchedule{"end_after = '1 hour'\n"
                    "[[waves]]\nstart_after = '2 hours'\nfleet_percentage = 5",
                    "end_after: earlier"},
        BadSchedule{"[[waves]", "line 1"}));

}  // namespace
}  // namespace updog
