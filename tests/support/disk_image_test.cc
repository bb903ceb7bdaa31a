#include "tests/support/disk_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace test {
namespace {

class DiskImageOfSectors : public ::testing::TestWithParam<std::uint32_t> {};
INSTANTIATE_TEST_SUITE_P(SectorSizes, DiskImageOfSectors, ::testing::Values(512, 4096));

TEST_P(DiskImageOfSectors, HoldsPartitionsOfTheAskedSizesOneBehindTheOther) {
  const TempDir directory;
  const DiskImage image =
      DiskImage::Create(directory / "disk", {.sector_bytes = GetParam(), .root_bytes = 3 << 20});
  EXPECT_EQ(image.extent(kEsp).offset_bytes, 1U << 20);
  EXPECT_EQ(image.extent(kRootB).size_bytes, 3U << 20);
  EXPECT_EQ(image.extent(kHashB).offset_bytes, image.extent(kRootB).offset_bytes + (3U << 20));
  EXPECT_EQ(image.Read().size(), image.size_bytes());
}

TEST_P(DiskImageOfSectors, IsShippedWithSetASuccessful) {
  const TempDir directory;
  const DiskImage image = DiskImage::Create(directory / "disk", {.sector_bytes = GetParam()});
  EXPECT_EQ(image.attributes(kBootA), kShippedAttributes);
  EXPECT_EQ(image.attributes(kBootB), 0U);
  image.SetAttributes(kBootB, 1);
  EXPECT_EQ(image.attributes(kBootB), 1U);
}

TEST(DiskImage, HasPartitionsOfOurTypes) {
  const TempDir directory;
  const DiskImage image = DiskImage::Create(directory / "disk");
  const ProcessResult boot_b =
      RunProcess({.program = "sgdisk", .arguments = {"-i", "7", image.path()}});
  EXPECT_THAT(boot_b.output, testing::HasSubstr("6B636168-7420-6568-2070-6C616E657421"));
}

TEST(DiskImage, IsFilledWithThePatternOutsideTheTables) {
  const TempDir directory;
  const DiskImage image = DiskImage::Create(directory / "disk", {.fill = Fill::kPattern});
  EXPECT_EQ(image.Read(image.extent(kRootB)), std::string(4 << 20, '\xcc'));
}

}  // namespace
}  // namespace test
