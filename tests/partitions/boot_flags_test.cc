#include "partitions/boot_flags.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>

namespace partitions {
namespace {

constexpr std::uint64_t kFlagBits = 0x01ff'0000'0000'0000;

TEST(BootFlags, StandInTheBitsOfTheSpecification) {
  constexpr std::uint64_t kAttributes = 0x0135'0000'0000'0000;
  const BootFlags flags = {.priority = 5, .tries_left = 3, .successful = true};
  EXPECT_EQ(BootFlagsOf(kAttributes), flags);
  EXPECT_EQ(WithBootFlags(0, flags), kAttributes);
}

TEST(BootFlags, SurviveTheWayThereAndBackWithEveryValue) {
  for (std::uint64_t bits = 0; bits < 512; ++bits) {
    const std::uint64_t attributes = bits << 48;
    EXPECT_EQ(WithBootFlags(0, BootFlagsOf(attributes)), attributes);
  }
}

TEST(BootFlags, LeaveEveryOtherBitAsItWas) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t before = random();
    const std::uint64_t after = WithBootFlags(before, BootFlagsOf(random()));
    EXPECT_EQ(before & ~kFlagBits, after & ~kFlagBits);
  }
}

TEST(BootFlags, TooLargeAValueDoesNotSpillIntoItsNeighbours) {
  EXPECT_EQ(WithBootFlags(0, {.priority = 16, .tries_left = 255}), std::uint64_t{0xff} << 48);
}

TEST(BootFlags, BootEverSucceededIsBit57Alone) {
  EXPECT_EQ(WithBootEverSucceeded(5), (std::uint64_t{1} << 57 | 5));
  EXPECT_TRUE(BootEverSucceeded(std::uint64_t{1} << 57));
  EXPECT_FALSE(BootEverSucceeded(~(std::uint64_t{1} << 57)));
}

}  // namespace
}  // namespace partitions
