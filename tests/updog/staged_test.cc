#include "updog/staged.h"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace updog {
namespace {

using partitions::Slot;
using test::IsOk;
using testing::Eq;
using testing::Optional;

class StagedTest : public testing::Test {
 protected:
  StagedTest() {
    status_.active = Slot::kA;
    status_.b = signpost::SetStatus{};
    status_.b->flags = {.priority = 0, .tries_left = 1, .successful = false};
  }
  std::optional<Staged> Read() const { return ReadStaged(state_dir_, status_); }

  test::TempDir dir_;
  std::string state_dir_ = dir_ / "made/if/absent";
  Staged staged_ = {.set = Slot::kB,
                    .variant = "demo",
                    .arch = "x86_64",
                    .version = Version::Parse("1.1.0+b").value(),
                    .digest = "0123"};
  signpost::Status status_;
};

TEST_F(StagedTest, IsReadBack) {
  ASSERT_THAT(WriteStaged(state_dir_, staged_), IsOk());
  EXPECT_THAT(Read(), Optional(staged_));
}

TEST_F(StagedTest, IsReplacedByTheNext) {
  ASSERT_THAT(WriteStaged(state_dir_, staged_), IsOk());
  staged_.version = Version::Parse("1.2.0").value();
  ASSERT_THAT(WriteStaged(state_dir_, staged_), IsOk());
  EXPECT_THAT(Read(), Optional(staged_));
}

TEST_F(StagedTest, IsNothingWithoutARecord) {
  EXPECT_THAT(Read(), Eq(std::nullopt));
}

TEST_F(StagedTest, CountsForNothingUnlessTheFlagsConfirmIt) {
  ASSERT_THAT(WriteStaged(state_dir_, staged_), IsOk());
  status_.b->flags = {.priority = 2, .tries_left = 1, .successful = false};
  EXPECT_THAT(Read(), Optional(staged_)) << "next to boot";
  status_.b->flags = {};
  EXPECT_THAT(Read(), Eq(std::nullopt)) << "cleared";
  status_.b->flags = {.priority = 2, .tries_left = 0, .successful = false};
  EXPECT_THAT(Read(), Eq(std::nullopt)) << "its trial failed";
  status_.b->flags = {.priority = 1, .tries_left = 3, .successful = true};
  EXPECT_THAT(Read(), Eq(std::nullopt)) << "it was started, and was good";
}

TEST_F(StagedTest, CountsForNothingOnceTheSetsChangedPlaces) {
  ASSERT_THAT(WriteStaged(state_dir_, staged_), IsOk());
  status_.active = Slot::kB;
  status_.a.flags = {.priority = 0, .tries_left = 1, .successful = false};
  EXPECT_THAT(Read(), Eq(std::nullopt));
  status_.active = Slot::kA;
  status_.b.reset();
  EXPECT_THAT(Read(), Eq(std::nullopt));
}

TEST_F(StagedTest, CountsAsAbsentWhereItCannotBeRead) {
  ASSERT_THAT(WriteStaged(state_dir_, staged_), IsOk());
  for (const char* text : {"", "{", "[]", "{}", R"({"set":"c"})",
                           R"({"set":"B","variant":"v","arch":"a","version":"1","digest":"d"})"}) {
    std::ofstream(state_dir_ + "/staged.json") << text;
    EXPECT_THAT(Read(), Eq(std::nullopt)) << text;
  }
}

}  // namespace
}  // namespace updog
