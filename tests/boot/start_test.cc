#include "boot/selector/start.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "partitions/boot_flags.h"
#include "partitions/gpt_transaction.h"
#include "partitions/slot_selection.h"
#include "tests/partitions/memory_disk.h"
#include "tests/support/disk_image.h"
#include "tests/support/temp_dir.h"

namespace {

using partitions::BootFlags;
using partitions::Guid;
using partitions::Slot;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr BootFlags kShipped = {.priority = 1, .tries_left = 3, .successful = true};
constexpr BootFlags kOnTrial = {.priority = 2, .tries_left = 1, .successful = false};
constexpr BootFlags kCleared = {};

// A disk in memory, and a machine that loads and starts what the test lets it.
class FakeFirmware final : public selector::Firmware {
 public:
  explicit FakeFirmware(test::Sets sets = test::Sets::kTwo) : disk_(MakeDisk(sets), 512) {}

  partitions::BlockDevice& Disk() override { return disk_; }
  void Say(const char* line) override { said_.emplace_back(line); }
  selector::Outcome Load(const Guid& boot_partition) override {
    loaded_ = SlotOf(boot_partition);
    flags_when_loaded_ = Flags(*loaded_);
    flushed_when_loaded_ = disk_.events().empty() ||
                           disk_.events().back().kind == test::MemoryDisk::Event::Kind::kFlush;
    const auto failure = failures_.find(*loaded_);
    if (failure != failures_.end()) return selector::Outcome::Failed(failure->second.c_str());
    return selector::Outcome::Done();
  }
  selector::Outcome Start() override {
    started_.push_back(*loaded_);
    throw Started{};  // a machine that was started does not come back
  }

  // What the selector would do at power-on. True if a set was started.
  bool Boot() {
    auto storage = std::make_unique<partitions::TableStorage>();
    said_.clear();
    started_.clear();
    try {
      selector::StartASet(*this, *storage);
    } catch (const Started&) {
      return true;
    }
    return false;
  }

  void FailToLoad(Slot slot, const std::string& why) { failures_[slot] = why; }
  void LoadAgain() { failures_.clear(); }

  void SetFlags(Slot slot, BootFlags flags) {
    auto storage = std::make_unique<partitions::TableStorage>();
    partitions::TableTransaction table(disk_, *storage);
    ASSERT_EQ(table.Load(), partitions::TableStatus::kOk);
    const std::uint64_t attributes = table.entry(Index(slot)).attributes;
    table.SetAttributes(Index(slot), partitions::WithBootFlags(attributes, flags));
    ASSERT_EQ(table.Commit(), partitions::TableStatus::kOk);
  }
  BootFlags Flags(Slot slot) {
    auto storage = std::make_unique<partitions::TableStorage>();
    partitions::TableTransaction table(disk_, *storage);
    EXPECT_EQ(table.Load(), partitions::TableStatus::kOk);
    return partitions::BootFlagsOf(table.entry(Index(slot)).attributes);
  }

  test::MemoryDisk& disk() { return disk_; }
  const std::vector<std::string>& said() const { return said_; }
  const std::vector<Slot>& started() const { return started_; }
  std::optional<Slot> loaded() const { return loaded_; }
  BootFlags flags_when_loaded() const { return flags_when_loaded_; }
  bool flushed_when_loaded() const { return flushed_when_loaded_; }

 private:
  struct Started {};

  static std::string MakeDisk(test::Sets sets) {
    const test::TempDir directory;
    const auto image = test::DiskImage::Create(directory / "disk", {.sets = sets});
    return image.Read();
  }
  static std::uint32_t Index(Slot slot) {
    return (slot == Slot::kA ? test::kBootA : test::kBootB) - 1;
  }
  Slot SlotOf(const Guid& boot_partition) {
    auto storage = std::make_unique<partitions::TableStorage>();
    partitions::TableTransaction table(disk_, *storage);
    EXPECT_EQ(table.Load(), partitions::TableStatus::kOk);
    return table.entry(Index(Slot::kA)).unique == boot_partition ? Slot::kA : Slot::kB;
  }

  test::MemoryDisk disk_;
  std::map<Slot, std::string> failures_;
  std::vector<std::string> said_;
  std::vector<Slot> started_;
  std::optional<Slot> loaded_;
  BootFlags flags_when_loaded_;
  bool flushed_when_loaded_ = false;
};

void DamageSector(FakeFirmware& firmware, std::uint64_t lba) {
  firmware.disk().bytes().replace(lba * 512, 8, "damaged!");
}

TEST(StartASet, TakesATryOnTheMediumBeforeItReadsAnything) {
  FakeFirmware firmware;
  firmware.SetFlags(Slot::kA, kShipped);
  firmware.SetFlags(Slot::kB, kOnTrial);

  EXPECT_TRUE(firmware.Boot());

  EXPECT_THAT(firmware.started(), ElementsAre(Slot::kB));
  EXPECT_EQ(firmware.flags_when_loaded(), (BootFlags{.priority = 2, .tries_left = 0}));
  EXPECT_TRUE(firmware.flushed_when_loaded());
  EXPECT_EQ(firmware.Flags(Slot::kA), kShipped);
}

TEST(StartASet, GoesBackToTheOldSetWhenTheTriesAreUsedUp) {
  FakeFirmware firmware;
  firmware.SetFlags(Slot::kA, kShipped);
  firmware.SetFlags(Slot::kB, {.priority = 2, .tries_left = 2});

  std::vector<Slot> starts;
  for (int boot = 0; boot < 3; ++boot) {
    EXPECT_TRUE(firmware.Boot());
    starts.push_back(firmware.started().front());
  }

  EXPECT_THAT(starts, ElementsAre(Slot::kB, Slot::kB, Slot::kA));
}

TEST(StartASet, LeavesASetThatWasGoodAfterThreeStartsWithoutAReport) {
  FakeFirmware firmware;
  firmware.SetFlags(Slot::kA, {.priority = 1, .tries_left = 3, .successful = true});
  firmware.SetFlags(Slot::kB, {.priority = 2, .tries_left = 3, .successful = true});

  std::vector<Slot> starts;
  for (int boot = 0; boot < 4; ++boot) {
    EXPECT_TRUE(firmware.Boot());
    starts.push_back(firmware.started().front());
  }

  EXPECT_THAT(starts, ElementsAre(Slot::kB, Slot::kB, Slot::kB, Slot::kA));
}

TEST(StartASet, StartsTheOtherSetInTheSameBootWhereOneCannotBeLoaded) {
  FakeFirmware firmware;
  firmware.SetFlags(Slot::kA, kShipped);
  firmware.SetFlags(Slot::kB, kOnTrial);
  firmware.FailToLoad(Slot::kB, "vmlinuz: checksum differs");

  EXPECT_TRUE(firmware.Boot());

  EXPECT_THAT(firmware.started(), ElementsAre(Slot::kA));
  EXPECT_EQ(firmware.Flags(Slot::kA).tries_left, 2);
  EXPECT_EQ(firmware.Flags(Slot::kB).tries_left, 0);
  EXPECT_THAT(
      firmware.said(),
      ElementsAre("set A: priority 1, 3 tries left, successful",
                  "set B: priority 2, 1 try left, never successful",
                  "choosing B: the higher priority", "cannot start B: vmlinuz: checksum differs",
                  "choosing A: the only one that will boot", "starting A"));
}

TEST(StartASet, NeverStartsAClearedSet) {
  FakeFirmware firmware;
  firmware.SetFlags(Slot::kA, kShipped);
  firmware.SetFlags(Slot::kB, kCleared);
  firmware.FailToLoad(Slot::kA, "vmlinuz: cannot be opened");

  EXPECT_FALSE(firmware.Boot());

  EXPECT_THAT(firmware.started(), IsEmpty());
  EXPECT_EQ(firmware.said().back(), "no set will boot");
}

TEST(StartASet, EndsWhereNeitherSetCanBeLoaded) {
  FakeFirmware firmware;
  firmware.SetFlags(Slot::kA, kShipped);
  firmware.SetFlags(Slot::kB, kOnTrial);
  firmware.FailToLoad(Slot::kA, "ramdisk: checksum differs");
  firmware.FailToLoad(Slot::kB, "ramdisk: checksum differs");

  EXPECT_FALSE(firmware.Boot());

  EXPECT_EQ(firmware.said().back(), "no set will boot");
}

TEST(StartASet, StartsADiskWithOneSet) {
  FakeFirmware firmware(test::Sets::kOne);
  firmware.SetFlags(Slot::kA, kShipped);

  EXPECT_TRUE(firmware.Boot());

  EXPECT_THAT(firmware.started(), ElementsAre(Slot::kA));
  EXPECT_EQ(firmware.said()[1], "set B: not on this disk");
}

TEST(StartASet, RepairsADamagedPrimaryTable) {
  FakeFirmware firmware;
  firmware.SetFlags(Slot::kA, kShipped);
  DamageSector(firmware, 1);

  EXPECT_TRUE(firmware.Boot());

  EXPECT_THAT(firmware.said(), testing::Contains("the partition table is repaired"));
  EXPECT_EQ(firmware.disk().bytes().substr(512, 8), "EFI PART");
  EXPECT_EQ(firmware.Flags(Slot::kA).tries_left, 2);
}

TEST(StartASet, RepairsADamagedBackupTable) {
  FakeFirmware firmware;
  firmware.SetFlags(Slot::kA, kShipped);
  const std::size_t backup = firmware.disk().bytes().size() - 512;
  DamageSector(firmware, backup / 512);

  EXPECT_TRUE(firmware.Boot());

  EXPECT_THAT(firmware.said(), testing::Contains("the partition table is repaired"));
  EXPECT_EQ(firmware.disk().bytes().substr(backup, 8), "EFI PART");
}

TEST(StartASet, SaysWhereNoTableIsValid) {
  FakeFirmware firmware;
  DamageSector(firmware, 1);
  DamageSector(firmware, firmware.disk().bytes().size() / 512 - 1);

  EXPECT_FALSE(firmware.Boot());

  EXPECT_THAT(firmware.said(), ElementsAre("neither copy of the partition table is valid"));
}

TEST(StartASet, DoesNotStartASetOnTrialWhoseTryCannotBeWritten) {
  FakeFirmware firmware;
  firmware.SetFlags(Slot::kA, kShipped);
  firmware.SetFlags(Slot::kB, kOnTrial);
  firmware.disk().FailAfter(0);

  EXPECT_TRUE(firmware.Boot());

  EXPECT_THAT(firmware.started(), ElementsAre(Slot::kA));
  EXPECT_THAT(firmware.said(),
              testing::Contains("cannot start B: no try could be taken: the disk does not take "
                                "writes"));
}

// The promise in three lines: among the sets that will boot and can be loaded, one with tries left
// goes first, then the higher priority, then A.
std::optional<Slot> Model(BootFlags a, bool a_loads, BootFlags b, bool b_loads) {
  const auto rank = [](BootFlags flags, bool loads) {
    const bool will_boot = (flags.priority > 0 && flags.tries_left > 0) || flags.successful;
    return will_boot && loads ? 1 + (flags.tries_left > 0 ? 16 : 0) + flags.priority : 0;
  };
  const int rank_a = rank(a, a_loads);
  const int rank_b = rank(b, b_loads);
  if (rank_a == 0 && rank_b == 0) return std::nullopt;
  return rank_b > rank_a ? Slot::kB : Slot::kA;
}

std::vector<BootFlags> SomeFlags() {
  std::vector<BootFlags> all;
  for (const std::uint8_t priority : std::array<std::uint8_t, 3>{0, 1, 2})
    for (const std::uint8_t tries : std::array<std::uint8_t, 3>{0, 1, 3})
      for (const bool successful : {false, true})
        all.push_back({.priority = priority, .tries_left = tries, .successful = successful});
  return all;
}

TEST(StartASet, ChoosesAsTheModelDoesAndTriesOnlyFall) {
  FakeFirmware firmware;
  for (const BootFlags a : SomeFlags()) {
    for (const BootFlags b : SomeFlags()) {
      for (const int loads : {0, 1, 2, 3}) {
        firmware.SetFlags(Slot::kA, a);
        firmware.SetFlags(Slot::kB, b);
        firmware.LoadAgain();
        if ((loads & 1) == 0) firmware.FailToLoad(Slot::kA, "damaged");
        if ((loads & 2) == 0) firmware.FailToLoad(Slot::kB, "damaged");
        const std::optional<Slot> expected = Model(a, (loads & 1) != 0, b, (loads & 2) != 0);

        const bool started = firmware.Boot();

        ASSERT_EQ(started, expected.has_value());
        if (expected) {
          ASSERT_THAT(firmware.started(), ElementsAre(*expected));
        }
        for (const auto& [slot, before] : {std::pair{Slot::kA, a}, std::pair{Slot::kB, b}}) {
          const BootFlags after = firmware.Flags(slot);
          ASSERT_LE(after.tries_left, before.tries_left);
          ASSERT_LE(before.tries_left - after.tries_left, 1);
          ASSERT_EQ(after.priority, before.priority);
          ASSERT_EQ(after.successful, before.successful);
        }
      }
    }
  }
}

}  // namespace
