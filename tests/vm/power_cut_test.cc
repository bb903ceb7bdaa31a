// The power fails at any moment of an update and of the first start after it: the host always comes
// up with a working version, and the update, run again, completes.
//
// Half of the cuts kill QEMU: what the guest had handed to the disk stays. The other half replay a
// log of the disk's writes up to a random point, and drop a random part of what was not flushed.
//
//   UPDOG_CUTS=N   cuts of each kind, 10 by default
//   UPDOG_SEED=N   of the random choices; printed, so that a failure can be run again
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "tests/support/matchers.h"
#include "tests/support/process.h"
#include "tests/vm/host.h"
#include "tests/vm/machine.h"
#include "tests/vm/write_log.h"

namespace {

using partitions::BootFlags;
using partitions::Slot;
using test::Machine;
using test::Said;
using testing::AnyOf;
using testing::Eq;

constexpr const char* kUpdog = "/usr/bin/updog";

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* const text = getenv(name);
  return text == nullptr ? otherwise : strtoull(text, nullptr, 10);
}

std::string RecordedLog() {
  return test::PreparedDirectory() + "/recorded.log";
}
std::string DurationFile() {
  return test::PreparedDirectory() + "/recorded.milliseconds";
}
// How long the recorded update took on this machine, its first start included.
std::int64_t RecordedMilliseconds() {
  std::int64_t milliseconds = 0;
  std::ifstream(DurationFile()) >> milliseconds;
  return milliseconds;
}

class VmPowerCut : public test::VmTest, public testing::WithParamInterface<int> {
 protected:
  VmPowerCut() {
    const std::uint64_t seed =
        FromEnvironment("UPDOG_SEED", std::random_device()()) + static_cast<unsigned>(GetParam());
    std::cout << "UPDOG_SEED=" << seed - static_cast<unsigned>(GetParam()) << " (cut " << GetParam()
              << ")\n";
    random_.seed(seed);
    Publish({{"2.0.0", "good-2"}});
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

  std::mt19937_64 random_;
};

TEST_P(VmPowerCut, WhileTheGuestWrites) {
  const auto machine = PowerOn();
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");
  Configure(*machine);

  machine->Start({kUpdog, "update", "--reboot"});
  // The moment is random, not a wait for anything: from the first request to the first start.
  const std::chrono::milliseconds moment(
      std::uniform_int_distribution<std::int64_t>(0, RecordedMilliseconds())(random_));
  std::cout << "cut after " << moment.count() << " ms\n";
  std::this_thread::sleep_for(moment);
  machine->CutPower();

  ExpectUpdateCompletes();
}

TEST_P(VmPowerCut, LosesWhatWasNotFlushed) {
  const base::Result<test::WriteLog> log = test::WriteLog::Open(RecordedLog());
  ASSERT_THAT(log, test::IsOk());
  const std::size_t cut =
      std::uniform_int_distribution<std::size_t>(0, log->writes().size())(random_);
  std::cout << "cut before write " << cut << " of " << log->writes().size() << "\n";
  ASSERT_THAT(log->Replay(disk(), cut, random_), test::IsOk());

  ExpectUpdateCompletes();
}

INSTANTIATE_TEST_SUITE_P(Cuts, VmPowerCut,
                         testing::Range(0, static_cast<int>(FromEnvironment("UPDOG_CUTS", 10))));

// Records the writes of an update with its first start, for the cuts that lose some of them.
class VmRecording : public test::VmTest {};

TEST_F(VmRecording, OfAnUpdate) {
  std::filesystem::remove(RecordedLog());
  std::ofstream(RecordedLog()).close();
  Publish({{"2.0.0", "good-2"}});
  const auto machine = PowerOnRecording(RecordedLog());
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");
  Configure(*machine);

  const auto begin = std::chrono::steady_clock::now();
  machine->Start({kUpdog, "update", "--reboot"});

  EXPECT_EQ(WaitUntilGood(*machine), "2.0.0");
  const auto took = std::chrono::steady_clock::now() - begin;
  std::ofstream(DurationFile())
      << std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
}

}  // namespace
