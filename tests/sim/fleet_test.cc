#include "tests/sim/fleet.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <random>

#include "base/file.h"
#include "tests/sim/report.h"
#include "tests/support/matchers.h"
#include "tests/support/paths.h"
#include "updog/choice.h"

namespace sim {
namespace {

using test::FailsSaying;
using test::IsOk;
using testing::HasSubstr;

updog::Version V(std::string_view text) {
  return updog::Version::Parse(text).value();
}

// A small fleet without anything that blurs: clocks are right, nobody sleeps, the line is wide.
Scenario MakeScenario(std::string_view events, std::string_view days = "9 days") {
  const std::string toml = "title = 't'\nhosts = 4096\nduration = '" + std::string(days) +
                           "'\npoll_interval = '1 hour'\nclock_error = '0 seconds'\n"
                           "sleeping_percentage = 0\nawake = '1 day'\nrestart = '1 minute'\n"
                           "rollback = '5 minutes'\nserver_megabytes_per_second = 100000\n"
                           "host_megabytes_per_second = 100\nimage_megabytes = 100\n"
                           "timestamp_valid = '7 days'\n" +
                           std::string(events);
  return ParseScenario(toml).value();
}

constexpr std::string_view kRelease =
    "[[events]]\nat = '1 hour'\npublish = '1.1.0'\nschedule = 'default'\n";

// What the fleet runs on the product's own choice, asked for each host and time anew.
TEST(Answers, AreThoseOfChoose) {
  updog::ManifestEditor editor = updog::ManifestEditor::Create();
  const std::vector<updog::Version> versions = {V("1.0.0"), V("1.1.0"), V("1.2.0")};
  for (const updog::Version& version : versions) {
    ASSERT_THAT(editor.AddUpdate({.variant = "demo",
                                  .arch = "x86_64",
                                  .version = version,
                                  .max_version = {},
                                  .images = {"b", "r", "h"}}),
                IsOk());
  }
  const auto at = [](std::int64_t second) { return base::Time(Seconds(second)); };
  ASSERT_THAT(
      editor.SetWaves({{}, {}, V("1.1.0")}, {{0, at(0)}, {700, at(9000)}, {2048, at(9500)}}),
      IsOk());
  ASSERT_THAT(editor.SetWaves({{}, {}, V("1.2.0")}, {{0, at(5000)}, {2048, at(20'000)}}), IsOk());
  const updog::Manifest manifest = updog::ParseManifest(editor.Serialize()).value();
  Answers answers(versions);
  answers.Offer(manifest);
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const auto running = static_cast<VersionIndex>(random() % 3);
    const auto failed = static_cast<FailedSet>(random() % 8);
    const std::uint32_t seed = random() % updog::kSeeds;
    const base::Time now = at(static_cast<std::int64_t>(random() % 25'000) - 1000);
    updog::Wishes wishes;
    for (std::size_t v = 0; v < 3; ++v) {
      if ((failed >> v & 1) != 0) wishes.failed.emplace(versions[v], "failed");
    }
    const updog::Update* chosen =
        updog::Choose(manifest, {"demo", "x86_64", versions[running], seed}, wishes, now).chosen;
    const VersionIndex answer = answers.Of(running, failed, seed, now);
    ASSERT_EQ(answer == kNoVersion ? "none" : versions[answer].text(),
              chosen == nullptr ? "none" : chosen->version.text());
  }
}

TEST(Fleet, HasEverybodyOnAGoodReleaseAndNobodyBeforeTheTurn) {
  const Scenario scenario = MakeScenario(kRelease);
  const Outcome outcome = Fleet::Run(scenario, 1).value();
  EXPECT_EQ(outcome.samples.back().running.at(1), 4096U);
  EXPECT_EQ(outcome.started.at(1), 4096U);
  const updog::Waves waves =
      updog::MakeWaves(*scenario.events[0].schedule, base::Time(scenario.events[0].at));
  for (const Sample& sample : outcome.samples) {
    std::uint32_t ready = 0;
    for (std::uint32_t seed = 0; seed < updog::kSeeds; ++seed) {
      if (updog::TurnOf(waves, seed)->at <= base::Time(Seconds(sample.second))) ++ready;
    }
    // Seeds are drawn: so many of 4096 hosts, give or take five standard deviations.
    const double share = static_cast<double>(ready) / updog::kSeeds;
    EXPECT_LE(sample.running[1], 4096 * share + 5 * std::sqrt(4096 * share * (1 - share)))
        << sample.second;
    if (ready == 0) {
      EXPECT_EQ(sample.downloads, 0U);
    }
  }
}

TEST(Fleet, IsTheSameForASeedAndAnotherForAnother) {
  const Scenario scenario = MakeScenario(kRelease);
  const auto run = [&](std::uint64_t seed) {
    return Json(scenario, Fleet::Run(scenario, seed).value());
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
}

TEST(Fleet, StartsNothingMoreOnceAHaltIsSeen) {
  const Outcome outcome =
      Fleet::Run(MakeScenario(std::string(kRelease) + "failure_percentage = 50\n"
                                                      "[[events]]\nat = '2 days'\nhalt = true\n"),
                 1)
          .value();
  // Who had begun to download at the halt still starts it: 2 s for the images, 60 for the restart.
  EXPECT_LE(outcome.last_start.at(1), 2 * 86'400 + 62);
  // The fourth wave begins two days after the release: 15 % of 4096 at the most.
  EXPECT_GT(outcome.started[1], 500U);
  EXPECT_LT(outcome.started[1], 720U);
  EXPECT_NEAR(outcome.failed[1], outcome.started[1] / 2.0, 80);
  EXPECT_EQ(outcome.samples.back().running[1], outcome.started[1] - outcome.failed[1]);
}

// A host on which a version failed does not try it again.
TEST(Fleet, FailsOnceOnEachHostAndStaysOnTheOldVersion) {
  const Outcome outcome =
      Fleet::Run(MakeScenario(std::string(kRelease) + "failure_percentage = 100\n"), 1).value();
  EXPECT_EQ(outcome.failed.at(1), 4096U);
  EXPECT_EQ(outcome.started.at(1), 4096U);
  EXPECT_EQ(outcome.samples.back().running[0], 4096U);
}

TEST(Fleet, HasEverybodyBackAfterAWithdrawalWithinAPollInterval) {
  const Outcome outcome =
      Fleet::Run(
          MakeScenario(std::string(kRelease) + "[[events]]\nat = '4 days'\nwithdraw = '1.1.0'\n"),
          1)
          .value();
  EXPECT_GT(outcome.started[1], 1000U);
  EXPECT_EQ(outcome.started[0], outcome.started[1]);
  EXPECT_EQ(outcome.samples.back().running[0], 4096U);
  EXPECT_LE(outcome.last_start[0], 4 * 86'400 + 2 * 3600);
}

TEST(Fleet, StandsStillWhereTheTimestampHasExpired) {
  std::string release(kRelease);
  const Outcome outcome =
      Fleet::Run(
          MakeScenario(
              "publisher_away_from = '1 minute'\npublisher_away_until = '30 days'\n" + release,
              "10 days"),
          1)
          .value();
  const std::uint32_t expiry = 7 * 86'400 + 3600;
  EXPECT_LE(outcome.last_start.at(1), expiry + 62);
  EXPECT_GT(outcome.samples.back().refused, 0U);
  EXPECT_EQ(outcome.samples.front().refused, 0U);
}

TEST(Fleet, SharesTheServersLine) {
  Scenario scenario =
      MakeScenario("[[events]]\nat = '1 minute'\npublish = '1.1.0'\nschedule = 'none'\n");
  scenario.server_bytes_per_second = 2'000'000;
  const Outcome outcome = Fleet::Run(scenario, 1).value();
  EXPECT_LE(outcome.busiest_bytes, 2'000'000U + 200 * 5 * 5'000);
  // 4096 times 100 MB at 2 MB/s is two days and nine hours.
  EXPECT_NEAR(static_cast<double>(outcome.image_bytes), 4096e8, 1e8);
  EXPECT_GT(outcome.last_start.at(1), 204'800U);
  EXPECT_EQ(outcome.samples.back().running[1], 4096U);
}

TEST(Scenario, IsRefusedByPlace) {
  EXPECT_THAT(ParseScenario("speed = 1"), FailsSaying("speed: unknown key"));
  EXPECT_THAT(ParseScenario("title = 't'"), FailsSaying("hosts: missing"));
}

class ScenarioInTheTree : public testing::TestWithParam<std::string> {};

TEST_P(ScenarioInTheTree, RunsWithASmallFleet) {
  const std::string toml = base::ReadFile(GetParam(), 1 << 20).value();
  auto scenario = ParseScenario(toml);
  ASSERT_THAT(scenario, IsOk());
  scenario->hosts = 500;
  const auto outcome = Fleet::Run(*scenario, 1);
  ASSERT_THAT(outcome, IsOk());
  EXPECT_THAT(Summary(*scenario, *outcome), HasSubstr("500 hosts"));
  EXPECT_THAT(PlotScript(*scenario, *outcome, "x.svg"), HasSubstr("set output 'x.svg'"));
}

std::vector<std::string> FindScenarios() {
  std::vector<std::string> paths;
  for (const auto& entry :
       std::filesystem::directory_iterator(test::SourcePath("tests/sim/scenarios"))) {
    paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  return paths;
}

INSTANTIATE_TEST_SUITE_P(Fleet, ScenarioInTheTree, testing::ValuesIn(FindScenarios()),
                         [](const auto& parameter) {
                           std::string name = std::filesystem::path(parameter.param).stem();
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace sim
