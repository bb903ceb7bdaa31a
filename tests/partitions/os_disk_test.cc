#include "partitions/os_disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/sysmacros.h>

#include <string>

#include "tests/partitions/made_system.h"
#include "tests/support/matchers.h"

namespace partitions {
namespace {

using base::ErrorCode;
using ::test::Fails;
using ::test::FailsSaying;
using ::test::IsOk;
using ::test::MadeSystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// How the kernel names a disk and its partitions, and where it puts it.
struct Naming {
  const char* kind;
  const char* parent;
  const char* disk;
  const char* partition_prefix;
};

class RunningDiskNamed : public ::testing::TestWithParam<Naming> {
 protected:
  static std::string PartitionName(std::uint32_t number) {
    return GetParam().partition_prefix + std::to_string(number);
  }
};

INSTANTIATE_TEST_SUITE_P(
    Kinds, RunningDiskNamed,
    ::testing::Values(
        Naming{"Virtio", "pci0000:00/0000:00:04.0/virtio1", "vda", "vda"},
        Naming{"Nvme", "pci0000:00/0000:00:1f.0/nvme/nvme0", "nvme0n1", "nvme0n1p"},
        Naming{"NvmeMultipath", "virtual/nvme-subsystem/nvme-subsys0", "nvme1n2", "nvme1n2p"},
        Naming{"Mmc", "platform/soc/fe340000.mmc/mmc_host/mmc0/mmc0:0001", "mmcblk0", "mmcblk0p"},
        Naming{"Scsi", "pci0000:00/ata1/host0/target0:0:0/0:0:0:0", "sda", "sda"},
        Naming{"ScsiManyDisks", "pci0000:00/host9/target9:0:0/9:0:0:0", "sdaa1x", "sdaa1x"},
        Naming{"Loop", "virtual", "loop0", "loop0p"}),
    [](const auto& naming) { return std::string(naming.param.kind); });

TEST_P(RunningDiskNamed, IsFoundThroughTheVerityDevice) {
  MadeSystem system;
  system.AddDisk(
      GetParam().parent, GetParam().disk,
      {{.number = 10, .name = PartitionName(10), .start_bytes = 1 << 20, .size_bytes = 3 << 20},
       {.number = 2, .name = PartitionName(2)},
       {.number = 3, .name = PartitionName(3)}});
  system.AddDisk("pci0000:00/another", "sdz", {{.number = 3, .name = "sdz3"}});
  system.MountRoot("dm-0", {PartitionName(3), PartitionName(2)});

  const auto running = FindRunningDisk(system.view());
  ASSERT_THAT(running, IsOk());
  EXPECT_EQ(running->disk.path, system.dev(GetParam().disk));
  EXPECT_THAT(running->root_partitions, ElementsAre(2, 3));
  ASSERT_EQ(running->disk.partitions.size(), 3U);
  const PartitionNode& last = running->disk.partitions[2];
  EXPECT_EQ(last.number, 10U);
  EXPECT_EQ(last.path, system.dev(PartitionName(10)));
  EXPECT_EQ(last.start_bytes, 1U << 20);
  EXPECT_EQ(last.size_bytes, 3U << 20);
}

TEST(RunningDisk, NodeIsTheKernelsOwnNameForIt) {
  MadeSystem system;
  system.AddDisk("pci0000:00", "cciss!c0d0",
                 {{.number = 1, .name = "cciss!c0d0p1"}, {.number = 2, .name = "cciss!c0d0p2"}});
  system.MountRoot("dm-0", {"cciss!c0d0p1", "cciss!c0d0p2"});
  const auto running = FindRunningDisk(system.view());
  ASSERT_THAT(running, IsOk());
  EXPECT_EQ(running->disk.path, system.dev("cciss/c0d0"));
}

TEST(RunningDisk, IsUnknownWhereTheRootIsNoBlockDevice) {
  const MadeSystem system;  // an overlay or tmpfs: the device number is in no tree
  EXPECT_THAT(FindRunningDisk(system.view()), Fails(ErrorCode::kNotFound));
}

TEST(RunningDisk, IsUnknownWhereTheRootIsAPlainPartition) {
  MadeSystem system;
  system.AddDisk("pci0000:00", "vda", {{.number = 1, .name = "vda1"}});
  system.MountRootOn("vda1");
  EXPECT_THAT(FindRunningDisk(system.view()), FailsSaying("not a dm-verity device"));
}

TEST(RunningDisk, IsUnknownWhereTheRootLiesOnTwoDisks) {
  MadeSystem system;
  system.AddDisk("pci0000:00", "vda", {{.number = 1, .name = "vda1"}});
  system.AddDisk("pci0000:01", "vdb", {{.number = 1, .name = "vdb1"}});
  system.MountRoot("dm-0", {"vda1", "vdb1"});
  EXPECT_THAT(FindRunningDisk(system.view()), FailsSaying("more than one disk"));
}

TEST(RunningDisk, IsUnknownWhereTheRootLiesOnAnotherDeviceMapperDevice) {
  MadeSystem system;
  system.AddDisk("pci0000:00", "vda", {{.number = 1, .name = "vda1"}});
  system.MountRoot("dm-0", {"vda1"});
  system.MountRoot("dm-1", {"dm-0"});
  EXPECT_THAT(FindRunningDisk(system.view()), FailsSaying("dm-0 beneath it is not a partition"));
}

TEST(Disk, IsFoundByItsNumber) {
  MadeSystem system;
  system.AddDisk("virtual", "loop3", {});
  const auto disk = FindDisk(system.view(), system.device("loop3"));
  ASSERT_THAT(disk, IsOk());
  EXPECT_EQ(disk->path, system.dev("loop3"));
  EXPECT_THAT(disk->partitions, IsEmpty());
}

TEST(Disk, IsNotAPartition) {
  MadeSystem system;
  system.AddDisk("pci0000:00", "vda", {{.number = 1, .name = "vda1"}});
  EXPECT_THAT(FindDisk(system.view(), system.device("vda1")),
              FailsSaying("vda1 is a partition, not a disk"));
}

TEST(Disk, IsNotWhatTheKernelDoesNotKnow) {
  const MadeSystem system;
  EXPECT_THAT(FindDisk(system.view(), makedev(9, 9)), Fails(ErrorCode::kNotFound));
}

}  // namespace
}  // namespace partitions
