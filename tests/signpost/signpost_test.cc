// Signpost on a made system: a disk image as the device node that a made sysfs tree names.
#include "signpost/signpost.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tests/partitions/made_system.h"
#include "tests/support/disk_image.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace signpost {
namespace {

using base::ErrorCode;
using ::test::DiskImage;
using ::test::DiskImageOptions;
using ::test::Fails;
using ::test::FailsSaying;
using ::test::IsOk;
using ::test::MadePartition;
using ::test::MadeSystem;

// A machine whose disk is /dev/vda with partitions as its table has them.
class Machine {
 public:
  explicit Machine(const DiskImageOptions& options = {}) : image_(MakeImage(options)) {}

  const DiskImage& image() const { return image_; }
  MadeSystem& system() { return system_; }

  // `lower` are the partitions beneath the root file system. `stale_bytes` is how much further back
  // the kernel believes partition 8 to be than it is.
  void Start(const std::vector<std::uint32_t>& lower, std::uint64_t stale_bytes = 0) {
    std::vector<MadePartition> partitions;
    for (std::uint32_t number = 1; number <= 9; ++number) {
      const partitions::Extent extent = image_.extent(number);
      partitions.push_back({.number = number,
                            .name = Name(number),
                            .start_bytes = extent.offset_bytes + (number == 8 ? stale_bytes : 0),
                            .size_bytes = extent.size_bytes});
    }
    system_.AddDisk("pci0000:00/virtio0", "vda", partitions);
    std::vector<std::string> lower_names;
    lower_names.reserve(lower.size());
    for (const std::uint32_t number : lower) lower_names.push_back(Name(number));
    system_.MountRoot("dm-0", lower_names);
  }

  base::Result<Signpost> Open() { return Signpost::Open(std::nullopt, system_.view()); }
  base::Result<Signpost> Open(Slot active) {
    return Signpost::Open(ChosenDisk{.path = image_.path(), .active = active}, system_.view());
  }

 private:
  static std::string Name(std::uint32_t number) { return "vda" + std::to_string(number); }
  DiskImage MakeImage(const DiskImageOptions& options) {
    std::filesystem::create_directories(system_.view().dev_dir);
    return DiskImage::Create(system_.dev("vda"), options);
  }

  MadeSystem system_;
  DiskImage image_;
};

TEST(Signpost, FindsTheDiskAndTheSetOfTheRunningSystem) {
  for (const auto& [lower, active] :
       {std::pair(std::vector{test::kRootA + 0U, test::kHashA + 0U}, Slot::kA),
        std::pair(std::vector{test::kHashB + 0U, test::kRootB + 0U}, Slot::kB)}) {
    Machine machine;
    machine.Start(lower);
    const auto signpost = machine.Open();
    ASSERT_THAT(signpost, IsOk());
    EXPECT_EQ(signpost->disk(), machine.image().path());
    EXPECT_EQ(signpost->active(), active);
    EXPECT_EQ(signpost->inactive(), partitions::Other(active));
  }
}

TEST(Signpost, GivesThePartitionsOwnNodesOnTheRunningSystem) {
  Machine machine;
  machine.Start({test::kRootA, test::kHashA});
  const auto inactive = machine.Open()->ReadInactive();
  ASSERT_THAT(inactive, IsOk());
  EXPECT_EQ(
      inactive->root,
      (Extent{.path = machine.system().dev("vda8"), .offset_bytes = 0, .size_bytes = 4 << 20}));
  EXPECT_EQ(inactive->boot.path, machine.system().dev("vda7"));
  EXPECT_EQ(inactive->hash.path, machine.system().dev("vda9"));
}

TEST(Signpost, GivesBoundsInTheFileOnADiskImage) {
  const test::TempDir directory;
  const DiskImage image = DiskImage::Create(directory / "disk");
  const auto signpost =
      Signpost::Open(ChosenDisk{.path = image.path(), .active = Slot::kB}, MadeSystem().view());
  ASSERT_THAT(signpost, IsOk());
  const auto inactive = signpost->ReadInactive();
  ASSERT_THAT(inactive, IsOk());
  EXPECT_EQ(inactive->boot, image.extent(test::kBootA));
  EXPECT_EQ(inactive->root, image.extent(test::kRootA));
  EXPECT_EQ(inactive->hash, image.extent(test::kHashA));
}

TEST(Signpost, RefusesPartitionsThatTheKernelHasElsewhere) {
  Machine machine;
  machine.Start({test::kRootA, test::kHashA}, 4096);
  EXPECT_THAT(machine.Open()->ReadInactive(), FailsSaying("the kernel does not know partition 8"));
}

TEST(Signpost, RefusesARootThatIsNoSetsRootAndHash) {
  Machine machine;
  machine.Start({test::kRootA, test::kHashB});
  EXPECT_THAT(machine.Open(), FailsSaying("not on the root and hash partitions of a set"));
}

TEST(Signpost, RefusesAnActiveSetThatContradictsTheRunningRoot) {
  Machine machine;
  machine.Start({test::kRootA, test::kHashA});
  EXPECT_THAT(machine.Open(Slot::kA), IsOk());
  EXPECT_THAT(machine.Open(Slot::kB), Fails(ErrorCode::kMismatch));
  EXPECT_THAT(machine.Open(Slot::kB), FailsSaying("the running system is on set A"));
}

TEST(Signpost, TakesAnySetOfADiskThatDoesNotRun) {
  Machine machine;
  machine.Start({test::kRootA, test::kHashA});
  const test::TempDir directory;
  const DiskImage other = DiskImage::Create(directory / "disk");
  EXPECT_THAT(
      Signpost::Open(ChosenDisk{.path = other.path(), .active = Slot::kB}, machine.system().view()),
      IsOk());
}

TEST(Signpost, HoldsTheUpdateLockOverSeveralVerbs) {
  Machine machine;
  machine.Start({test::kRootA, test::kHashA});
  auto signpost = machine.Open();
  ASSERT_THAT(signpost, IsOk());
  {
    const auto lock = signpost->LockForUpdate();
    ASSERT_THAT(lock, IsOk());
    EXPECT_THAT(signpost->LockForUpdate(), Fails(ErrorCode::kBusy));
    EXPECT_THAT(signpost->ClearInactive(*lock), IsOk());
    EXPECT_THAT(signpost->MarkInactiveValid(*lock), IsOk());
    EXPECT_THAT(signpost->UpgradeToInactive(*lock), IsOk());
    EXPECT_THAT(signpost->MarkSuccessfulBoot(), IsOk());
  }
  EXPECT_THAT(signpost->LockForUpdate(), IsOk());
  const auto status = signpost->ReadStatus();
  ASSERT_THAT(status, IsOk());
  EXPECT_EQ(status->next, Slot::kB);
  EXPECT_EQ(status->b->flags, (BootFlags{.priority = 2, .tries_left = 1}));
  EXPECT_TRUE(status->boot_ever_succeeded);
}

TEST(Signpost, TellsThatTheRunningVersionIsOnTrial) {
  Machine machine;
  machine.Start({test::kRootB, test::kHashB});
  const auto signpost = machine.Open();
  ASSERT_THAT(signpost, IsOk());
  EXPECT_TRUE(signpost->ReadStatus()->running_on_trial());
  machine.image().SetAttributes(test::kBootB, test::kShippedAttributes);
  EXPECT_FALSE(signpost->ReadStatus()->running_on_trial());
}

TEST(Slot, IsReadInEitherCase) {
  EXPECT_THAT(ParseSlot("a"), test::IsOkAnd(Slot::kA));
  EXPECT_THAT(ParseSlot("B"), test::IsOkAnd(Slot::kB));
  for (const char* text : {"", "c", "ab", "A "})
    EXPECT_THAT(ParseSlot(text), Fails(ErrorCode::kUsage));
}

}  // namespace
}  // namespace signpost
