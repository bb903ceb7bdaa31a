#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"
#include "updog/health/checks.h"
#include "updog/health/evidence.h"

namespace updog {
namespace {

using partitions::Slot;
using test::FailsSaying;
using test::IsOk;
using testing::Eq;
using testing::Optional;

constexpr std::chrono::seconds kLong{60};

void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
}

class Checks : public testing::Test {
 protected:
  void Add(const std::string& name, const std::string& script) {
    WriteFile(directory_ / name, "#!/bin/sh\n" + script + "\n");
    chmod((directory_ / name).c_str(), 0755);
  }

  test::TempDir directory_;
};

TEST_F(Checks, AreGoodWhereThereAreNone) {
  EXPECT_THAT(RunChecks(directory_.path(), kLong), IsOk());
  EXPECT_THAT(RunChecks(directory_ / "missing", kLong), IsOk());
}

TEST_F(Checks, RunInTheOrderOfTheirNames) {
  const std::string log = directory_ / "log";
  Add("20-b", "echo b >> " + log);
  Add("10-a", "echo a >> " + log);

  EXPECT_THAT(RunChecks(directory_.path(), kLong), IsOk());

  std::ifstream file(log);
  std::string first;
  std::getline(file, first);
  EXPECT_EQ(first, "a");
}

TEST_F(Checks, OneThatFailsIsNamedWithItsLastLine) {
  Add("10-good", "exit 0");
  Add("20-app", "echo starting; echo 'cannot reach the database' >&2; echo; exit 3");

  EXPECT_THAT(RunChecks(directory_.path(), kLong),
              FailsSaying("20-app: exit status 3: cannot reach the database"));
}

TEST_F(Checks, OneThatIsKilledIsNamed) {
  Add("10-crash", "kill -SEGV $$");
  EXPECT_THAT(RunChecks(directory_.path(), kLong), FailsSaying("10-crash: killed by signal 11"));
}

TEST_F(Checks, OneThatHangsIsEnded) {
  Add("10-hang", "echo waiting; while :; do sleep 1; done");
  EXPECT_THAT(RunChecks(directory_.path(), std::chrono::seconds(1)),
              FailsSaying("10-hang: not done within the time limit: waiting"));
}

TEST_F(Checks, TheLimitIsForAllOfThem) {
  Add("10-slow", "sleep 2");
  Add("20-never", "exit 0");
  EXPECT_THAT(RunChecks(directory_.path(), std::chrono::seconds(1)), FailsSaying("10-slow"));
}

TEST_F(Checks, PassOverWhatIsNotExecutable) {
  WriteFile(directory_ / "README", "not a check");
  EXPECT_THAT(RunChecks(directory_.path(), kLong), IsOk());
}

TEST_F(Checks, OneThatCannotBeStartedFails) {
  WriteFile(directory_ / "10-odd", "#!/no/such/interpreter\n");
  chmod((directory_ / "10-odd").c_str(), 0755);
  EXPECT_THAT(RunChecks(directory_.path(), kLong), FailsSaying("10-odd: cannot be started"));
}

TEST_F(Checks, ControlCharactersDoNotReachTheReason) {
  Add("10-odd", R"(printf 'a\033[2Jb'; exit 1)");
  EXPECT_THAT(RunChecks(directory_.path(), kLong), FailsSaying("10-odd: exit status 1: a?[2Jb"));
}

constexpr char kBootLog[] =
    "set A: priority 1, 3 tries left, successful\n"
    "set B: priority 2, 1 try left, never successful\n"
    "choosing B: the higher priority\n"
    "cannot start B: vmlinuz: checksum differs\n"
    "choosing A: the only one that will boot\n"
    "starting A\n";

TEST(BootLog, IsReadFromTheFirmwaresVariable) {
  const test::TempDir directory;
  WriteFile(directory / "UpdogBootLog-6c1e4a57-9d0b-4f2e-8a35-c4b7e2d91f60",
            std::string("\x06\0\0\0", 4) + kBootLog);

  EXPECT_EQ(ReadBootLog({.efi_variables_dir = directory.path()}), kBootLog);
}

TEST(BootLog, IsEmptyUnderAnotherBootLoader) {
  const test::TempDir directory;
  EXPECT_EQ(ReadBootLog({.efi_variables_dir = directory.path()}), "");
}

TEST(BootLog, TellsWhichSetWasGivenUpAndWhy) {
  EXPECT_THAT(NotLoaded(kBootLog, Slot::kB), Optional(Eq("vmlinuz: checksum differs")));
  EXPECT_EQ(NotLoaded(kBootLog, Slot::kA), std::nullopt);
  EXPECT_EQ(NotLoaded("", Slot::kA), std::nullopt);
}

TEST(Panic, IsTheLastWordsOfTheNewestRecord) {
  const test::TempDir directory;
  const EvidenceSources sources = {.efi_variables_dir = {}, .pstore_dir = directory.path()};
  WriteFile(directory / "dmesg-efi_pstore-166000000001001", "Oops#1 Part1\n<4>[ 1.0] RIP: 0010\n");
  WriteFile(directory / "dmesg-efi_pstore-166000000002001",
            "Panic#2 Part1\n<0>[    5.1] Kernel panic - not syncing: Attempted to kill init! "
            "exitcode=0x00000100\n<4>[    5.1] CPU: 0\n");

  EXPECT_THAT(ReadPanic(sources), Optional(Eq("Attempted to kill init! exitcode=0x00000100")));

  ASSERT_THAT(ClearPanics(sources), IsOk());
  EXPECT_EQ(ReadPanic(sources), std::nullopt);
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(Panic, IsNoneWhereTheKernelStoredSomethingElse) {
  const test::TempDir directory;
  WriteFile(directory / "dmesg-efi_pstore-166000000001001", "Oops#1 Part1\n");
  EXPECT_EQ(ReadPanic({.efi_variables_dir = {}, .pstore_dir = directory.path()}), std::nullopt);
}

}  // namespace
}  // namespace updog
