#include "updog/choice.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/support/matchers.h"

namespace updog {
namespace {

using test::Fails;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Version V(std::string_view text) {
  return Version::Parse(text).value();
}

base::Time At(std::string_view text) {
  return base::ParseTime(text).value();
}

Update MakeUpdate(std::string_view version, std::string_view max_version = "9.9.9") {
  Update update;
  update.variant = "demo";
  update.arch = "x86_64";
  update.version = V(version);
  update.max_version = V(max_version);
  return update;
}

// A manifest, a host on 1.0.0 and its wishes; each test changes what it is about.
class ChoiceTest : public testing::Test {
 protected:
  Update& Add(std::string_view version, std::string_view max_version = "9.9.9") {
    manifest_.updates.push_back(MakeUpdate(version, max_version));
    return manifest_.updates.back();
  }
  const Choice& Run() { return choice_ = Choose(manifest_, host_, wishes_, now_); }
  std::string Chosen() { return Run().chosen == nullptr ? "none" : choice_.chosen->version.text(); }
  std::vector<std::string> Candidates() {
    std::vector<std::string> versions;
    for (const Update* update : Run().candidates) versions.push_back(update->version.text());
    return versions;
  }
  Verdict VerdictOn(std::size_t index) { return Run().judgements[index].verdict; }
  std::string WhyNot(std::size_t index) { return Run().judgements[index].why; }

  Manifest manifest_;
  Host host_ = {.variant = "demo", .arch = "x86_64", .version = V("1.0.0"), .seed = 1024};
  Wishes wishes_;
  base::Time now_ = At("2026-12-01T00:00:00Z");
  Choice choice_;
};

TEST_F(ChoiceTest, TakesTheNewestThatIsNewer) {
  Add("1.1.0");
  Add("1.3.0");
  Add("1.2.0");
  EXPECT_EQ(Chosen(), "1.3.0");
  EXPECT_THAT(Candidates(), ElementsAre("1.3.0", "1.2.0", "1.1.0"));
  EXPECT_EQ(VerdictOn(2), Verdict::kNewerChosen);
  EXPECT_EQ(WhyNot(2), "1.3.0 is newer");
}

TEST_F(ChoiceTest, TakesNothingThatIsNotNewer) {
  Add("0.9.0");
  Add("1.0.0");
  EXPECT_EQ(Chosen(), "none");
  EXPECT_THAT(Candidates(), ElementsAre("1.0.0", "0.9.0"));
  EXPECT_EQ(VerdictOn(0), Verdict::kOlder);
  EXPECT_EQ(VerdictOn(1), Verdict::kRunning);
  EXPECT_EQ(choice_.why, "already newest: version 1.0.0 is running");
}

TEST_F(ChoiceTest, ComparesByPrecedenceNotByText) {
  host_.version = V("1.9.0");
  Add("1.10.0-rc.1");
  Add("1.10.0");
  EXPECT_EQ(Chosen(), "1.10.0");
}

TEST_F(ChoiceTest, PassesOverOtherVariantsAndArchitectures) {
  Add("2.0.0").variant = "other";
  Add("2.0.0").arch = "aarch64";
  EXPECT_EQ(Chosen(), "none");
  EXPECT_THAT(Candidates(), IsEmpty());
  EXPECT_EQ(VerdictOn(0), Verdict::kOtherVariant);
  EXPECT_EQ(VerdictOn(1), Verdict::kOtherArch);
  EXPECT_EQ(choice_.why, "the repository has no update for variant demo on x86_64");
}

TEST_F(ChoiceTest, PassesOverWhatLiesAboveItsMaximum) {
  Add("1.2.0", "1.1.0");
  Add("1.1.0", "1.1.0");
  EXPECT_EQ(Chosen(), "1.1.0");
  EXPECT_EQ(VerdictOn(0), Verdict::kAboveMaxVersion);
  EXPECT_EQ(WhyNot(0), "version 1.2.0 is withdrawn: the maximum is 1.1.0");
}

TEST_F(ChoiceTest, GoesBackWhereTheRunningReleaseWasWithdrawn) {
  host_.version = V("1.2.0");
  Add("1.2.0", "1.1.0");
  Add("1.1.0", "1.1.0");
  Add("1.0.0", "1.1.0");
  EXPECT_EQ(Chosen(), "1.1.0");
  EXPECT_EQ(choice_.why, "the running 1.2.0 was withdrawn: the maximum is 1.1.0");
  EXPECT_EQ(VerdictOn(2), Verdict::kNewerChosen);
}

TEST_F(ChoiceTest, WaitsForTheHostsTurn) {
  Add("1.1.0").waves = {{0, At("2026-11-30T00:00:00Z")},
                        {1024, At("2026-12-01T04:00:00Z")},
                        {2048, At("2026-12-02T04:00:00Z")}};
  host_.seed = 1076;
  EXPECT_EQ(Chosen(), "none");
  EXPECT_EQ(VerdictOn(0), Verdict::kNotYet);
  EXPECT_EQ(choice_.why, "wave 2 starts 2026-12-01T04:00:00Z; this host's turn is 05:13:07Z");
  now_ = At("2026-12-01T05:13:06Z");
  EXPECT_EQ(Chosen(), "none");
  now_ = At("2026-12-01T05:13:07Z");
  EXPECT_EQ(Chosen(), "1.1.0");
}

TEST_F(ChoiceTest, TellsTheDateOfATurnOnAnotherDay) {
  Add("1.1.0").waves = {{0, At("2026-12-01T04:00:00Z")}, {2048, At("2026-12-03T04:00:00Z")}};
  EXPECT_EQ(Run().why,
            "wave 1 starts 2026-12-01T04:00:00Z; this host's turn is 2026-12-02T04:00:00Z");
}

TEST_F(ChoiceTest, TakesAnOlderOneWhileTheNewestWaits) {
  Add("1.2.0").waves = {{0, At("2027-01-01T00:00:00Z")}};
  Add("1.1.0");
  EXPECT_EQ(Chosen(), "1.1.0");
}

TEST_F(ChoiceTest, IgnoresWavesIfAskedTo) {
  Add("1.1.0").waves = {{0, At("2027-01-01T00:00:00Z")}};
  wishes_.waves = WavePolicy::kIgnore;
  EXPECT_EQ(Chosen(), "1.1.0");
}

TEST_F(ChoiceTest, NeverTakesAnUpdateWithUnusableWaves) {
  Add("1.1.0").waves_fault = "5 occurs twice";
  wishes_.waves = WavePolicy::kIgnore;
  EXPECT_EQ(Chosen(), "none");
  EXPECT_EQ(VerdictOn(0), Verdict::kWavesUnusable);
  EXPECT_EQ(choice_.why, "version 1.1.0 has unusable waves: 5 occurs twice");
  wishes_.forced = V("1.1.0");
  EXPECT_EQ(Chosen(), "none");
}

TEST_F(ChoiceTest, KeepsToItsLock) {
  Add("1.2.0");
  Add("1.1.0");
  Add("0.9.0");
  wishes_.lock = ParseVersionLock("v1.1.0").value();
  EXPECT_EQ(Chosen(), "1.1.0");
  EXPECT_EQ(VerdictOn(0), Verdict::kNotWanted);
  EXPECT_EQ(WhyNot(0), "locked to 1.1.0");
  wishes_.lock = ParseVersionLock("0.9.0").value();
  EXPECT_EQ(Chosen(), "0.9.0");
}

TEST_F(ChoiceTest, TakesNothingWhereItRunsWhatItIsLockedTo) {
  Add("1.0.0");
  Add("1.1.0");
  wishes_.lock = ParseVersionLock("1.0.0").value();
  EXPECT_EQ(Chosen(), "none");
  EXPECT_EQ(choice_.why, "version 1.0.0 is running");
}

TEST_F(ChoiceTest, SaysThatALockedVersionIsNotOffered) {
  Add("1.1.0");
  wishes_.lock = ParseVersionLock("1.0.5").value();
  EXPECT_EQ(Chosen(), "none");
  EXPECT_EQ(choice_.why, "the repository has no version 1.0.5 for variant demo on x86_64");
}

TEST_F(ChoiceTest, HonoursWavesForALockedVersion) {
  Add("1.1.0").waves = {{0, At("2027-01-01T00:00:00Z")}};
  wishes_.lock = ParseVersionLock("1.1.0").value();
  EXPECT_EQ(Chosen(), "none");
  EXPECT_THAT(choice_.why, HasSubstr("wave 1 starts 2027-01-01T00:00:00Z"));
}

TEST_F(ChoiceTest, TakesWhatIsForcedOverLockAndAge) {
  Add("1.2.0");
  Add("0.9.0");
  Add("1.0.0");
  wishes_.lock = ParseVersionLock("1.2.0").value();
  wishes_.forced = V("0.9.0");
  EXPECT_EQ(Chosen(), "0.9.0");
  EXPECT_EQ(WhyNot(0), "version 0.9.0 was asked for");
  wishes_.forced = V("1.0.0");
  EXPECT_EQ(Chosen(), "1.0.0");
  wishes_.forced = V("3.0.0");
  EXPECT_EQ(Chosen(), "none");
  EXPECT_THAT(choice_.why, HasSubstr("no version 3.0.0"));
}

TEST_F(ChoiceTest, DoesNotForceWhatIsNoCandidate) {
  Add("1.2.0", "1.1.0");
  wishes_.forced = V("1.2.0");
  EXPECT_EQ(Chosen(), "none");
  EXPECT_THAT(choice_.why, HasSubstr("withdrawn"));
}

TEST_F(ChoiceTest, DoesNotTryAFailedVersionAgainUnlessForced) {
  Add("1.4.0");
  Add("1.3.0");
  wishes_.failed[V("1.4.0")] = "failed to boot on 2026-11-30";
  EXPECT_EQ(Chosen(), "1.3.0");
  EXPECT_EQ(VerdictOn(0), Verdict::kFailedHere);
  EXPECT_EQ(WhyNot(0), "version 1.4.0 failed to boot on 2026-11-30 and is not tried again");
  wishes_.lock = ParseVersionLock("1.4.0").value();
  EXPECT_EQ(Chosen(), "none");
  wishes_.forced = V("1.4.0");
  EXPECT_EQ(Chosen(), "1.4.0");
}

TEST_F(ChoiceTest, TellsOfWhatIsHaltedWhereThereIsNothingElse) {
  manifest_.halted = {MakeUpdate("1.1.0"), MakeUpdate("1.2.0"), MakeUpdate("9.0.0")};
  manifest_.halted.back().variant = "other";
  EXPECT_EQ(Chosen(), "none");
  EXPECT_EQ(choice_.why, "version 1.2.0 is halted");
  wishes_.lock.version = V("1.1.0");
  EXPECT_EQ(Run().why, "version 1.1.0 is halted");
  wishes_.lock.version = V("1.0.5");
  EXPECT_EQ(Run().why, "the repository has no version 1.0.5 for variant demo on x86_64");
  EXPECT_EQ(Run().halted->version, V("1.2.0"));
  wishes_ = {};
  Add("1.0.1");
  EXPECT_EQ(Chosen(), "1.0.1");
}

TEST_F(ChoiceTest, JudgesEveryUpdateInTheManifestsOrder) {
  Add("1.1.0").arch = "aarch64";
  Add("1.2.0");
  Add("1.3.0");
  Run();
  ASSERT_EQ(choice_.judgements.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(choice_.judgements[i].update, &manifest_.updates[i]);
    EXPECT_FALSE(choice_.judgements[i].why.empty());
  }
}

TEST(ParseVersionLock, TakesLatestAndVersionsWithOrWithoutV) {
  EXPECT_EQ(ParseVersionLock("latest")->version, std::nullopt);
  EXPECT_EQ(ParseVersionLock("1.2.3")->version, V("1.2.3"));
  EXPECT_EQ(ParseVersionLock("v1.2.3")->version, V("1.2.3"));
  for (const char* text : {"", "v", "newest", "Latest", "vv1.2.3", "1.2", "V1.2.3"}) {
    EXPECT_THAT(ParseVersionLock(text), Fails(base::ErrorCode::kUsage)) << text;
  }
}

}  // namespace
}  // namespace updog
