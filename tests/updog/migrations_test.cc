#include "updog/migrations.h"

#include <gmock/gmock.h>

#include "tests/support/matchers.h"

namespace updog {
namespace {

using test::Fails;
using test::FailsSaying;
using test::IsOkAnd;
using testing::ElementsAre;
using testing::IsEmpty;

Version V(std::string_view text) {
  return Version::Parse(text).value();
}

Migration Pair(std::string_view from, std::string_view to, std::vector<std::string> names) {
  return {.from = V(from), .to = V(to), .names = std::move(names)};
}

TEST(FindMigrations, TakesTheFurthestStepThatDoesNotPassTheGoal) {
  const std::vector<Migration> migrations = {
      Pair("1.0.0", "1.1.0", {"a"}), Pair("1.0.0", "1.2.0", {"b"}), Pair("1.0.0", "1.9.0", {"c"}),
      Pair("1.2.0", "1.3.0", {"d", "e"})};
  EXPECT_THAT(FindMigrations(migrations, V("1.0.0"), V("1.3.0")),
              IsOkAnd(ElementsAre("b", "d", "e")));
}

TEST(FindMigrations, ReversesTheListForADowngrade) {
  const std::vector<Migration> migrations = {Pair("1.0.0", "1.2.0", {"b"}),
                                             Pair("1.2.0", "1.3.0", {"d", "e"})};
  EXPECT_THAT(FindMigrations(migrations, V("1.3.0"), V("1.0.0")),
              IsOkAnd(ElementsAre("e", "d", "b")));
}

TEST(FindMigrations, NeedsNoneToStay) {
  EXPECT_THAT(FindMigrations({}, V("1.0.0"), V("1.0.0")), IsOkAnd(IsEmpty()));
}

TEST(FindMigrations, PassesThroughStepsWithoutPrograms) {
  EXPECT_THAT(FindMigrations({Pair("1.0.0", "1.1.0", {})}, V("1.0.0"), V("1.1.0")),
              IsOkAnd(IsEmpty()));
}

TEST(FindMigrations, SaysWhereThePathEnds) {
  const std::vector<Migration> migrations = {Pair("1.0.0", "1.1.0", {"a"})};
  EXPECT_THAT(FindMigrations(migrations, V("1.0.0"), V("1.2.0")),
              FailsSaying("no migration leads on from version 1.1.0 towards 1.2.0"));
  EXPECT_THAT(FindMigrations({}, V("1.0.0"), V("1.2.0")), Fails(base::ErrorCode::kNotFound));
  // The greedy step to 1.1.0 is the specification's rule, even where another path existed.
  EXPECT_THAT(FindMigrations({Pair("1.0.0", "1.1.0", {}), Pair("1.0.0", "1.0.5", {}),
                              Pair("1.0.5", "1.2.0", {})},
                             V("1.0.0"), V("1.2.0")),
              Fails(base::ErrorCode::kNotFound));
}

}  // namespace
}  // namespace updog
