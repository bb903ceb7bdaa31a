// Power cuts: every write and flush of a whole update is recorded, and the disk is looked at as any
// cut would have left it.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "partitions/slot_selection.h"
#include "signpost/signpost.h"
#include "tests/e2e/world.h"
#include "tests/support/disk_log.h"
#include "tests/support/matchers.h"

namespace test {
namespace {

using partitions::BootFlags;

// A disk as bytes in memory and in a file, changed sector by sector.
class ScratchDisk {
 public:
  ScratchDisk(std::string path, std::string bytes)
      : path_(std::move(path)), bytes_(std::move(bytes)) {
    WriteAll(path_, bytes_);
    file_.open(path_, std::ios::binary | std::ios::in | std::ios::out);
  }
  const std::string& path() const { return path_; }
  const std::string& bytes() const { return bytes_; }

  void Put(const SectorWrite& sector) {
    bytes_.replace(sector.offset, sector.bytes.size(), sector.bytes);
    file_.seekp(static_cast<std::streamoff>(sector.offset));
    file_.write(sector.bytes.data(), static_cast<std::streamsize>(sector.bytes.size()));
  }
  // What is there now, to be put back.
  SectorWrite Get(const SectorWrite& place) const {
    return {.offset = place.offset, .bytes = bytes_.substr(place.offset, place.bytes.size())};
  }
  void Flush() { file_.flush(); }

 private:
  std::string path_;
  std::string bytes_;
  std::fstream file_;
};

// How set B stands before the update: both are whole, and neither may be started half overwritten.
struct Start {
  std::string name;
  BootFlags b;
  BootFlags a;
};

class CrashTest : public WorldTest, public testing::WithParamInterface<Start> {
 protected:
  CrashTest() : host_(MakeHost({.fill = Fill::kPattern})) {
    host_.disk().SetAttributes(kBootA, partitions::WithBootFlags(0, GetParam().a));
    host_.disk().SetAttributes(kBootB, partitions::WithBootFlags(0, GetParam().b));
    before_ = host_.disk().Read();
    ProcessOptions options = host_.UpdogOptions({"update"});
    options.environment = RecorderEnvironment(host_.disk().path(), dir_ / "log");
    const ProcessResult update = RunProcess(options);
    EXPECT_EQ(update.exit_status, 0) << update.errors;
    epochs_ = ReadDiskLog(dir_ / "log");
    new_set_ = SetBytes(host_.disk().Read(), {kBootB, kRootB, kHashB});
    old_set_ = SetBytes(before_, {kBootB, kRootB, kHashB});
  }

  std::string SetBytes(const std::string& disk, const std::vector<std::uint32_t>& numbers) const {
    std::string bytes;
    for (const std::uint32_t number : numbers) {
      const partitions::Extent extent = host_.disk().extent(number);
      bytes += disk.substr(extent.offset_bytes, extent.size_bytes);
    }
    return bytes;
  }

  // What must hold of the disk after any cut.
  void Check(ScratchDisk& disk, const std::string& where) {
    disk.Flush();
    ++states_;
    auto opened = signpost::Signpost::Open(
        signpost::ChosenDisk{.path = disk.path(), .active = partitions::Slot::kA}, {});
    ASSERT_THAT(opened, IsOk()) << where;
    const auto status = opened->ReadStatus();
    ASSERT_THAT(status, IsOk()) << where;
    ASSERT_TRUE(status->next.has_value()) << "nothing will boot; " << where;
    if (!partitions::WillBoot(status->b->flags)) return;
    const std::string set = SetBytes(disk.bytes(), {kBootB, kRootB, kHashB});
    const bool whole = set == old_set_ || set == new_set_;
    ASSERT_TRUE(whole) << "set B may be started and is half old, half new; " << where;
  }

  void RunAgainOn(const ScratchDisk& disk, const std::string& record) {
    std::filesystem::copy_file(disk.path(), host_.disk().path(),
                               std::filesystem::copy_options::overwrite_existing);
    std::filesystem::remove(host_.state_dir() + "/staged.json");
    const BootFlags flags = partitions::BootFlagsOf(host_.disk().attributes(kBootB));
    if (flags != GetParam().b) WriteAll(host_.state_dir() + "/staged.json", record);

    const ProcessResult again = host_.Updog({"update"});
    ASSERT_EQ(again.exit_status, 0) << again.errors;
    ASSERT_EQ(again.output, "demo 1.1.0\n");
    ASSERT_EQ(host_.Next(), "B");
    ASSERT_TRUE(Holds(host_, "1.1.0"));
    host_.ExpectActiveSetUnchanged();
  }

  Host host_;
  std::string before_;
  std::string old_set_;
  std::string new_set_;
  std::vector<Epoch> epochs_;
  int states_ = 0;
};

TEST_P(CrashTest, RecordsTheWholeUpdate) {
  std::string replayed = before_;
  for (const Epoch& epoch : epochs_) {
    for (const SectorWrite& sector : epoch.sectors) {
      replayed.replace(sector.offset, sector.bytes.size(), sector.bytes);
    }
  }
  EXPECT_TRUE(replayed == host_.disk().Read());
  EXPECT_TRUE(epochs_.back().sectors.empty()) << "something was never flushed";
}

TEST_P(CrashTest, WritesNothingIntoTheActiveSetAtAnyTime) {
  for (const std::uint32_t number : {kBootA, kRootA, kHashA, kPrivate, kData, kEsp}) {
    const partitions::Extent extent = host_.disk().extent(number);
    for (const Epoch& epoch : epochs_) {
      for (const SectorWrite& sector : epoch.sectors) {
        const bool outside = sector.offset + sector.bytes.size() <= extent.offset_bytes ||
                             sector.offset >= extent.offset_bytes + extent.size_bytes;
        ASSERT_TRUE(outside) << "partition " << number << ", byte " << sector.offset;
      }
    }
  }
}

// Cuts in the order in which sectors were written: after each one of the table, after each write(2)
// of an image.
TEST_P(CrashTest, LeavesAWholeSetToBootAfterEveryPrefix) {
  ScratchDisk disk(dir_ / "scratch.img", before_);
  Check(disk, "before the update");
  for (std::size_t e = 0; e < epochs_.size(); ++e) {
    const Epoch& epoch = epochs_[e];
    const bool each_sector = epoch.sectors.size() <= 200;
    std::size_t write = 0;
    for (std::size_t s = 0; s < epoch.sectors.size(); ++s) {
      disk.Put(epoch.sectors[s]);
      const bool write_ends = epoch.write_ends[write] == s + 1;
      if (write_ends) ++write;
      if (!each_sector && !write_ends) continue;
      Check(disk, "epoch " + std::to_string(e) + ", sector " + std::to_string(s));
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_GT(states_, 100);
}

// Of what was not flushed yet any subset may have reached the disk.
TEST_P(CrashTest, LeavesAWholeSetToBootWhateverIsReorderedBetweenFlushes) {
  ScratchDisk disk(dir_ / "scratch.img", before_);
  std::mt19937 random(20261122);
  for (std::size_t e = 0; e < epochs_.size(); ++e) {
    const Epoch& epoch = epochs_[e];
    for (int round = 0; round < 16; ++round) {
      const auto out_of_eight = 1 + random() % 7;
      std::vector<SectorWrite> undo;
      for (const SectorWrite& sector : epoch.sectors) {
        if (random() % 8 >= out_of_eight) continue;
        undo.push_back(disk.Get(sector));
        disk.Put(sector);
      }
      Check(disk, "epoch " + std::to_string(e) + ", round " + std::to_string(round));
      if (HasFatalFailure()) return;
      for (auto sector = undo.rbegin(); sector != undo.rend(); ++sector) disk.Put(*sector);
    }
    for (const SectorWrite& sector : epoch.sectors) disk.Put(sector);
  }
}

// From each state that a cut leaves, the same command ends where it would have ended. The record of
// what is staged is there as soon as set B is cleared, much earlier than in truth: the flags
// decide.
TEST_P(CrashTest, IsCompletedByRunningItAgain) {
  ScratchDisk disk(dir_ / "scratch.img", before_);
  const std::string record = ReadAll(host_.state_dir() + "/staged.json");
  for (std::size_t e = 0; e < epochs_.size(); ++e) {
    const std::vector<SectorWrite>& sectors = epochs_[e].sectors;
    for (std::size_t s = 0; s < sectors.size(); ++s) {
      disk.Put(sectors[s]);
      // In the middle of what is written together, and at its end.
      if (s != sectors.size() / 2 && s + 1 != sectors.size()) continue;
      disk.Flush();
      RunAgainOn(disk, record);
      if (HasFatalFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    , CrashTest,
    testing::Values(Start{.name = "BIsAnOlderReleaseThatWasGood",
                          .b = {.priority = 1, .tries_left = 3, .successful = true},
                          .a = {.priority = 2, .tries_left = 3, .successful = true}},
                    Start{.name = "BIsStagedAndNextToBoot",
                          .b = {.priority = 2, .tries_left = 1, .successful = false},
                          .a = {.priority = 1, .tries_left = 3, .successful = true}}),
    [](const auto& start) { return start.param.name; });

}  // namespace
}  // namespace test
