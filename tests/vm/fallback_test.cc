// What is damaged on the disk never keeps the host from starting: the other set, or the other copy
// of the table, takes over, and the console says why.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "tests/support/process.h"
#include "tests/vm/host.h"
#include "tests/vm/machine.h"

namespace {

using partitions::BootFlags;
using partitions::Slot;
using testing::HasSubstr;

constexpr const char* kUpdog = "/usr/bin/updog";
// A copy of the partition table: 32 sectors of entries and its header.
constexpr std::uint64_t kTableBytes = std::uint64_t{33} * 512;
constexpr BootFlags kShipped = {.priority = 1, .tries_left = 3, .successful = true};
constexpr BootFlags kOnTrial = {.priority = 2, .tries_left = 1, .successful = false};
constexpr BootFlags kGoodAndNext = {.priority = 2, .tries_left = 3, .successful = true};

// Set A runs 1.0.0 as shipped; set B holds 2.0.0.
class VmFallback : public test::VmTest {
 protected:
  void InstallOnB(BootFlags flags) {
    Install("good-2", Slot::kB);
    SetFlags(Slot::kB, flags);
  }
  void FlipByte(std::uint64_t offset) {
    std::string byte = ReadAt(offset, 1);
    byte[0] = static_cast<char>(byte[0] ^ 0x01);
    WriteAt(offset, byte);
  }
};

// dm-verity does not return a byte of a damaged block; with restart_on_corruption the kernel
// restarts at once.
TEST_F(VmFallback, OneFlippedByteInTheRootOfAVersionOnTrial) {
  InstallOnB(kOnTrial);
  FlipByte(Offset("root-b") + 1024);  // in the superblock, which every start reads

  const auto machine = PowerOn();
  EXPECT_TRUE(machine->WaitFor("starting B"));
  EXPECT_TRUE(machine->WaitFor("is corrupted"));
  EXPECT_TRUE(machine->WaitFor("starting A"));
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");

  machine->CutPower();
  EXPECT_EQ(Flags(Slot::kA), kShipped);
  EXPECT_EQ(Flags(Slot::kB), (BootFlags{.priority = 2, .tries_left = 0, .successful = false}));
}

TEST_F(VmFallback, ARootThatRotsAfterItWasGoodGivesWayAfterThreeStarts) {
  InstallOnB(kGoodAndNext);
  FlipByte(Offset("root-b") + 1024);

  const auto machine = PowerOn();
  for (int start = 0; start < 3; ++start) EXPECT_TRUE(machine->WaitFor("starting B"));
  EXPECT_TRUE(machine->WaitFor("choosing A: the only one with tries left"));
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");

  machine->CutPower();
  EXPECT_EQ(Flags(Slot::kB), (BootFlags{.priority = 2, .tries_left = 0, .successful = true}));
}

// The version that starts instead learns from the selector, in the same boot, why it does.
TEST_F(VmFallback, ATruncatedKernel) {
  Publish({{"2.0.0", "good-2"}});
  auto machine = PowerOn();
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");
  Configure(*machine);
  EXPECT_EQ(machine->Run({kUpdog, "update"}).exit_status, 0);
  machine->CutPower();
  const std::string image = disk() + "@@" + std::to_string(Offset("boot-b"));
  const std::string kernel = directory() + "/vmlinuz";
  test::RunProcess({.program = "mcopy", .arguments = {"-i", image, "::vmlinuz", kernel}});
  test::RunProcess({.program = "truncate", .arguments = {"-s", "9M", kernel}});
  test::RunProcess({.program = "mcopy", .arguments = {"-o", "-i", image, kernel, "::vmlinuz"}});

  machine = PowerOn();
  EXPECT_TRUE(machine->WaitFor("cannot start B: vmlinuz: 9437184 bytes instead of"));
  EXPECT_TRUE(machine->WaitFor("starting A"));
  EXPECT_TRUE(machine->WaitFor("2.0.0 on set B: not-loaded: vmlinuz: 9437184 bytes instead of"));
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");
  Configure(*machine);
  EXPECT_THAT(machine->Run({kUpdog, "history"}).output,
              HasSubstr("not-loaded: vmlinuz: 9437184 bytes instead of"));
}

TEST_F(VmFallback, ADestroyedBootFileSystem) {
  InstallOnB(kOnTrial);
  WriteAt(Offset("boot-b"), std::string(64 << 10, '\xcc'));

  const auto machine = PowerOn();
  EXPECT_TRUE(machine->WaitFor("cannot start B: its boot partition holds no file system"));
  EXPECT_TRUE(machine->WaitFor("starting A"));
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");
}

TEST_F(VmFallback, AKernelThatRotsAfterItWasGoodGivesWayInTheSameBoot) {
  InstallOnB(kGoodAndNext);
  FlipByte(Offset("boot-b") +
           (std::uint64_t{6} << 20));  // in the middle of the kernel, the first file

  const auto machine = PowerOn();
  EXPECT_TRUE(machine->WaitFor("cannot start B: vmlinuz: checksum differs"));
  EXPECT_TRUE(machine->WaitFor("starting A"));
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");

  machine->CutPower();
  EXPECT_EQ(Flags(Slot::kB), (BootFlags{.priority = 2, .tries_left = 2, .successful = true}));
}

TEST_F(VmFallback, ADestroyedPrimaryTable) {
  InstallOnB(kOnTrial);
  WriteAt(512, std::string(kTableBytes, '\xcc'));

  const auto machine = PowerOn();
  EXPECT_EQ(WaitUntilGood(*machine), "2.0.0");

  machine->CutPower();
  EXPECT_EQ(Flags(Slot::kB), kGoodAndNext);
}

TEST_F(VmFallback, ADestroyedBackupTable) {
  InstallOnB(kOnTrial);
  const std::uint64_t disk_bytes = std::filesystem::file_size(disk());
  WriteAt(disk_bytes - kTableBytes, std::string(kTableBytes, '\xcc'));

  const auto machine = PowerOn();
  EXPECT_EQ(WaitUntilGood(*machine), "2.0.0");

  machine->CutPower();
  EXPECT_EQ(Flags(Slot::kB), kGoodAndNext);
}

TEST_F(VmFallback, NothingThatWillBootIsSaidAndTriedAgain) {
  SetFlags(Slot::kA, {});

  const auto machine = PowerOn();
  EXPECT_TRUE(machine->WaitFor("no set will boot"));
  EXPECT_TRUE(machine->WaitFor("resetting in 10 seconds"));
  EXPECT_TRUE(machine->WaitFor("no set will boot"));
}

}  // namespace
