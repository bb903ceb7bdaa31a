#include "api/agent/agent.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <random>
#include <string>

#include "api/agent/plan.h"
#include "tests/api/settings_host.h"
#include "tests/support/matchers.h"
#include "tests/support/process.h"

namespace api {
namespace {

using base::Time;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using test::FailsSaying;
using test::IsOk;
using test::IsOkAnd;
using testing::HasSubstr;

Time At(const std::string& text) {
  return base::ParseTime(text).value();
}

// Opens at 02:00 every day, for two hours.
AgentSettings Applying() {
  Settings settings = SettingsSchema::Create("").value().defaults();
  settings["agent.mode"] = "apply";
  return AgentSettingsOf(settings).value();
}
AgentSettings InMode(AgentMode mode) {
  AgentSettings settings = Applying();
  settings.mode = mode;
  return settings;
}

const Time kInWindow = At("2026-11-22T03:00:00Z");
const Time kOutside = At("2026-11-22T12:00:00Z");
const BootFacts kThisBoot = {.boot_id = "this", .on_trial = false};

AgentMemory Knowing(const std::string& version, Time now) {
  AgentMemory memory;
  RememberCheck(memory, Applying(), version, now, 0);
  return memory;
}

AgentStep StepOf(const AgentSettings& settings, AgentMemory memory, Time now) {
  return Decide(settings, kThisBoot, memory, now, 0).step;
}

TEST(AgentPlan, IsSwitchedOffByDefault) {
  const AgentSettings settings =
      AgentSettingsOf(SettingsSchema::Create("").value().defaults()).value();
  EXPECT_EQ(settings.mode, AgentMode::kOff);
  EXPECT_EQ(StepOf(settings, {}, kInWindow), AgentStep::kNothing);
  EXPECT_EQ(StepOf(settings, Knowing("2.0.0", kInWindow), kInWindow), AgentStep::kNothing);
}

TEST(AgentPlan, LooksAtOnceAndThenEverySoOften) {
  const AgentSettings settings = InMode(AgentMode::kCheck);
  EXPECT_EQ(StepOf(settings, {}, kOutside), AgentStep::kCheck);
  AgentMemory memory;
  RememberCheck(memory, settings, "", kOutside, 12345);
  EXPECT_GE(*memory.next_check, kOutside + hours(6));
  EXPECT_LE(*memory.next_check, kOutside + hours(6) + minutes(30));
  EXPECT_EQ(StepOf(settings, memory, *memory.next_check - seconds(1)), AgentStep::kNothing);
  EXPECT_EQ(StepOf(settings, memory, *memory.next_check), AgentStep::kCheck);
}

TEST(AgentPlan, LooksAgainWhereTheClockHasBeenSetBackByYears) {
  const AgentMemory memory = Knowing("", kOutside + hours(24 * 365));
  EXPECT_EQ(StepOf(Applying(), memory, kOutside), AgentStep::kCheck);
}

TEST(AgentPlan, OnlyLooksWhereItMayNotApply) {
  EXPECT_EQ(StepOf(InMode(AgentMode::kCheck), Knowing("2.0.0", kInWindow), kInWindow),
            AgentStep::kNothing);
}

TEST(AgentPlan, PreparesAndRestartsInTheWindowOnly) {
  AgentMemory memory = Knowing("2.0.0", kOutside);
  EXPECT_EQ(StepOf(Applying(), memory, kOutside), AgentStep::kNothing);
  memory = Knowing("2.0.0", kInWindow);
  EXPECT_EQ(StepOf(Applying(), memory, kInWindow), AgentStep::kPrepare);
  RememberPrepared(memory, "2.0.0");
  EXPECT_EQ(StepOf(Applying(), memory, kInWindow), AgentStep::kRestart);
  // The window has closed while it was prepared.
  EXPECT_EQ(StepOf(Applying(), memory, At("2026-11-22T04:00:00Z")), AgentStep::kNothing);
}

TEST(AgentPlan, DrawsATurnOnceForEachWindow) {
  AgentMemory memory = Knowing("2.0.0", At("2026-11-22T01:00:00Z"));
  const Time opens = At("2026-11-22T02:00:00Z");
  EXPECT_EQ(Decide(Applying(), kThisBoot, memory, opens, 600).step, AgentStep::kNothing);
  EXPECT_EQ(*memory.turn, opens + seconds(600));
  // Another random number changes nothing any more.
  EXPECT_EQ(Decide(Applying(), kThisBoot, memory, opens + seconds(599), 0).step,
            AgentStep::kNothing);
  EXPECT_EQ(Decide(Applying(), kThisBoot, memory, opens + seconds(600), 0).step,
            AgentStep::kPrepare);
}

TEST(AgentPlan, HasItsTurnInTheFirstHalfOfTheWindowWhateverTheJitter) {
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same cases each time
  for (int round = 0; round < 500; ++round) {
    AgentSettings settings = Applying();
    settings.jitter = seconds(random() % 1'000'000);
    settings.window.duration = minutes(1 + random() % (24UL * 60));
    AgentMemory memory = Knowing("2.0.0", At("2026-11-22T02:00:00Z"));
    Decide(settings, kThisBoot, memory, At("2026-11-22T02:00:00Z"),
           static_cast<std::uint32_t>(random()));
    ASSERT_GE(*memory.turn, *memory.window_opens);
    ASSERT_LE(*memory.turn - *memory.window_opens, settings.window.duration / 2);
    ASSERT_LE(*memory.turn - *memory.window_opens, settings.jitter);
  }
}

TEST(AgentPlan, WaitsLongerAfterEachFailureAndAtMostADayAndAHalf) {
  AgentMemory memory = Knowing("2.0.0", kInWindow);
  seconds last{0};
  for (int failures = 1; failures < 40; ++failures) {
    RememberFailure(memory, kInWindow, 0);
    const seconds pause = *memory.retry_at - kInWindow;
    EXPECT_EQ(pause,
              std::min<seconds>(minutes(5) * (1LL << std::min(failures - 1, 12)), hours(24)));
    EXPECT_GE(pause, last);
    last = pause;
    EXPECT_EQ(StepOf(Applying(), memory, *memory.retry_at - seconds(1)), AgentStep::kNothing);
  }
  RememberFailure(memory, kInWindow, 0xFFFFFFFF);
  EXPECT_LE(*memory.retry_at - kInWindow, hours(36));
  RememberCheck(memory, Applying(), "", kInWindow, 0);
  EXPECT_EQ(memory.failures, 0U);
  EXPECT_EQ(memory.retry_at, std::nullopt);
}

TEST(AgentPlan, GreetsAGoodBootAfterItsRestartEvenIfSwitchedOffMeanwhile) {
  AgentMemory memory = Knowing("2.0.0", kInWindow);
  RememberRestart(memory, {.from = "1.0.0", .to = "2.0.0", .boot_id = "before"});
  const auto step = [&](const BootFacts& boot) {
    return Decide(InMode(AgentMode::kOff), boot, memory, kInWindow, 0).step;
  };
  EXPECT_EQ(step({.boot_id = "before", .on_trial = false}), AgentStep::kNothing);
  EXPECT_EQ(step({.boot_id = "this", .on_trial = true}), AgentStep::kNothing);
  EXPECT_EQ(step({.boot_id = "this", .on_trial = false}), AgentStep::kGreetGoodBoot);
  RememberGoodBoot(memory);
  EXPECT_EQ(step({.boot_id = "this", .on_trial = false}), AgentStep::kNothing);
}

TEST(AgentMemory, ComesBackFromJson) {
  AgentMemory memory = Knowing("2.0.0", kInWindow);
  EXPECT_THAT(AgentMemoryFromJson(AgentMemoryToJson(memory)), IsOkAnd(memory));
  Decide(Applying(), kThisBoot, memory, kInWindow, 1);
  RememberFailure(memory, kInWindow, 1);
  RememberRestart(memory, {.from = "1.0.0", .to = "2.0.0", .boot_id = "b"});
  EXPECT_THAT(AgentMemoryFromJson(AgentMemoryToJson(memory)), IsOkAnd(memory));
}

// Runs of the agent with an updog that writes down how it was called.
class AgentTest : public testing::Test {
 protected:
  AgentTest() {
    paths_.memory = host_.root() + "/agent.json";
    paths_.hooks = host_.root() + "/hooks";
    paths_.updog = Script("updog", "[ \"$1\" != check-update ] || [ -z \"$(cat " + host_.root() +
                                       "/none)\" ] || exit 3\necho demo 2.0.0");
    host_.Write(host_.root() + "/none", "");
  }

  // A program that adds its name and arguments to what was called, and then does this.
  std::string Script(const std::string& name, const std::string& does) const {
    const std::string path = host_.root() + "/" + name;
    host_.Write(path, "#!/bin/sh\necho \"" + std::filesystem::path(name).filename().string() +
                          " $*\" >>" + host_.root() + "/called\n" + does + "\n");
    EXPECT_EQ(chmod(path.c_str(), 0755), 0);
    return path;
  }
  base::Result<> RunOnce() { return RunAgent(paths_, settings_, world_); }
  std::string called() const { return host_.Read(host_.root() + "/called"); }

  const test::SettingsHost host_;
  AgentPaths paths_;
  AgentSettings settings_ = Applying();
  AgentWorld world_ = {
      .now = [] { return kInWindow; }, .random = 0, .running_version = "1.0.0", .boot = kThisBoot};
};

TEST_F(AgentTest, LooksPreparesDrainsAndRestarts) {
  settings_.before_reboot = "drain";
  Script("hooks/drain", "echo $UPDOG_FROM-$UPDOG_TO >>" + host_.root() + "/called");
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(called(),
            "updog check-update\n"
            "updog --progress none update-image\n"
            "drain \n1.0.0-2.0.0\n"
            "updog --progress none update --reboot\n");
}

TEST_F(AgentTest, OnlyLooksOutsideTheWindow) {
  world_.now = [] { return kOutside; };
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(called(), "updog check-update\n");
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(called(), "updog check-update\n");
}

TEST_F(AgentTest, DoesNothingWhereThereIsNoUpdate) {
  host_.Write(host_.root() + "/none", "yes");
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(called(), "updog check-update\n");
}

TEST_F(AgentTest, DoesNotRestartWhenTheWindowClosedDuringThePreparation) {
  int calls = 0;
  world_.now = [&calls] { return ++calls < 3 ? kInWindow : kOutside; };
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_THAT(called(), HasSubstr("update-image"));
  EXPECT_THAT(called(), testing::Not(HasSubstr("--reboot")));
}

TEST_F(AgentTest, DoesNotRestartAHostThatCannotBeDrainedAndWaitsThen) {
  settings_.before_reboot = "drain";
  Script("hooks/drain", "echo no room elsewhere; exit 1");
  EXPECT_THAT(RunOnce(), FailsSaying("hook drain: exit status 1: no room elsewhere"));
  EXPECT_THAT(called(), testing::Not(HasSubstr("--reboot")));
  const std::string before = called();
  EXPECT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(called(), before);
}

TEST_F(AgentTest, RunsTheOtherHookOnceAfterAGoodBoot) {
  settings_.after_good_boot = "undrain";
  Script("hooks/undrain",
         "echo $UPDOG_FROM-$UPDOG_TO-$UPDOG_RUNNING >>" + host_.root() + "/called");
  ASSERT_THAT(RunOnce(), IsOk());
  std::filesystem::remove(host_.root() + "/called");

  world_.boot = {.boot_id = "next", .on_trial = true};
  world_.running_version = "2.0.0";
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(called(), "");
  world_.boot.on_trial = false;
  settings_.mode = AgentMode::kOff;
  ASSERT_THAT(RunOnce(), IsOk());
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(called(), "undrain \n1.0.0-2.0.0-2.0.0\n");
}

TEST_F(AgentTest, RemembersNothingFromADamagedFile) {
  host_.Write(paths_.memory, "{");
  world_.now = [] { return kOutside; };
  EXPECT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(called(), "updog check-update\n");
}

TEST_F(AgentTest, IsAProgramThatFollowsTheSettings) {
  ASSERT_THAT(host_.Start(), IsOk());
  std::filesystem::create_directories(host_.root() + "/var/lib/updog");
  const auto run = [&] {
    return test::RunProcess({.program = test::Program("api/updog-agent"),
                             .arguments = {"--root", host_.root(), "--updog", paths_.updog}});
  };
  const test::ProcessResult off = run();
  EXPECT_EQ(off.exit_status, 0) << off.errors;
  EXPECT_THAT(off.errors, HasSubstr("switched off"));
  EXPECT_EQ(called(), "");

  SettingsStore store = host_.Open();
  ASSERT_THAT(store.Stage("t", {{"agent.mode", base::json::Value("check")}}), IsOk());
  ASSERT_THAT(store.Commit("t"), IsOk());
  EXPECT_EQ(run().exit_status, 0);
  EXPECT_EQ(called(), "updog check-update\n");
}

}  // namespace
}  // namespace api
