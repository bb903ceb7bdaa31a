#include "updog/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace updog {
namespace {

using partitions::BootFlags;
using partitions::Slot;
using test::IsOk;
using test::IsOkAnd;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

constexpr BootFlags kOld = {.priority = 1, .tries_left = 2, .successful = true};

Version V(const std::string& text) {
  return Version::Parse(text).value();
}

base::Time At(int minutes) {
  return base::ParseTime("2026-11-22T08:00:00Z").value() + std::chrono::minutes(minutes);
}

// A host that runs 1.0.0 on A and has just applied 2.0.0 on B.
class AppliedHistory : public testing::Test {
 protected:
  void Apply(const std::string& version, std::uint8_t tries = 1) {
    RecordApplied(history_,
                  {.variant = "ref", .version = V(version), .set = Slot::kB, .tries = tries},
                  At(0));
  }
  // 1.0.0 starts on A, and finds these flags on B.
  void StartOld(BootFlags b, const BootReport& also = {}) {
    BootReport report = also;
    report.variant = "ref";
    report.version = V("1.0.0");
    report.running = Slot::kA;
    report.running_flags = kOld;
    report.other_flags = b;
    RecordStart(history_, report, At(10));
  }
  // The version on B starts.
  void StartNew(const std::string& version, BootFlags b) {
    RecordStart(history_,
                {.variant = "ref",
                 .version = V(version),
                 .running = Slot::kB,
                 .running_flags = b,
                 .other_flags = kOld,
                 .other_not_loaded = {},
                 .panic = {}},
                At(5));
  }
  // What became of the last attempt on B.
  std::vector<Outcome> OutcomesOnB() const {
    std::vector<Outcome> outcomes;
    for (const Attempt& attempt : history_.attempts) {
      if (attempt.set != Slot::kB) continue;
      outcomes.clear();
      for (const Trial& trial : attempt.trials) outcomes.push_back(trial.outcome);
    }
    return outcomes;
  }
  std::string ReasonOnB() const {
    for (auto attempt = history_.attempts.rbegin(); attempt != history_.attempts.rend(); ++attempt)
      if (attempt->set == Slot::kB && !attempt->trials.empty())
        return attempt->trials.back().reason;
    return {};
  }

  History history_;
};

TEST_F(AppliedHistory, AVersionThatReportsItselfHealthyIsGood) {
  Apply("2.0.0");
  StartNew("2.0.0", {.priority = 2, .tries_left = 0});
  EXPECT_THAT(OutcomesOnB(), ElementsAre(Outcome::kRunning));

  RecordGood(history_, Slot::kB, 3, At(6));

  EXPECT_THAT(OutcomesOnB(), ElementsAre(Outcome::kGood));
  EXPECT_THAT(FailedVersions(history_, "ref"), IsEmpty());
}

TEST_F(AppliedHistory, ALostTryWithoutAReportIsASilentTrial) {
  Apply("2.0.0");

  StartOld({.priority = 2, .tries_left = 0});

  EXPECT_THAT(OutcomesOnB(), ElementsAre(Outcome::kSilent));
  EXPECT_THAT(ReasonOnB(), HasSubstr("never came up"));
}

TEST_F(AppliedHistory, ATrialThatCameUpAndWasNotHeardOfAgainIsSilentToo) {
  Apply("2.0.0");
  StartNew("2.0.0", {.priority = 2, .tries_left = 0});

  StartOld({.priority = 2, .tries_left = 0});

  EXPECT_THAT(OutcomesOnB(), ElementsAre(Outcome::kSilent));
  EXPECT_THAT(ReasonOnB(), HasSubstr("came up, but did not report"));
}

TEST_F(AppliedHistory, EveryLostTryIsCountedOnceHoweverOftenItIsAsked) {
  Apply("2.0.0", 3);

  StartOld({.priority = 2, .tries_left = 1});
  StartOld({.priority = 2, .tries_left = 1});
  StartOld({.priority = 2, .tries_left = 0});
  StartOld({.priority = 2, .tries_left = 0});

  EXPECT_THAT(OutcomesOnB(), ElementsAre(Outcome::kSilent, Outcome::kSilent, Outcome::kSilent));
}

TEST_F(AppliedHistory, AVersionThatWasSilentOnceIsTriedOnceMore) {
  Apply("2.0.0");
  StartOld({.priority = 2, .tries_left = 0});
  EXPECT_THAT(FailedVersions(history_, "ref"), IsEmpty());

  Apply("2.0.0");
  StartOld({.priority = 2, .tries_left = 0});

  EXPECT_THAT(FailedVersions(history_, "ref"),
              ElementsAre(Pair(V("2.0.0"), HasSubstr("did not come up 2 times"))));
}

TEST_F(AppliedHistory, OneUnhealthyReportIsEnough) {
  Apply("2.0.0");
  StartNew("2.0.0", {.priority = 2, .tries_left = 0});

  RecordUnhealthy(history_, Slot::kB, "20-app: exit status 1", At(6));
  StartOld({.priority = 2, .tries_left = 0});

  EXPECT_THAT(OutcomesOnB(), ElementsAre(Outcome::kUnhealthy));
  EXPECT_THAT(FailedVersions(history_, "ref"),
              ElementsAre(Pair(V("2.0.0"), HasSubstr("20-app: exit status 1"))));
}

TEST_F(AppliedHistory, AnUnhealthyBootIsReportedOnce) {
  Apply("2.0.0");
  StartNew("2.0.0", {.priority = 2, .tries_left = 0});

  RecordUnhealthy(history_, Slot::kB, "20-app: exit status 1", At(6));
  RecordUnhealthy(history_, Slot::kB, "boot-complete.target was not reached", At(7));

  EXPECT_THAT(OutcomesOnB(), ElementsAre(Outcome::kUnhealthy));
  EXPECT_THAT(ReasonOnB(), HasSubstr("20-app"));
}

// Something else than a check may fail, and be told, before the checks have begun.
TEST_F(AppliedHistory, AVerdictBeforeTheStartIsAccountedForIsKept) {
  Apply("2.0.0");
  BootReport report;
  report.variant = "ref";
  report.version = V("2.0.0");
  report.running = Slot::kB;
  report.running_flags = {.priority = 2, .tries_left = 0};

  for (int told = 0; told < 2; ++told) {
    RecordStartOnce(history_, report, At(6));
    RecordUnhealthy(history_, Slot::kB, "boot-complete.target was not reached", At(6));
  }
  StartOld({.priority = 2, .tries_left = 0});

  EXPECT_THAT(OutcomesOnB(), ElementsAre(Outcome::kUnhealthy));
  EXPECT_THAT(ReasonOnB(), HasSubstr("boot-complete.target"));
}

TEST_F(AppliedHistory, OnePanicIsEnough) {
  Apply("2.0.0");
  BootReport report;
  report.panic = "Attempted to kill init!";

  StartOld({.priority = 2, .tries_left = 0}, report);

  EXPECT_THAT(OutcomesOnB(), ElementsAre(Outcome::kPanic));
  EXPECT_THAT(FailedVersions(history_, "ref"),
              ElementsAre(Pair(V("2.0.0"), HasSubstr("Attempted to kill init!"))));
}

// A check's last line may be in any character set, a record of a panic may have flipped bits; and
// a limit may fall into the middle of a character.
TEST_F(AppliedHistory, RemembersWhatFailedWhateverBytesItSaid) {
  const test::TempDir dir;
  const std::string nonsense = "\xff\xfe\xe4 " + std::string(394, 'x') + "\xc3\xbc" + "more";
  BootReport report;
  report.panic = nonsense;
  for (const bool panics : {false, true}) {
    history_ = {};
    Apply("2.0.0");
    if (!panics) {
      StartNew("2.0.0", {.priority = 2, .tries_left = 0});
      RecordUnhealthy(history_, Slot::kB, nonsense, At(6));
    }
    StartOld({.priority = 2, .tries_left = 0}, panics ? report : BootReport());

    ASSERT_THAT(WriteHistory(dir.path(), history_), IsOk());
    const auto read = ReadHistory(dir.path());
    ASSERT_THAT(read, IsOk());
    EXPECT_EQ(*read, history_);
    EXPECT_THAT(FailedVersions(*read, "ref"), ElementsAre(Pair(V("2.0.0"), HasSubstr("??? xxx"))));
  }
}

TEST_F(AppliedHistory, ASetThatTheSelectorGaveUpIsNotLoaded) {
  Apply("2.0.0");
  BootReport report;
  report.other_not_loaded = "vmlinuz: checksum differs";

  StartOld({.priority = 2, .tries_left = 0}, report);

  EXPECT_THAT(OutcomesOnB(), ElementsAre(Outcome::kNotLoaded));
  EXPECT_EQ(ReasonOnB(), "vmlinuz: checksum differs");
}

TEST_F(AppliedHistory, WhatIsOnlyStagedWasNotTried) {
  Apply("2.0.0");
  StartOld({.priority = 0, .tries_left = 1});  // applied, and reverted

  EXPECT_THAT(OutcomesOnB(), IsEmpty());
}

TEST_F(AppliedHistory, AClearedSetSaysNothingOfWhatWasThere) {
  Apply("2.0.0");
  StartNew("2.0.0", {.priority = 2, .tries_left = 0});
  RecordGood(history_, Slot::kB, 3, At(6));

  StartOld({});                                // 3.0.0 is being written
  StartOld({.priority = 0, .tries_left = 1});  // and is staged
  StartOld({.priority = 2, .tries_left = 0});  // and was tried, by other means than ours

  EXPECT_THAT(OutcomesOnB(), ElementsAre(Outcome::kGood));
}

TEST_F(AppliedHistory, AVersionThatWasGoodFailsWhenItIsSilentTwice) {
  Apply("2.0.0");
  StartNew("2.0.0", {.priority = 2, .tries_left = 0});
  RecordGood(history_, Slot::kB, 3, At(6));

  StartOld({.priority = 2, .tries_left = 0, .successful = true});  // after three starts

  EXPECT_THAT(OutcomesOnB(),
              ElementsAre(Outcome::kGood, Outcome::kSilent, Outcome::kSilent, Outcome::kSilent));
  EXPECT_THAT(FailedVersions(history_, "ref"), SizeIs(1));
}

TEST_F(AppliedHistory, AGoodBootClearsWhatWasBefore) {
  Apply("2.0.0", 3);
  StartNew("2.0.0", {.priority = 2, .tries_left = 0});  // the third try
  EXPECT_THAT(OutcomesOnB(), ElementsAre(Outcome::kSilent, Outcome::kSilent, Outcome::kRunning));

  RecordGood(history_, Slot::kB, 3, At(6));

  EXPECT_THAT(FailedVersions(history_, "ref"), IsEmpty());
}

TEST_F(AppliedHistory, ARowOfGoodBootsIsOneTrial) {
  for (int boot = 0; boot < 5; ++boot) {
    StartNew("2.0.0", {.priority = 2, .tries_left = 2, .successful = true});
    RecordGood(history_, Slot::kB, 3, At(boot));
  }

  ASSERT_THAT(history_.attempts, SizeIs(1));
  EXPECT_THAT(history_.attempts[0].trials,
              ElementsAre(Trial{.outcome = Outcome::kGood, .when = At(4), .reason = {}}));
}

TEST_F(AppliedHistory, OnlyTheSameVariantCounts) {
  Apply("2.0.0");
  StartNew("2.0.0", {.priority = 2, .tries_left = 0});
  RecordUnhealthy(history_, Slot::kB, "20-app: exit status 1", At(6));

  EXPECT_THAT(FailedVersions(history_, "other"), IsEmpty());
}

TEST_F(AppliedHistory, AnApplyThatNeverStartedIsReplacedByTheNext) {
  Apply("2.0.0");
  Apply("2.0.0");

  EXPECT_THAT(history_.attempts, SizeIs(1));
}

TEST_F(AppliedHistory, IsTheSameAfterWritingAndReading) {
  const test::TempDir directory;
  Apply("2.0.0", 3);
  StartOld({.priority = 2, .tries_left = 1});
  Apply("2.0.1-rc.1+build.5");

  ASSERT_THAT(WriteHistory(directory.path(), history_), IsOk());

  EXPECT_THAT(ReadHistory(directory.path()), IsOkAnd(history_));
}

TEST(History, IsEmptyBeforeAnythingHappened) {
  const test::TempDir directory;
  EXPECT_THAT(ReadHistory(directory.path()), IsOkAnd(History{}));
}

TEST(History, ThatIsDamagedIsPutAside) {
  const test::TempDir directory;
  std::ofstream(directory / "history.json") << "{\"attempts\": [{\"version\"";

  EXPECT_THAT(ReadHistory(directory.path()), IsOkAnd(History{}));

  EXPECT_TRUE(std::ifstream(directory / "history.json.damaged"));
  EXPECT_FALSE(std::ifstream(directory / "history.json"));
}

TEST(History, KeepsTheNewestAttempts) {
  const test::TempDir directory;
  History history;
  for (std::size_t patch = 0; patch <= kMaxAttempts; ++patch) {
    RecordApplied(history,
                  {.variant = "ref",
                   .version = V("1.0." + std::to_string(patch)),
                   .set = Slot::kB,
                   .tries = 1},
                  At(0));
  }

  ASSERT_THAT(WriteHistory(directory.path(), history), IsOk());

  const base::Result<History> kept = ReadHistory(directory.path());
  ASSERT_THAT(kept, IsOk());
  ASSERT_THAT(kept->attempts, SizeIs(kMaxAttempts));
  EXPECT_EQ(kept->attempts.front().version, V("1.0.1"));
}

}  // namespace
}  // namespace updog
