#include "boot/selector/device_path.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <vector>

namespace selector {
namespace {

using Path = std::vector<std::uint8_t>;

const Path kPci = {1, 1, 6, 0, 0, 3};
const Path kEnd = {0x7f, 0xff, 4, 0};
constexpr std::uint8_t kGuid[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
constexpr std::uint8_t kOtherGuid[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17};

Path HardDrive() {
  Path node = {4, 1, 42, 0};
  node.resize(42);
  std::copy(std::begin(kGuid), std::end(kGuid), node.begin() + 24);
  node[40] = 2;  // GPT
  node[41] = 2;  // the signature is a GUID
  return node;
}

Path Join(const std::vector<Path>& nodes) {
  Path path;
  for (const Path& node : nodes) path.insert(path.end(), node.begin(), node.end());
  return path;
}

TEST(DevicePath, LeadsFromAPartitionToItsDisk) {
  EXPECT_EQ(DiskPathBytes(Join({kPci, kPci, HardDrive(), kEnd}).data()), 12U);
}

TEST(DevicePath, WithoutAPartitionLeadsNowhere) {
  EXPECT_EQ(DiskPathBytes(Join({kPci, kEnd}).data()), 0U);
  EXPECT_EQ(DiskPathBytes(kEnd.data()), 0U);
}

TEST(DevicePath, StopsAtANodeThatIsTooShort) {
  const Path stuck = {1, 1, 0, 0};
  EXPECT_EQ(DiskPathBytes(Join({stuck, HardDrive(), kEnd}).data()), 0U);
}

TEST(DevicePath, TellsTheDiskFromItsPartitions) {
  const Path disk = Join({kPci, kPci});
  EXPECT_TRUE(IsDisk(Join({kPci, kPci, kEnd}).data(), disk.data(), disk.size()));
  EXPECT_FALSE(IsDisk(Join({kPci, kPci, HardDrive(), kEnd}).data(), disk.data(), disk.size()));
  EXPECT_FALSE(IsDisk(Join({kPci, kEnd}).data(), disk.data(), disk.size()));
}

TEST(DevicePath, FindsAPartitionOfThisDiskByItsGuid) {
  const Path disk = Join({kPci, kPci});
  const Path partition = Join({kPci, kPci, HardDrive(), kEnd});
  EXPECT_TRUE(IsPartition(partition.data(), disk.data(), disk.size(), kGuid));
  EXPECT_FALSE(IsPartition(partition.data(), disk.data(), disk.size(), kOtherGuid));
}

TEST(DevicePath, PassesOverAPartitionOfAnotherDisk) {
  const Path disk = Join({kPci, kPci});
  Path other = Join({kPci, kPci, HardDrive(), kEnd});
  other[5] = 4;
  EXPECT_FALSE(IsPartition(other.data(), disk.data(), disk.size(), kGuid));
}

TEST(DevicePath, PassesOverWhatLiesOnAPartition) {
  const Path disk = Join({kPci, kPci});
  const Path file = Join({kPci, kPci, HardDrive(), kPci, kEnd});
  EXPECT_FALSE(IsPartition(file.data(), disk.data(), disk.size(), kGuid));
}

}  // namespace
}  // namespace selector
