#include "partitions/slot_selection.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <tuple>

namespace partitions {
namespace {

// Calls `check` with all flags of both sets: 2^9 times 2^9 combinations.
void ForAllFlags(const std::function<void(BootFlags, BootFlags)>& check) {
  for (std::uint64_t a = 0; a < 512; ++a)
    for (std::uint64_t b = 0; b < 512; ++b) check(BootFlagsOf(a << 48), BootFlagsOf(b << 48));
}

// The rule of the specification, in another form than the code: order the sets by what counts, from
// what counts most to what counts least, and take the greater.
Selection Model(BootFlags a, BootFlags b) {
  const auto rank = [](BootFlags f) {
    const bool will_boot = (f.priority > 0 && f.tries_left > 0) || f.successful;
    return will_boot ? std::tuple(1, f.tries_left > 0 ? 1 : 0, int{f.priority})
                     : std::tuple(0, 0, 0);
  };
  if (rank(a) == std::tuple(0, 0, 0) && rank(b) == std::tuple(0, 0, 0)) return Selection::kNone;
  return rank(a) >= rank(b) ? Selection::kA : Selection::kB;
}

TEST(SlotSelection, FollowsTheRuleForAllFlagsOfBothSets) {
  ForAllFlags([](BootFlags a, BootFlags b) { ASSERT_EQ(SelectSlot(a, b), Model(a, b)); });
}

TEST(SlotSelection, NeverChoosesAClearedSet) {
  for (std::uint64_t other = 0; other < 512; ++other) {
    EXPECT_NE(SelectSlot({}, BootFlagsOf(other << 48)), Selection::kA);
    EXPECT_NE(SelectSlot(BootFlagsOf(other << 48), {}), Selection::kB);
  }
}

TEST(SlotSelection, TakingATryTakesNothingElse) {
  for (std::uint64_t bits = 0; bits < 512; ++bits) {
    const BootFlags before = BootFlagsOf(bits << 48);
    const BootFlags after = TakeTry(before);
    EXPECT_EQ(after.tries_left, before.tries_left == 0 ? 0 : before.tries_left - 1);
    EXPECT_EQ(after.priority, before.priority);
    EXPECT_EQ(after.successful, before.successful);
  }
}

// Starts that all fail, as the selector performs them: a try is taken, the machine resets.
Selection SelectionAfterFailedStarts(BootFlags a, BootFlags b, int starts) {
  for (int start = 0; start < starts; ++start) {
    const Selection selection = SelectSlot(a, b);
    if (selection == Selection::kNone) return selection;
    BootFlags& chosen = selection == Selection::kA ? a : b;
    chosen = TakeTry(chosen);
  }
  return SelectSlot(a, b);
}

TEST(SlotSelection, ASetThatNoLongerStartsGivesWayToOneThatStillHasTries) {
  ForAllFlags([](BootFlags a, BootFlags b) {
    if (SelectSlot(a, b) != Selection::kA || !WillBoot(b) || b.tries_left == 0) return;
    ASSERT_EQ(SelectionAfterFailedStarts(a, b, a.tries_left), Selection::kB);
  });
}

TEST(SlotSelection, AnUpgradeThatFailsItsOneTryIsBackOnTheOldSet) {
  const BootFlags running = {.priority = 1, .tries_left = 2, .successful = true};
  const BootFlags upgrade = {.priority = 2, .tries_left = 1};
  EXPECT_EQ(SelectSlot(running, upgrade), Selection::kB);
  EXPECT_EQ(SelectionAfterFailedStarts(running, upgrade, 1), Selection::kA);
  // And stays there, as the last resort, however often it fails too.
  EXPECT_EQ(SelectionAfterFailedStarts(running, upgrade, 100), Selection::kA);
}

TEST(SlotSelection, WhileOneSetIsSuccessfulThereIsAlwaysSomethingToStart) {
  ForAllFlags([](BootFlags a, BootFlags b) {
    if (!a.successful && !b.successful) return;
    ASSERT_NE(SelectionAfterFailedStarts(a, b, 31), Selection::kNone);
  });
}

}  // namespace
}  // namespace partitions
