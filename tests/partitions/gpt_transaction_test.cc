// Torn table writes: every write and flush of a transaction is recorded, the power is cut after
// each of them, the rerun is cut again, and sectors arrive in another order than they were written.
//
// The model: a sector of 512 bytes is written whole or not at all; between two flushes sectors
// reach the medium in any order; what was flushed is there.
#include "partitions/gpt_transaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "partitions/boot_flags.h"
#include "tests/partitions/memory_disk.h"

namespace partitions {
namespace {

using ::test::MemoryDisk;
using ::test::SmallDisk;
using Kind = MemoryDisk::Event::Kind;

// The transaction under test: what upgrade-to-inactive does, to entries in two different sectors.
constexpr std::uint32_t kActive = 0;
constexpr std::uint32_t kInactive = 2;
constexpr BootFlags kOldActive = {.priority = 2, .tries_left = 3, .successful = true};
constexpr BootFlags kOldInactive = {.priority = 0, .tries_left = 1};
constexpr BootFlags kNewActive = {.priority = 1, .tries_left = 3, .successful = true};
constexpr BootFlags kNewInactive = {.priority = 2, .tries_left = 1};

// The flags of both sets, in one value.
using Flags = std::pair<std::uint64_t, std::uint64_t>;
const Flags kOld = {WithBootFlags(0, kOldActive), WithBootFlags(0, kOldInactive)};
const Flags kNew = {WithBootFlags(0, kNewActive), WithBootFlags(0, kNewInactive)};

// One table in memory, loaded.
class Loaded {
 public:
  explicit Loaded(MemoryDisk& disk)
      : storage_(std::make_unique<TableStorage>()), table(disk, *storage_), status(table.Load()) {}

 private:
  std::unique_ptr<TableStorage> storage_;

 public:
  TableTransaction table;
  TableStatus status;

  Flags flags() const {
    return {table.entry(kActive).attributes, table.entry(kInactive).attributes};
  }
  TableStatus Change(const Flags& to) {
    table.SetAttributes(kActive, to.first);
    table.SetAttributes(kInactive, to.second);
    return table.Commit();
  }
};

std::string OldDisk() {
  MemoryDisk disk(SmallDisk(512), 512);
  EXPECT_EQ(Loaded(disk).Change(kOld), TableStatus::kOk);
  return disk.bytes();
}

// Runs the transaction on a disk and hands back the disk, which knows what was done to it.
MemoryDisk RunChange(const std::string& bytes) {
  MemoryDisk disk(bytes, 512);
  Loaded loaded(disk);
  EXPECT_EQ(loaded.status, TableStatus::kOk);
  EXPECT_EQ(loaded.Change(kNew), TableStatus::kOk);
  return disk;
}

void Apply(std::string& bytes, const MemoryDisk::Event& event) {
  if (event.kind == Kind::kWrite) bytes.replace(event.lba * 512, 512, event.sector);
}

// The events between flushes: each inner vector is free to arrive in any order.
std::vector<std::vector<MemoryDisk::Event>> Epochs(const std::vector<MemoryDisk::Event>& events) {
  std::vector<std::vector<MemoryDisk::Event>> epochs(1);
  for (const MemoryDisk::Event& event : events) {
    if (event.kind == Kind::kFlush)
      epochs.emplace_back();
    else
      epochs.back().push_back(event);
  }
  return epochs;
}

using Check = std::function<void(const std::string& disk)>;

// Each state that a cut leaves if sectors arrive in the order of writing.
void ForEachCut(const std::string& before, const std::vector<MemoryDisk::Event>& events,
                const Check& check) {
  std::string disk = before;
  check(disk);
  for (const MemoryDisk::Event& event : events) {
    Apply(disk, event);
    if (event.kind == Kind::kWrite) check(disk);
  }
}

// States that a cut leaves if sectors between two flushes arrive in any order: of each such group,
// for each `stride`th sector, all but it, only it, all behind it; and random subsets.
void ForEachReorderedCut(const std::string& before, const std::vector<MemoryDisk::Event>& events,
                         std::mt19937& random, std::size_t stride, std::size_t random_subsets,
                         const Check& check) {
  std::string flushed = before;
  for (const std::vector<MemoryDisk::Event>& epoch : Epochs(events)) {
    const auto check_subset = [&](const std::function<bool(std::size_t)>& arrived) {
      std::string disk = flushed;
      for (std::size_t i = 0; i < epoch.size(); ++i)
        if (arrived(i)) Apply(disk, epoch[i]);
      check(disk);
    };
    for (std::size_t one = 0; one < epoch.size(); one += stride) {
      check_subset([one](std::size_t i) { return i == one; });
      check_subset([one](std::size_t i) { return i != one; });
      check_subset([one](std::size_t i) { return i > one; });
    }
    for (std::size_t n = 0; n < random_subsets; ++n)
      check_subset([&random](std::size_t) { return random() % 2 == 0; });
    for (const MemoryDisk::Event& event : epoch) Apply(flushed, event);
  }
}

// What must hold of every state that cuts leave.
void ExpectOldOrNew(const std::string& bytes) {
  MemoryDisk disk(bytes, 512);
  const Loaded loaded(disk);
  ASSERT_EQ(loaded.status, TableStatus::kOk);
  ASSERT_TRUE(loaded.flags() == kOld || loaded.flags() == kNew);
}

void ExpectRerunCompletes(const std::string& bytes) {
  const MemoryDisk rerun = RunChange(bytes);
  MemoryDisk disk(rerun.bytes(), 512);
  const Loaded loaded(disk);
  ASSERT_EQ(loaded.status, TableStatus::kOk);
  ASSERT_EQ(loaded.flags(), kNew);
  ASSERT_EQ(loaded.table.copies(), Copies::kAgree);
}

void ExpectSound(const std::string& bytes) {
  ExpectOldOrNew(bytes);
  ExpectRerunCompletes(bytes);
}

TEST(GptTransaction, WritesBackupThenFlushesThenPrimaryThenFlushes) {
  const MemoryDisk disk = RunChange(OldDisk());
  std::vector<std::uint64_t> expected;
  for (std::uint64_t lba = 127; lba < 160; ++lba) expected.push_back(lba);
  expected.push_back(0);  // a flush
  for (std::uint64_t lba = 2; lba < 34; ++lba) expected.push_back(lba);
  expected.push_back(1);
  expected.push_back(0);
  std::vector<std::uint64_t> order;
  for (const MemoryDisk::Event& event : disk.events()) order.push_back(event.lba);
  EXPECT_EQ(order, expected);
}

TEST(GptTransaction, WritesNothingWhenNothingChanges) {
  MemoryDisk disk(OldDisk(), 512);
  Loaded loaded(disk);
  EXPECT_EQ(loaded.table.copies(), Copies::kAgree);
  EXPECT_EQ(loaded.Change(kOld), TableStatus::kOk);
  EXPECT_TRUE(disk.events().empty());
}

TEST(GptTransaction, RewritingWritesBothCopiesAsTheyWere) {
  const std::string before = OldDisk();
  MemoryDisk disk(before, 512);
  EXPECT_EQ(Loaded(disk).table.Commit(Rewrite::kAlways), TableStatus::kOk);
  EXPECT_EQ(disk.events().size(), 66U + 2U);
  EXPECT_TRUE(disk.bytes() == before);
}

TEST(GptTransaction, SurvivesACutAtEverySector) {
  const std::string before = OldDisk();
  int states = 0;
  ForEachCut(before, RunChange(before).events(), [&states](const std::string& disk) {
    ASSERT_NO_FATAL_FAILURE(ExpectSound(disk));
    ++states;
  });
  EXPECT_EQ(states, 67);
}

TEST(GptTransaction, SurvivesTwoCutsInARow) {
  const std::string before = OldDisk();
  int states = 0;
  ForEachCut(before, RunChange(before).events(), [&states](const std::string& once) {
    ForEachCut(once, RunChange(once).events(), [&states](const std::string& twice) {
      ASSERT_NO_FATAL_FAILURE(ExpectSound(twice));
      ++states;
    });
  });
  // 67 first cuts; the reruns write 33 sectors for the repair of a torn copy and 66 for the change.
  EXPECT_GT(states, 67 * 33);
}

TEST(GptTransaction, SurvivesACutWithSectorsArrivingInAnyOrder) {
  const std::string before = OldDisk();
  std::mt19937 random(11);
  ForEachReorderedCut(before, RunChange(before).events(), random, 1, 200, ExpectSound);
}

TEST(GptTransaction, SurvivesTwoCutsWithSectorsArrivingInAnyOrder) {
  const std::string before = OldDisk();
  std::mt19937 random(12);
  ForEachReorderedCut(
      before, RunChange(before).events(), random, 4, 10, [&random](const std::string& once) {
        ForEachReorderedCut(once, RunChange(once).events(), random, 4, 3, ExpectOldOrNew);
      });
}

// The reason for the repair: two valid copies that differ are what a cut between the two leaves,
// and no checksum tells. Whoever changes the backup first then has no valid copy after a cut in the
// primary's entries... unless the copies were made equal before.
TEST(GptTransaction, TheOlderValidCopyCountsUntilTheNewerIsWhole) {
  const std::string before = OldDisk();
  const std::vector<MemoryDisk::Event> events = RunChange(before).events();
  std::string disk_bytes = before;
  for (std::size_t i = 0; i < 33; ++i) Apply(disk_bytes, events[i]);
  MemoryDisk disk(disk_bytes, 512);
  const Loaded loaded(disk);
  EXPECT_EQ(loaded.table.copies(), Copies::kBackupDiffers);
  EXPECT_EQ(loaded.flags(), kOld);
}

TEST(GptTransaction, ReportsEveryFailingCallAndLeavesOldOrNew) {
  const std::string before = OldDisk();
  for (std::size_t calls = 0; calls < 6; ++calls) {
    MemoryDisk disk(before, 512);
    disk.FailAfter(calls);
    const bool fails_in_flush = calls % 3 == 2;
    EXPECT_EQ(Loaded(disk).Change(kNew),
              fails_in_flush ? TableStatus::kFlushFailed : TableStatus::kWriteFailed);
    ASSERT_NO_FATAL_FAILURE(ExpectSound(disk.bytes()));
  }
}

TEST(GptTransaction, AnUnreadableCopyCountsAsInvalid) {
  MemoryDisk disk(OldDisk(), 512);
  disk.MakeUnreadable(5);
  const Loaded loaded(disk);
  ASSERT_EQ(loaded.status, TableStatus::kOk);
  EXPECT_EQ(loaded.table.copies(), Copies::kPrimaryInvalid);
  EXPECT_EQ(loaded.flags(), kOld);
}

// A disk image that was enlarged: the backup is where the primary says, not at the new end.
TEST(GptTransaction, FindsTheBackupOfADiskThatHasGrown) {
  MemoryDisk disk(OldDisk() + std::string(std::size_t{100} * 512, '\xcc'), 512);
  Loaded loaded(disk);
  ASSERT_EQ(loaded.status, TableStatus::kOk);
  EXPECT_EQ(loaded.table.copies(), Copies::kAgree);
  EXPECT_EQ(loaded.Change(kNew), TableStatus::kOk);
  EXPECT_EQ(disk.bytes().substr(std::size_t{160} * 512),
            std::string(std::size_t{100} * 512, '\xcc'));
  EXPECT_EQ(Loaded(disk).table.copies(), Copies::kAgree);
}

constexpr std::size_t kLastUsableAt = 48;
constexpr std::size_t kEntriesLbaAt = 72;

// Changes a field of a header and makes its checksum right.
void Forge(std::string& bytes, std::uint64_t lba, std::size_t at, std::uint64_t value) {
  std::string sector = bytes.substr(lba * 512, 512);
  std::memcpy(sector.data() + at, &value, sizeof value);
  std::memset(sector.data() + 16, 0, 4);
  const std::uint32_t crc = Crc32(reinterpret_cast<const std::uint8_t*>(sector.data()), 92);
  std::memcpy(sector.data() + 16, &crc, sizeof crc);
  bytes.replace(lba * 512, 512, sector);
}

// The disk was partitioned anew by somebody who died before the backup: the old backup is valid and
// has its entries where a partition is now.
TEST(GptTransaction, DoesNotFollowAStaleBackupIntoAPartition) {
  std::string bytes = OldDisk();
  bytes.replace(std::size_t{90} * 512, std::size_t{32} * 512, bytes, std::size_t{127} * 512,
                std::size_t{32} * 512);
  Forge(bytes, 159, kLastUsableAt, 89);
  Forge(bytes, 159, kEntriesLbaAt, 90);
  MemoryDisk disk(bytes, 512);
  Loaded loaded(disk);
  ASSERT_EQ(loaded.table.copies(), Copies::kBackupDiffers);
  EXPECT_EQ(loaded.Change(kNew), TableStatus::kOk);
  EXPECT_EQ(disk.bytes().substr(std::size_t{34} * 512, std::size_t{93} * 512),
            bytes.substr(std::size_t{34} * 512, std::size_t{93} * 512));
  EXPECT_EQ(Loaded(disk).table.copies(), Copies::kAgree);
}

TEST(GptTransaction, KeepsAValidBackupWhereAnotherToolPutIt) {
  std::string bytes = OldDisk();
  for (const std::uint64_t lba : {1U, 159U}) Forge(bytes, lba, kLastUsableAt, 119);
  bytes.replace(std::size_t{120} * 512, std::size_t{32} * 512, bytes, std::size_t{127} * 512,
                std::size_t{32} * 512);
  Forge(bytes, 159, kEntriesLbaAt, 120);
  MemoryDisk disk(bytes, 512);
  Loaded loaded(disk);
  EXPECT_EQ(loaded.table.copies(), Copies::kAgree);
  EXPECT_EQ(loaded.Change(kNew), TableStatus::kOk);
  EXPECT_EQ(disk.events().front().lba, 120U);
  EXPECT_EQ(Loaded(disk).table.copies(), Copies::kAgree);
}

TEST(GptTransaction, WritesNothingWhereABackupHasNoRoom) {
  std::string bytes = OldDisk();
  Forge(bytes, 1, kLastUsableAt, 158);
  bytes[std::size_t{159} * 512] = 'X';
  MemoryDisk disk(bytes, 512);
  Loaded loaded(disk);
  ASSERT_EQ(loaded.status, TableStatus::kOk);
  EXPECT_EQ(loaded.Change(kNew), TableStatus::kNoRoom);
  EXPECT_TRUE(disk.events().empty());
}

}  // namespace
}  // namespace partitions
