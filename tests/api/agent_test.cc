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
const BootFacts kThisBoot = {.boot_id = "this", .version = "1.0.0", .on_trial = false};
const BootFacts kNextBoot = {.boot_id = "next", .version = "2.0.0", .on_trial = false};

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
    RememberFailure(memory.update, kInWindow, 0);
    const seconds pause = *memory.update.retry_at - kInWindow;
    EXPECT_EQ(pause,
              std::min<seconds>(minutes(5) * (1LL << std::min(failures - 1, 12)), hours(24)));
    EXPECT_GE(pause, last);
    last = pause;
  }
  EXPECT_EQ(StepOf(Applying(), memory, kInWindow), AgentStep::kNothing);
  RememberFailure(memory.update, kInWindow, 0xFFFFFFFF);
  EXPECT_LE(*memory.update.retry_at - kInWindow, hours(36));
}

TEST(AgentPlan, TriesAgainWhenTheWaitAfterAFailureIsOver) {
  AgentMemory memory = Knowing("2.0.0", kInWindow);
  RememberFailure(memory.update, kInWindow, 0);
  const Time retry = *memory.update.retry_at;
  EXPECT_EQ(StepOf(Applying(), memory, retry - seconds(1)), AgentStep::kNothing);
  EXPECT_EQ(StepOf(Applying(), memory, retry), AgentStep::kPrepare);
}

TEST(AgentPlan, ALookThatWentWellEndsItsOwnWaitAndNoOther) {
  AgentMemory memory = Knowing("2.0.0", kInWindow);
  RememberFailure(memory.check, kInWindow, 0);
  RememberFailure(memory.update, kInWindow, 0);
  RememberFailure(memory.restarting, kInWindow, 0);
  RememberCheck(memory, Applying(), "2.0.0", kInWindow, 0);
  EXPECT_EQ(memory.check, Backoff());
  EXPECT_EQ(memory.update.failures, 1U);
  EXPECT_EQ(memory.restarting.failures, 1U);
  // Another version is another matter.
  RememberCheck(memory, Applying(), "2.0.1", kInWindow, 0);
  EXPECT_EQ(memory.update, Backoff());
  EXPECT_EQ(memory.restarting, Backoff());
}

TEST(AgentPlan, APreparationThatWentWellEndsItsOwnWaitAndNoOther) {
  AgentMemory memory = Knowing("2.0.0", kInWindow);
  RememberFailure(memory.update, kInWindow, 0);
  RememberFailure(memory.restarting, kInWindow, 0);
  RememberPrepared(memory, "2.0.0");
  EXPECT_EQ(memory.update, Backoff());
  // Else a restart that never succeeds would drain the host every few minutes.
  EXPECT_EQ(memory.restarting.failures, 1U);
  EXPECT_EQ(StepOf(Applying(), memory, kInWindow), AgentStep::kNothing);
  EXPECT_EQ(StepOf(Applying(), memory, *memory.restarting.retry_at), AgentStep::kRestart);
}

TEST(AgentPlan, ALookThatIsLateSinceTheHostWasOffIsSpread) {
  const Time start = kOutside + hours(24);
  AgentMemory memory = Knowing("", kOutside);
  const auto step = [&](Time now, std::uint32_t random) {
    return Decide(Applying(), kThisBoot, memory, now, random).step;
  };
  EXPECT_EQ(step(start, 600), AgentStep::kNothing);
  EXPECT_EQ(*memory.next_check, start + seconds(600));
  // Once a boot.
  EXPECT_EQ(step(start + seconds(599), 1), AgentStep::kNothing);
  EXPECT_EQ(step(start + seconds(600), 1), AgentStep::kCheck);
}

TEST(AgentPlan, DoesNothingWhileTheBootIsOnTrial) {
  AgentMemory memory = Knowing("2.0.0", kInWindow);
  const auto decision = DecideOnRestart({.boot_id = "this", .version = "1.0.0", .on_trial = true},
                                        memory, kInWindow, 0);
  ASSERT_TRUE(decision.has_value());
  EXPECT_EQ(decision->step, AgentStep::kNothing);
}

// Drained by hooks, and a restart for 2.0.0 ordered.
AgentMemory Restarting(Time ordered) {
  AgentSettings settings = Applying();
  settings.after_good_boot = "undrain";
  AgentMemory memory = Knowing("2.0.0", kInWindow);
  RememberPrepared(memory, "2.0.0");
  RememberDrain(memory, settings, kThisBoot);
  memory.restart->ordered_at = ordered;
  return memory;
}
std::optional<AgentStep> FirstStep(AgentMemory& memory, const BootFacts& boot, Time now) {
  const auto decision = DecideOnRestart(boot, memory, now, 0);
  return decision ? std::optional(decision->step) : std::nullopt;
}

TEST(AgentPlan, GivesTheHostBackOnceTheBootAfterTheRestartIsGood) {
  AgentMemory memory = Restarting(kInWindow);
  EXPECT_EQ(FirstStep(memory, kThisBoot, kInWindow), AgentStep::kNothing);
  BootFacts on_trial = kNextBoot;
  on_trial.on_trial = true;
  EXPECT_EQ(FirstStep(memory, on_trial, kInWindow), AgentStep::kNothing);
  EXPECT_EQ(FirstStep(memory, kNextBoot, kInWindow), AgentStep::kGiveBack);
  EXPECT_EQ(memory.restart, std::nullopt);
  EXPECT_EQ(memory.owed->name, "undrain");
  memory.owed.reset();
  EXPECT_EQ(FirstStep(memory, kNextBoot, kInWindow), std::nullopt);
}

TEST(AgentPlan, TakesTheSwitchBackAndThenGivesTheHostBackWhereTheRestartDoesNotCome) {
  AgentMemory memory = Restarting(kInWindow);
  EXPECT_EQ(FirstStep(memory, kThisBoot, kInWindow + minutes(29)), AgentStep::kNothing);
  EXPECT_EQ(FirstStep(memory, kThisBoot, kInWindow + minutes(30)), AgentStep::kTakeBack);
  // Until it is remembered that it was done.
  EXPECT_EQ(FirstStep(memory, kThisBoot, kInWindow + minutes(31)), AgentStep::kTakeBack);
  RememberNoRestart(memory, kInWindow + minutes(31), 0);
  EXPECT_EQ(FirstStep(memory, kThisBoot, kInWindow + minutes(31)), AgentStep::kGiveBack);
  EXPECT_EQ(memory.restarting.failures, 1U);
  EXPECT_EQ(memory.missed, MissedVersion());
  // What lies in the inactive set is looked at anew.
  EXPECT_EQ(StepOf(Applying(), memory, kInWindow + minutes(36)), AgentStep::kPrepare);
}

// Nothing was switched then.
TEST(AgentPlan, GivesTheHostBackWhoseDrainWasCutShort) {
  for (const BootFacts& boot : {kThisBoot, BootFacts{.boot_id = "next", .version = "1.0.0"}}) {
    AgentMemory memory = Restarting(kInWindow);
    memory.restart->ordered_at.reset();
    EXPECT_EQ(FirstStep(memory, boot, kInWindow), AgentStep::kGiveBack);
    EXPECT_EQ(memory.missed, MissedVersion());
  }
}

TEST(AgentPlan, LooksOnWhileTheHostCannotBeGivenBack) {
  AgentMemory memory = Restarting(kInWindow);
  ASSERT_EQ(FirstStep(memory, kNextBoot, kInWindow), AgentStep::kGiveBack);
  RememberFailure(memory.owed->backoff, kInWindow, 0);
  EXPECT_EQ(FirstStep(memory, kNextBoot, kInWindow), std::nullopt);
  EXPECT_EQ(FirstStep(memory, kNextBoot, kInWindow + minutes(5)), AgentStep::kGiveBack);
}

TEST(AgentPlan, KeepsWhatIsOwedWhereTheSettingsNameNoHookAnyMore) {
  AgentMemory memory = Restarting(kInWindow);
  ASSERT_EQ(FirstStep(memory, kNextBoot, kInWindow), AgentStep::kGiveBack);
  RememberFailure(memory.owed->backoff, kInWindow, 0);
  const std::optional<OwedHook> owed = memory.owed;
  RememberPrepared(memory, "3.0.0");
  RememberDrain(memory, Applying(), kNextBoot);
  EXPECT_EQ(memory.owed, owed);
  // Another one that they name is owed instead.
  AgentSettings settings = Applying();
  settings.after_good_boot = "resume";
  RememberDrain(memory, settings, kNextBoot);
  EXPECT_EQ(memory.owed,
            (OwedHook{.name = "resume", .from = "2.0.0", .to = "3.0.0", .backoff = {}}));
}

TEST(AgentPlan, AVersionThatDidNotRunAfterTwoRestartsForItIsLeftAlone) {
  AgentMemory memory = Restarting(kInWindow);
  // The image calls itself 1.0.0 still, or the other set was started.
  const BootFacts same = {.boot_id = "next", .version = "1.0.0", .on_trial = false};
  FirstStep(memory, same, kInWindow);
  EXPECT_EQ(memory.missed, (MissedVersion{.version = "2.0.0", .times = 1}));
  RememberCheck(memory, Applying(), "2.0.0", kInWindow, 0);
  EXPECT_EQ(StepOf(Applying(), memory, kInWindow), AgentStep::kPrepare);

  memory.restart = {.from = "1.0.0", .to = "2.0.0", .boot_id = "next", .ordered_at = kInWindow};
  FirstStep(memory, {.boot_id = "third", .version = "1.0.0", .on_trial = false}, kInWindow);
  RememberCheck(memory, Applying(), "2.0.0", kInWindow, 0);
  EXPECT_THAT(WhyNotNow(Applying(), memory, kInWindow),
              testing::Optional(HasSubstr("2.0.0 did not run after 2 restarts for it")));
  EXPECT_EQ(StepOf(Applying(), memory, kInWindow), AgentStep::kNothing);
  RememberCheck(memory, Applying(), "2.0.1", kInWindow, 0);
  EXPECT_EQ(StepOf(Applying(), memory, kInWindow), AgentStep::kPrepare);
}

TEST(AgentPlan, AVersionThatDidNotRunHasANewChanceOnceAnotherOneHasBeenNamed) {
  AgentMemory memory = Knowing("2.0.0", kInWindow);
  memory.missed = {.version = "2.0.0", .times = 2};
  for (const std::string version : {"2.0.0", "", "2.0.0"}) {
    RememberCheck(memory, Applying(), version, kInWindow, 0);
    EXPECT_EQ(memory.missed.times, 2U);
  }
  RememberCheck(memory, Applying(), "2.0.1", kInWindow, 0);
  RememberCheck(memory, Applying(), "2.0.0", kInWindow, 0);
  EXPECT_EQ(memory.missed, MissedVersion());
  EXPECT_EQ(StepOf(Applying(), memory, kInWindow), AgentStep::kPrepare);
}

TEST(AgentMemory, ComesBackFromJson) {
  EXPECT_THAT(AgentMemoryFromJson(AgentMemoryToJson({})), IsOkAnd(AgentMemory()));
  AgentMemory memory = Restarting(kInWindow);
  EXPECT_THAT(AgentMemoryFromJson(AgentMemoryToJson(memory)), IsOkAnd(memory));
  memory.missed = {.version = "2.0.0", .times = 1};
  Decide(Applying(), kThisBoot, memory, kInWindow, 1);
  RememberFailure(memory.check, kInWindow, 1);
  RememberFailure(memory.update, kInWindow, 1);
  RememberFailure(memory.restarting, kInWindow, 2);
  RememberFailure(memory.owed->backoff, kInWindow, 1);
  EXPECT_THAT(AgentMemoryFromJson(AgentMemoryToJson(memory)), IsOkAnd(memory));
}

TEST(AgentMemory, RefusesWhatIsNone) {
  for (const std::string text : {"[]", R"({"available": 2})", R"({"next_check": "tomorrow"})",
                                 R"({"check": {"failures": -1}})", R"({"restart": []})"}) {
    EXPECT_THAT(AgentMemoryFromJson(base::json::Parse(text).value()),
                test::Fails(base::ErrorCode::kMalformed))
        << text;
  }
}

// Runs of the agent with an updog that writes down how it was called.
class AgentTest : public testing::Test {
 protected:
  AgentTest() {
    options_.memory = host_.root() + "/agent.json";
    options_.hooks = host_.root() + "/hooks";
    // Offers what the file `offered` says.
    options_.updog =
        Script("updog", "offered=$(cat " + host_.root() +
                            "/offered)\n"
                            "[ \"$1\" != check-update ] || [ -n \"$offered\" ] || exit 3\n"
                            "echo demo $offered");
    Offer("2.0.0");
    world_.now = [this] { return now_; };
    world_.settings = [this] { return base::Result<AgentSettings>(settings_); };
    world_.boot = kThisBoot;
  }

  void Offer(const std::string& version) const { host_.Write(host_.root() + "/offered", version); }
  // A program that adds its name and arguments to what was called, and then does this.
  std::string Script(const std::string& name, const std::string& does) const {
    const std::string path = host_.root() + "/" + name;
    host_.Write(path, "#!/bin/sh\necho \"" + std::filesystem::path(name).filename().string() +
                          " $*\" >>" + host_.root() + "/called\n" + does + "\n");
    EXPECT_EQ(chmod(path.c_str(), 0755), 0);
    return path;
  }
  // Hooks that say what they are told, and then do this.
  void SetHooks(const std::string& drain_does, const std::string& undrain_does = "") {
    settings_.before_reboot = "drain";
    settings_.after_good_boot = "undrain";
    const std::string told =
        "echo $UPDOG_FROM-$UPDOG_TO-$UPDOG_RUNNING >>" + host_.root() + "/called\n";
    Script("hooks/drain", told + drain_does);
    Script("hooks/undrain", told + undrain_does);
  }
  // An updog that cannot restart the host, and then does this when the switch is to be taken back.
  void FailToRestart(const std::string& revert_does) const {
    Script("updog",
           "case $1 in\n"
           "update-apply) echo another update is running >&2; exit 1 ;;\n"
           "update-revert) " +
               revert_does +
               " ;;\n"
               "esac\n"
               "echo demo 2.0.0");
  }
  base::Result<> RunOnce() { return RunAgent(options_, world_); }
  // Since it was last asked.
  std::string Called() const {
    std::string called = host_.Read(host_.root() + "/called");
    std::filesystem::remove(host_.root() + "/called");
    return called;
  }

  static constexpr const char* kGoneOver =
      "updog check-update\n"
      "updog --progress none update-image\n"
      "updog check-update\n";
  static constexpr const char* kDrained = "drain \n1.0.0-2.0.0-1.0.0\n";
  static constexpr const char* kGivenBack = "undrain \n1.0.0-2.0.0-1.0.0\n";
  static constexpr const char* kOrdered = "updog update-apply --image 2.0.0 --reboot\n";
  static constexpr const char* kTakenBack = "updog update-revert --image 2.0.0\n";

  const test::SettingsHost host_;
  Time now_ = kInWindow;
  AgentOptions options_;
  AgentSettings settings_ = Applying();
  AgentWorld world_;
};

TEST_F(AgentTest, LooksPreparesDrainsAndRestarts) {
  SetHooks("");
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(Called(), std::string(kGoneOver) + kDrained + kOrdered);
  // The machine is going down.
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(Called(), "");
}

TEST_F(AgentTest, OnlyLooksOutsideTheWindow) {
  now_ = kOutside;
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(Called(), "updog check-update\n");
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(Called(), "");
}

TEST_F(AgentTest, DoesNothingWhereThereIsNoUpdate) {
  Offer("");
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(Called(), "updog check-update\n");
}

TEST_F(AgentTest, DoesNotRestartWhenTheWindowClosedDuringThePreparation) {
  world_.now = [this] {
    const bool prepared = host_.Read(host_.root() + "/called").contains("update-image");
    return prepared ? At("2026-11-22T04:00:00Z") : kInWindow;
  };
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(Called(), "updog check-update\nupdog --progress none update-image\n");
}

TEST_F(AgentTest, DoesNotDrainIfTheWindowClosedDuringTheLastLook) {
  SetHooks("");
  world_.now = [this] {
    return host_.Read(host_.root() + "/called") == kGoneOver ? kOutside : kInWindow;
  };
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(Called(), kGoneOver);
  // In the next one.
  now_ += hours(24);
  world_.now = [this] { return now_; };
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_THAT(Called(), testing::EndsWith(std::string(kDrained) + kOrdered));
}

TEST_F(AgentTest, DoesNotDrainIfItIsSwitchedOffDuringTheLastLook) {
  SetHooks("");
  world_.settings = [this] {
    AgentSettings settings = settings_;
    if (host_.Read(host_.root() + "/called") == kGoneOver) settings.mode = AgentMode::kOff;
    return base::Result<AgentSettings>(settings);
  };
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(Called(), kGoneOver);
}

// In a later window, the release has been withdrawn, or locked away.
TEST_F(AgentTest, DoesNotDrainForWhatIsNoLongerOffered) {
  SetHooks("");
  Script("hooks/drain", "exit 1");
  EXPECT_THAT(RunOnce(), FailsSaying("hook drain"));
  (void)Called();
  Offer("");
  now_ += minutes(5);
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(Called(), "updog check-update\n");
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(Called(), "");
}

TEST_F(AgentTest, PreparesAnotherVersionThatIsOfferedInstead) {
  SetHooks("exit 1");
  EXPECT_THAT(RunOnce(), FailsSaying("hook drain"));
  (void)Called();
  Offer("2.0.1");
  SetHooks("");
  now_ += minutes(5);
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(Called(),
            "updog check-update\n"
            "updog --progress none update-image\n"
            "updog check-update\n"
            "drain \n1.0.0-2.0.1-1.0.0\n"
            "updog update-apply --image 2.0.1 --reboot\n");
}

TEST_F(AgentTest, GivesBackAHostThatCannotBeDrainedAndWaitsThen) {
  SetHooks("echo no room elsewhere; exit 1");
  EXPECT_THAT(RunOnce(), FailsSaying("hook drain: exit status 1: no room elsewhere"));
  EXPECT_EQ(Called(), std::string(kGoneOver) + kDrained + kGivenBack);
  EXPECT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(Called(), "");
  now_ += minutes(5);
  EXPECT_THAT(RunOnce(), FailsSaying("hook drain"));
  EXPECT_EQ(Called(), std::string("updog check-update\n") + kDrained + kGivenBack);
  now_ += minutes(5);
  EXPECT_THAT(RunOnce(), IsOk());
}

TEST_F(AgentTest, GivesBackAHostWhoseHookHangs) {
  SetHooks("trap 'echo ended >>" + host_.root() + "/called; exit 1' TERM\nsleep 1000 & wait");
  options_.hook_time_limit = std::chrono::milliseconds(500);
  EXPECT_THAT(RunOnce(), FailsSaying("hook drain: not done within the time limit"));
  EXPECT_EQ(Called(), std::string(kGoneOver) + kDrained + "ended\n" + kGivenBack);
}

TEST_F(AgentTest, GivesBackAHostThatWasDrainedUntilTheWindowClosed) {
  SetHooks("");
  // The clock goes by what has happened.
  world_.now = [this] {
    const std::string called = host_.Read(host_.root() + "/called");
    return called.contains("drain") ? kOutside : kInWindow;
  };
  EXPECT_THAT(RunOnce(), FailsSaying("no restart after all: 2.0.0 waits for the window at "
                                     "2026-11-23T02:00:00Z"));
  EXPECT_EQ(Called(), std::string(kGoneOver) + kDrained + kGivenBack);
}

TEST_F(AgentTest, GivesBackAHostIfItIsSwitchedOffMeanwhile) {
  SetHooks("");
  world_.settings = [this] {
    AgentSettings settings = settings_;
    if (host_.Read(host_.root() + "/called").contains("drain")) settings.mode = AgentMode::kOff;
    return base::Result<AgentSettings>(settings);
  };
  EXPECT_THAT(RunOnce(), FailsSaying("no restart after all"));
  EXPECT_EQ(Called(), std::string(kGoneOver) + kDrained + kGivenBack);
}

TEST_F(AgentTest, TakesTheSwitchBackAndThenGivesTheHostBackIfUpdogCannotRestartIt) {
  SetHooks("");
  FailToRestart("");
  EXPECT_THAT(RunOnce(), FailsSaying("update-apply: exit status 1: another update is running"));
  EXPECT_EQ(Called(), std::string(kGoneOver) + kDrained + kOrdered + kTakenBack + kGivenBack);
  // What lies in the inactive set is not known any more.
  now_ += minutes(5);
  EXPECT_THAT(RunOnce(), FailsSaying("update-apply"));
  EXPECT_THAT(Called(), testing::StartsWith("updog --progress none update-image\n"));
}

// The host has its work meanwhile.
TEST_F(AgentTest, TriesToTakeTheSwitchBackUntilItIs) {
  SetHooks("");
  FailToRestart("echo the disk does not answer >&2; exit 1");
  EXPECT_THAT(RunOnce(), FailsSaying("update-apply: exit status 1: another update is running"));
  EXPECT_EQ(Called(), std::string(kGoneOver) + kDrained + kOrdered + kTakenBack + kGivenBack);
  now_ += minutes(30);
  for (int run = 0; run < 2; ++run) {
    EXPECT_THAT(RunOnce(), FailsSaying("update-revert: exit status 1: the disk does not answer"));
    EXPECT_EQ(Called(), kTakenBack);
  }
  FailToRestart("");
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(Called(), kTakenBack);
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(Called(), "");
}

TEST_F(AgentTest, WaitsLongerAfterEachRestartThatFailsThoughAllElseSucceeds) {
  FailToRestart("");
  EXPECT_THAT(RunOnce(), FailsSaying("update-apply"));
  now_ += minutes(5);
  EXPECT_THAT(RunOnce(), FailsSaying("update-apply"));
  (void)Called();
  now_ += minutes(9);
  EXPECT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(Called(), "");
  now_ += minutes(1);
  EXPECT_THAT(RunOnce(), FailsSaying("update-apply"));
}

TEST_F(AgentTest, TakesTheSwitchBackAndThenGivesTheHostBackIfTheRestartDoesNotCome) {
  SetHooks("");
  ASSERT_THAT(RunOnce(), IsOk());
  (void)Called();
  now_ += minutes(30);
  // Whatever became of the settings.
  settings_.mode = AgentMode::kOff;
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(Called(), std::string(kTakenBack) + kGivenBack);
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(Called(), "");
}

TEST_F(AgentTest, TakesTheSwitchBackAgainIfItWasKilledMeanwhile) {
  SetHooks("");
  FailToRestart("kill -9 $PPID");
  ASSERT_EXIT((void)RunOnce(), testing::KilledBySignal(SIGKILL), "");
  EXPECT_EQ(Called(), std::string(kGoneOver) + kDrained + kOrdered + kTakenBack);
  now_ += minutes(30);
  ASSERT_EXIT((void)RunOnce(), testing::KilledBySignal(SIGKILL), "");
  EXPECT_EQ(Called(), kTakenBack);
  FailToRestart("");
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(Called(), std::string(kTakenBack) + kGivenBack);
}

TEST_F(AgentTest, GivesBackAHostWhoseAgentWasKilledInTheHook) {
  SetHooks("kill -9 $PPID; exit 1");
  ASSERT_EXIT((void)RunOnce(), testing::KilledBySignal(SIGKILL), "");
  (void)Called();
  settings_.mode = AgentMode::kOff;
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(Called(), kGivenBack);
}

TEST_F(AgentTest, RunsTheOtherHookOnceAfterAGoodBoot) {
  SetHooks("");
  ASSERT_THAT(RunOnce(), IsOk());
  (void)Called();

  world_.boot = kNextBoot;
  world_.boot.on_trial = true;
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(Called(), "");
  world_.boot.on_trial = false;
  // Whatever became of the settings.
  world_.settings = [] {
    return base::Result<AgentSettings>(base::Fail(base::ErrorCode::kState, "no settings"));
  };
  EXPECT_THAT(RunOnce(), FailsSaying("no settings"));
  EXPECT_EQ(Called(), "undrain \n1.0.0-2.0.0-2.0.0\n");
  EXPECT_THAT(RunOnce(), FailsSaying("no settings"));
  EXPECT_EQ(Called(), "");
}

TEST_F(AgentTest, RunsTheOtherHookAfterAFallbackToo) {
  SetHooks("");
  ASSERT_THAT(RunOnce(), IsOk());
  (void)Called();
  Offer("");
  world_.boot.boot_id = "next";
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(Called(), kGivenBack);
}

TEST_F(AgentTest, LooksOnWhereTheOtherHookFails) {
  SetHooks("", "exit 1");
  ASSERT_THAT(RunOnce(), IsOk());
  (void)Called();
  world_.boot = kNextBoot;
  now_ += hours(7);
  EXPECT_THAT(RunOnce(), FailsSaying("hook undrain: exit status 1"));
  EXPECT_EQ(Called(), "undrain \n1.0.0-2.0.0-2.0.0\nupdog check-update\n");
  EXPECT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(Called(), "");
}

TEST_F(AgentTest, DoesNotRestartOverAndOverForAVersionThatDoesNotRun) {
  for (int boot = 0; boot < 4; ++boot) {
    world_.boot.boot_id = "boot " + std::to_string(boot);
    ASSERT_THAT(RunOnce(), IsOk());
    EXPECT_EQ(Called().contains("--reboot"), boot < 2) << boot;
    now_ += hours(24);
  }
}

TEST_F(AgentTest, DownloadsNothingWhereAHookIsMissing) {
  settings_.before_reboot = "drain";
  EXPECT_THAT(RunOnce(), FailsSaying("hook drain: " + options_.hooks + "/drain: No such file"));
  EXPECT_EQ(Called(), "updog check-update\n");
}

TEST_F(AgentTest, GivesTheHostBackAndHurriesNothingWhereItsMemoryIsDamaged) {
  SetHooks("");
  host_.Write(options_.memory, "{");
  EXPECT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(Called(), "undrain \n1.0.0-1.0.0-1.0.0\n");
  now_ += minutes(5);
  EXPECT_THAT(RunOnce(), IsOk());
  EXPECT_THAT(Called(), testing::StartsWith("updog check-update\n"));
}

TEST_F(AgentTest, WritesItsMemoryAnewWhereItIsDamaged) {
  settings_.mode = AgentMode::kOff;
  host_.Write(options_.memory, "{");
  EXPECT_THAT(RunOnce(), IsOk());
  EXPECT_THAT(base::json::Parse(host_.Read(options_.memory)), IsOk());
}

TEST_F(AgentTest, WritesItsMemoryOnlyWhereItHasChanged) {
  settings_.mode = AgentMode::kOff;
  ASSERT_THAT(RunOnce(), IsOk());
  const auto long_ago = std::filesystem::last_write_time(options_.memory) - hours(1);
  std::filesystem::last_write_time(options_.memory, long_ago);
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_EQ(std::filesystem::last_write_time(options_.memory), long_ago);
  settings_.mode = AgentMode::kCheck;
  ASSERT_THAT(RunOnce(), IsOk());
  EXPECT_NE(std::filesystem::last_write_time(options_.memory), long_ago);
}

TEST_F(AgentTest, IsAProgramThatFollowsTheSettings) {
  ASSERT_THAT(host_.Start(), IsOk());
  std::filesystem::create_directories(host_.root() + "/var/lib/updog");
  const auto run = [&] {
    return test::RunProcess({.program = test::Program("api/updog-agent"),
                             .arguments = {"--root", host_.root(), "--updog", options_.updog}});
  };
  const test::ProcessResult off = run();
  EXPECT_EQ(off.exit_status, 0) << off.errors;
  EXPECT_THAT(off.errors, HasSubstr("switched off"));
  EXPECT_EQ(Called(), "");

  SettingsStore store = host_.Open();
  ASSERT_THAT(store.Stage("t", {{"agent.mode", base::json::Value("check")}}), IsOk());
  ASSERT_THAT(store.Commit("t"), IsOk());
  EXPECT_EQ(run().exit_status, 0);
  EXPECT_EQ(Called(), "updog check-update\n");
}

}  // namespace
}  // namespace api
