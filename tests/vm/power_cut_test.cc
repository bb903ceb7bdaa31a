// The power fails in an update or in the first start after it: the host always comes up with a
// working version, and the update, run again, completes.
//
// Half of the cuts kill QEMU: what the guest had handed to the disk stays. The other half replay a
// log of the disk's writes up to a point, and drop a random part of what was not flushed before it.
// Of each kind a third falls into the writing of the images, a third beside a change of the
// partition table, and a third into the first start.
//
//   UPDOG_CUTS=N   cuts of each kind, 10 by default; scripts/power-cuts --cuts N sets it
//   UPDOG_SEED=N   of the random choices; printed, so that a failure can be run again
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/matchers.h"
#include "tests/support/process.h"
#include "tests/vm/host.h"
#include "tests/vm/machine.h"
#include "tests/vm/write_log.h"

namespace {

using partitions::Slot;
using std::chrono::milliseconds;
using test::Machine;
using test::Said;
using testing::AnyOf;
using testing::Eq;

constexpr const char* kUpdog = "/usr/bin/updog";
// A copy of the partition table: 32 sectors of entries and its header; the first one is behind the
// protective MBR.
constexpr std::uint64_t kTableBytes = std::uint64_t{33} * 512;
constexpr std::uint64_t kPrimaryOffset = 512;
// Clear, mark valid, upgrade, and the selector's try; each changes both copies.
constexpr std::uint64_t kTableTransactions = 4;

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* const text = getenv(name);
  return text == nullptr ? otherwise : strtoull(text, nullptr, 10);
}

enum class Phase : std::uint8_t { kImages, kFlags, kFirstStart };
constexpr std::array<std::string_view, 3> kPhaseNames = {
    "while the images are written", "beside a change of the table", "in the first start"};

// Files become links to the same files.
void CopyTree(const std::string& from, const std::string& to) {
  using std::filesystem::copy_options;
  std::filesystem::copy(from, to, copy_options::recursive | copy_options::create_hard_links);
}

// What was recorded: the repository, the log, and where and how long its parts are.
struct Recording {
  std::uint64_t update_offset_bytes = 0;       // the log's size when the update began,
  std::uint64_t first_start_offset_bytes = 0;  // and when the new version was started
  std::int64_t update_milliseconds = 0;
  std::int64_t first_start_milliseconds = 0;

  static std::string LogPath() { return test::PreparedDirectory() + "/recorded.log"; }
  static std::string WebRoot() { return test::PreparedDirectory() + "/recorded.www"; }
  static std::string NotesPath() { return test::PreparedDirectory() + "/recorded.notes"; }

  static Recording Read() {
    Recording recording;
    std::ifstream(NotesPath()) >> recording.update_offset_bytes >>
        recording.first_start_offset_bytes >> recording.update_milliseconds >>
        recording.first_start_milliseconds;
    return recording;
  }
  void Write() const {
    std::ofstream(NotesPath()) << update_offset_bytes << ' ' << first_start_offset_bytes << ' '
                               << update_milliseconds << ' ' << first_start_milliseconds << '\n';
  }
};

class VmCuttable : public test::VmTest {
 protected:
  VmCuttable() {
    // Somebody marked the empty set valid, so that clearing it is a change too.
    SetFlags(Slot::kB, {.priority = 0, .tries_left = 1, .successful = false});
  }

  std::unique_ptr<Machine> StartUpdate(std::unique_ptr<Machine> machine) {
    EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");
    Configure(*machine);
    machine->Start({kUpdog, "update", "--reboot"});
    return machine;
  }
};

// Records the writes of an update with its first start, for the cuts that lose some of them.
class VmRecording : public VmCuttable {
 protected:
  VmRecording() {
    Publish({{"2.0.0", "good-2"}});
    std::filesystem::remove_all(Recording::WebRoot());
    CopyTree(web_root(), Recording::WebRoot());
  }
};

TEST_F(VmRecording, OfAnUpdate) {
  using Clock = std::chrono::steady_clock;
  std::filesystem::remove(Recording::LogPath());
  std::ofstream(Recording::LogPath()).close();
  Recording recording;
  auto machine = PowerOnRecording(Recording::LogPath());
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");
  Configure(*machine);
  recording.update_offset_bytes = std::filesystem::file_size(Recording::LogPath());

  const Clock::time_point begin = Clock::now();
  machine->Start({kUpdog, "update", "--reboot"});
  EXPECT_TRUE(machine->WaitFor("starting B"));
  const Clock::time_point started = Clock::now();
  recording.first_start_offset_bytes = std::filesystem::file_size(Recording::LogPath());

  EXPECT_EQ(WaitUntilGood(*machine), "2.0.0");
  recording.update_milliseconds = std::chrono::duration_cast<milliseconds>(started - begin).count();
  recording.first_start_milliseconds =
      std::chrono::duration_cast<milliseconds>(Clock::now() - started).count();
  recording.Write();
}

class VmPowerCut : public VmCuttable, public testing::WithParamInterface<int> {
 protected:
  VmPowerCut() {
    const std::uint64_t seed = FromEnvironment("UPDOG_SEED", std::random_device()());
    std::cout << "UPDOG_SEED=" << seed << ", cut " << GetParam() << ": "
              << kPhaseNames.at(static_cast<std::size_t>(phase())) << "\n";
    // What the recorded disk has in its cache is of this very repository.
    CopyTree(Recording::WebRoot(), web_root());
    std::seed_seq seeds{seed, static_cast<std::uint64_t>(GetParam())};
    random_.seed(seeds);
  }

  Phase phase() const { return static_cast<Phase>(GetParam() % 3); }
  // From `first` to `last`, both possible.
  std::uint64_t Draw(std::uint64_t first, std::uint64_t last) {
    return std::uniform_int_distribution<std::uint64_t>(first, last)(random_);
  }

  // The moment is random, not a wait for anything.
  void LetPass(std::int64_t at_most_milliseconds) {
    const milliseconds moment(Draw(0, static_cast<std::uint64_t>(at_most_milliseconds)));
    std::cout << "cut after " << moment.count() << " ms\n";
    std::this_thread::sleep_for(moment);
  }

  // Returns as soon as the table's bytes on the disk have changed `count` times.
  void LetTableChange(std::uint64_t count) {
    std::cout << "cut at change " << count << " of the table's bytes\n";
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(90);
    std::string before = ReadTables();
    while (count > 0) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << count << " changes did not come";
      std::this_thread::sleep_for(std::chrono::microseconds(100));
      std::string now = ReadTables();
      if (now != before) --count;
      before = std::move(now);
    }
  }

  std::uint64_t BackupOffset() const { return std::filesystem::file_size(disk()) - kTableBytes; }
  std::string ReadTables() const {
    return ReadAt(kPrimaryOffset, kTableBytes) + ReadAt(BackupOffset(), kTableBytes);
  }
  bool IsOfTable(const test::LoggedWrite& write) const {
    if (write.size_bytes == 0) return false;
    return write.disk_offset_bytes < kPrimaryOffset + kTableBytes ||
           write.disk_offset_bytes >= BackupOffset();
  }

  // Before which entry of the log the cut falls.
  std::size_t DrawCut(const test::WriteLog& log, const Recording& recording) {
    std::size_t update = 0;
    std::size_t first_start = 0;
    std::vector<std::size_t> of_table;
    for (std::size_t i = 0; i < log.writes().size(); ++i) {
      const test::LoggedWrite& write = log.writes()[i];
      if (write.log_offset_bytes < recording.update_offset_bytes) update = i + 1;
      if (write.log_offset_bytes < recording.first_start_offset_bytes) first_start = i + 1;
      if (update <= i && IsOfTable(write)) of_table.push_back(i);
    }
    switch (phase()) {
      case Phase::kImages:
        return Draw(update, first_start);
      case Phase::kFlags:
        return of_table.at(Draw(0, of_table.size() - 1)) + Draw(0, 1);
      case Phase::kFirstStart:
        return Draw(first_start, log.writes().size());
    }
    return 0;
  }

  base::Result<> Replay(const test::WriteLog& log, std::size_t cut) {
    return log.Replay(disk(), cut, random_);
  }

  // What the promise says of a disk that a cut left.
  void ExpectUpdateCompletes() {
    const auto machine = PowerOn();
    const std::string version = WaitUntilGood(*machine);
    EXPECT_THAT(version, AnyOf(Eq("1.0.0"), Eq("2.0.0")));
    std::cout << version << " came up\n";
    if (version != "2.0.0") {
      Configure(*machine);
      const Said updated = machine->Run({kUpdog, "update"});
      EXPECT_EQ(updated.exit_status, 0) << updated.errors;
    }
    machine->CutPower();
    EXPECT_EQ(Flags(Slot::kB).priority, 2);
    EXPECT_TRUE(partitions::WillBoot(Flags(Slot::kB)));
    ExpectOnB("good-2");
  }

  // Set B holds the release, byte for byte.
  void ExpectOnB(const std::string& release) {
    for (const std::string kind : {"boot", "root", "hash"}) {
      const std::string image = test::PreparedDirectory() + "/raw/" + release + "/" + kind + ".img";
      const std::string size = std::to_string(std::filesystem::file_size(image));
      const test::ProcessResult compared = test::RunProcess(
          {.program = "cmp",
           .arguments = {"--bytes=" + size,
                         "--ignore-initial=" + std::to_string(Offset(kind + "-b")) + ":0", disk(),
                         image}});
      EXPECT_EQ(compared.exit_status, 0) << compared.output;
    }
  }

 private:
  std::mt19937_64 random_;
};

TEST_P(VmPowerCut, StopsTheMachine) {
  const Recording recording = Recording::Read();
  ASSERT_GT(recording.first_start_milliseconds, 0) << "no recording; see VmRecording";
  const auto machine = StartUpdate(PowerOn());

  switch (phase()) {
    case Phase::kImages:
      LetPass(recording.update_milliseconds);
      break;
    case Phase::kFlags:
      LetTableChange(Draw(1, 2 * kTableTransactions));
      break;
    case Phase::kFirstStart:
      EXPECT_TRUE(machine->WaitFor("starting B"));
      LetPass(recording.first_start_milliseconds);
      break;
  }
  machine->CutPower();

  ExpectUpdateCompletes();
}

TEST_P(VmPowerCut, LosesWhatWasNotFlushed) {
  const base::Result<test::WriteLog> log = test::WriteLog::Open(Recording::LogPath());
  ASSERT_THAT(log, test::IsOk());
  const std::size_t cut = DrawCut(*log, Recording::Read());
  std::cout << "cut before write " << cut << " of " << log->writes().size() << "\n";
  ASSERT_THAT(Replay(*log, cut), test::IsOk());

  ExpectUpdateCompletes();
}

INSTANTIATE_TEST_SUITE_P(Cuts, VmPowerCut,
                         testing::Range(0, static_cast<int>(FromEnvironment("UPDOG_CUTS", 10))));

}  // namespace
