#include "signpost/verbs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "partitions/slot_selection.h"
#include "tests/support/matchers.h"

namespace signpost {
namespace {

using base::ErrorCode;
using partitions::Other;
using partitions::Selection;
using partitions::SelectSlot;
using partitions::Slot;
using ::test::Fails;
using ::test::FailsSaying;
using ::test::IsOk;

constexpr BootFlags kGood = {.priority = 2, .tries_left = 3, .successful = true};
constexpr BootFlags kWritten = {.priority = 0, .tries_left = 1};
constexpr BootFlags kOnTrial = {.priority = 2, .tries_left = 0};

TEST(ClearInactive, ClearsAllThreeFlagsAndLeavesTheActiveSetAlone) {
  RoleFlags flags = {.active = kGood, .inactive = kGood, .boot_ever_succeeded = true};
  EXPECT_THAT(ClearInactive(flags), IsOk());
  EXPECT_EQ(flags, (RoleFlags{.active = kGood, .inactive = {}, .boot_ever_succeeded = true}));
}

TEST(ClearInactive, IsRefusedWhileTheRunningVersionIsOnTrial) {
  RoleFlags flags = {.active = kOnTrial, .inactive = kGood};
  EXPECT_THAT(ClearInactive(flags), Fails(ErrorCode::kState));
  EXPECT_THAT(ClearInactive(flags), FailsSaying("still on trial"));
  EXPECT_EQ(flags.inactive, kGood);
}

TEST(MarkInactiveValid, GivesTriesAndNoPriority) {
  RoleFlags flags = {.active = kGood, .inactive = {}};
  EXPECT_THAT(MarkInactiveValid(flags, 5), IsOk());
  EXPECT_EQ(flags, (RoleFlags{.active = kGood, .inactive = {.tries_left = 5}}));
}

TEST(MarkInactiveValid, RefusesTriesThatTheFlagsCannotHold) {
  RoleFlags flags;
  for (const std::uint8_t tries : std::array<std::uint8_t, 3>{0, 16, 255})
    EXPECT_THAT(MarkInactiveValid(flags, tries), Fails(ErrorCode::kUsage));
}

TEST(UpgradeToInactive, RaisesTheInactiveSetAboveTheActive) {
  RoleFlags flags = {.active = kGood, .inactive = kWritten};
  EXPECT_THAT(UpgradeToInactive(flags), IsOk());
  EXPECT_EQ(flags.inactive, (BootFlags{.priority = 2, .tries_left = 1}));
  EXPECT_EQ(flags.active, (BootFlags{.priority = 1, .tries_left = 3, .successful = true}));
}

TEST(UpgradeToInactive, NeedsASetThatWasMarkedValidAndNeverRan) {
  RoleFlags cleared = {.active = kGood, .inactive = {}};
  EXPECT_THAT(UpgradeToInactive(cleared), FailsSaying("not marked valid"));
  RoleFlags upgraded = {.active = kGood, .inactive = {.priority = 2, .tries_left = 1}};
  EXPECT_THAT(UpgradeToInactive(upgraded), FailsSaying("priority is not 0"));
  RoleFlags old = {.active = kGood, .inactive = {.tries_left = 3, .successful = true}};
  EXPECT_THAT(UpgradeToInactive(old), FailsSaying("rollback-to-inactive"));
}

TEST(CancelUpgrade, TakesTheUpgradeBackAndKeepsTheInactiveSetValid) {
  RoleFlags flags = {.active = kGood, .inactive = kWritten};
  EXPECT_THAT(UpgradeToInactive(flags), IsOk());
  EXPECT_THAT(CancelUpgrade(flags), IsOk());
  EXPECT_EQ(flags, (RoleFlags{.active = kGood, .inactive = kWritten}));
}

TEST(RollbackToInactive, RaisesASetThatWillBoot) {
  RoleFlags flags = {.active = kGood,
                     .inactive = {.priority = 1, .tries_left = 2, .successful = true}};
  EXPECT_THAT(RollbackToInactive(flags), IsOk());
  EXPECT_EQ(flags.inactive, (BootFlags{.priority = 2, .tries_left = 2, .successful = true}));
  EXPECT_EQ(flags.active.priority, 1);
}

TEST(RollbackToInactive, RefusesASetThatWillNotBoot) {
  RoleFlags flags = {.active = kGood, .inactive = kWritten};
  EXPECT_THAT(RollbackToInactive(flags), FailsSaying("will not boot"));
}

TEST(RollbackToInactive, GivesATryToASetThatHasUsedThemUp) {
  RoleFlags flags = {.active = kGood, .inactive = {.priority = 1, .successful = true}};
  EXPECT_THAT(RollbackToInactive(flags), IsOk());
  EXPECT_EQ(flags.inactive, (BootFlags{.priority = 2, .tries_left = 1, .successful = true}));
}

TEST(MarkSuccessfulBoot, EndsTheTrialAndGivesTheTriesBack) {
  RoleFlags flags = {.active = kOnTrial, .inactive = kGood};
  EXPECT_THAT(MarkSuccessfulBoot(flags), IsOk());
  EXPECT_EQ(flags, (RoleFlags{.active = {.priority = 2, .tries_left = 3, .successful = true},
                              .inactive = kGood,
                              .boot_ever_succeeded = true}));
}

// What the commands promise, for all flags of both sets.
void ForAllFlags(const std::function<void(const RoleFlags&)>& check) {
  for (std::uint64_t active = 0; active < 512; ++active)
    for (std::uint64_t inactive = 0; inactive < 512; ++inactive)
      check({.active = partitions::BootFlagsOf(active << 48),
             .inactive = partitions::BootFlagsOf(inactive << 48)});
}

TEST(Verbs, AfterAnUpgradeOrARollbackTheInactiveSetIsNext) {
  ForAllFlags([](const RoleFlags& before) {
    for (const auto verb : {UpgradeToInactive, RollbackToInactive}) {
      RoleFlags after = before;
      if (!verb(after)) continue;
      // Whichever of the two is A.
      ASSERT_EQ(SelectSlot(after.active, after.inactive), Selection::kB);
      ASSERT_EQ(SelectSlot(after.inactive, after.active), Selection::kA);
    }
  });
}

TEST(Verbs, ChangeNothingWhenTheyRefuse) {
  ForAllFlags([](const RoleFlags& before) {
    for (const auto verb : {ClearInactive, UpgradeToInactive, RollbackToInactive}) {
      RoleFlags after = before;
      if (verb(after)) continue;
      ASSERT_EQ(after, before);
    }
  });
}

// A host's life, as far as flags tell it.
struct Host {
  std::array<BootFlags, 2> flags;            // by slot
  std::array<bool, 2> whole = {true, true};  // whether the set holds a whole image
  Slot active = Slot::kA;

  BootFlags& of(Slot slot) { return flags.at(static_cast<std::size_t>(slot)); }
  bool& whole_of(Slot slot) { return whole.at(static_cast<std::size_t>(slot)); }
  auto Key() const {
    const auto key = [](BootFlags f) { return partitions::WithBootFlags(0, f); };
    return std::tuple(key(flags[0]), key(flags[1]), whole, active);
  }
};

using Verb = std::function<base::Result<>(RoleFlags&)>;

Host After(Host host, const Verb& verb) {
  RoleFlags flags = {.active = host.of(host.active), .inactive = host.of(Other(host.active))};
  if (!verb(flags)) return host;  // refused
  host.of(host.active) = flags.active;
  host.of(Other(host.active)) = flags.inactive;
  return host;
}

// The selector takes a try and starts a set. Whether that start hangs, panics or works shows in
// what happens next: another start, or the verbs.
Host AfterStart(Host host, Slot slot) {
  host.of(slot) = partitions::TakeTry(host.of(slot));
  host.active = slot;
  return host;
}

// Every step that a host may take from here: verbs by anybody in any order, an update that is cut
// at any point, a reset.
std::deque<Host> Steps(Host host) {
  std::deque<Host> steps = {After(host, CancelUpgrade), After(host, UpgradeToInactive),
                            After(host, RollbackToInactive), After(host, MarkSuccessfulBoot)};
  const Slot inactive = Other(host.active);
  // The updater clears, and only where that was not refused writes; it may die in the middle.
  RoleFlags flags = {.active = host.of(host.active), .inactive = host.of(inactive)};
  if (ClearInactive(flags)) {
    Host writing = After(host, ClearInactive);
    writing.whole_of(inactive) = false;
    steps.push_back(writing);
    writing.whole_of(inactive) = true;
    steps.push_back(writing);
    for (const std::uint8_t tries : std::array<std::uint8_t, 2>{1, 3})
      steps.push_back(
          After(writing, [tries](RoleFlags& roles) { return MarkInactiveValid(roles, tries); }));
  }
  const Selection selection = SelectSlot(host.flags[0], host.flags[1]);
  if (selection != Selection::kNone)
    steps.push_back(AfterStart(host, selection == Selection::kA ? Slot::kA : Slot::kB));
  return steps;
}

// The promise of the whole system, for every state that a shipped disk can come to.
TEST(Verbs, InEveryReachableStateAWholeSetIsNext) {
  const Host shipped = {
      .flags = {BootFlags{.priority = 1, .tries_left = 3, .successful = true}, {}},
      .whole = {true, false}};
  std::set<decltype(shipped.Key())> seen = {shipped.Key()};
  std::deque<Host> to_visit = {shipped};
  while (!to_visit.empty()) {
    const Host host = to_visit.front();
    to_visit.pop_front();
    const Selection selection = SelectSlot(host.flags[0], host.flags[1]);
    ASSERT_NE(selection, Selection::kNone);
    ASSERT_TRUE(host.whole[selection == Selection::kA ? 0 : 1]);
    for (const Host& next : Steps(host))
      if (seen.insert(next.Key()).second) to_visit.push_back(next);
  }
  EXPECT_GT(seen.size(), 100U);
}

// However bad the new version is, a host that keeps resetting ends on the old one, and stays there.
TEST(Verbs, AnUpgradeThatNeverReportsASuccessIsLeftForGood) {
  for (std::uint8_t tries = 1; tries <= partitions::kMaxTries; ++tries) {
    RoleFlags flags = {.active = kGood, .inactive = {}};
    ASSERT_THAT(MarkInactiveValid(flags, tries), IsOk());
    ASSERT_THAT(UpgradeToInactive(flags), IsOk());
    Host host = {.flags = {flags.active, flags.inactive}};
    for (int start = 0; start < tries; ++start) {
      ASSERT_EQ(SelectSlot(host.flags[0], host.flags[1]), Selection::kB);
      host = AfterStart(host, Slot::kB);
    }
    for (int start = 0; start < 100; ++start) {
      ASSERT_EQ(SelectSlot(host.flags[0], host.flags[1]), Selection::kA);
      host = AfterStart(host, Slot::kA);
    }
  }
}

}  // namespace
}  // namespace signpost
