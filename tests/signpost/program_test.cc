// The real program on disk images: every verb, every refusal, and the power gone at every sector.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "partitions/boot_flags.h"
#include "partitions/os_disk.h"
#include "signpost/signpost.h"
#include "tests/support/disk_image.h"
#include "tests/support/matchers.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace signpost {
namespace {

using partitions::BootFlagsOf;
using partitions::WithBootFlags;
using ::test::DiskImage;
using ::test::DiskImageOptions;
using ::test::Fill;
using ::test::ProcessResult;
using ::test::Sets;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr BootFlags kShipped = {.priority = 1, .tries_left = 3, .successful = true};
constexpr BootFlags kCleared = {};
constexpr BootFlags kValid = {.priority = 0, .tries_left = 1};
// Bits that are not ours, on every partition whose flags change.
constexpr std::uint64_t kForeignBits = 0x8400'0000'0000'0005;

ProcessResult RunSignpost(std::vector<std::string> arguments,
                          std::vector<std::pair<std::string, std::string>> environment = {}) {
  return test::RunProcess({.program = test::Program("signpost/signpost"),
                           .arguments = std::move(arguments),
                           .environment = std::move(environment)});
}

class SignpostProgram : public ::testing::Test {
 protected:
  explicit SignpostProgram(const DiskImageOptions& options = {})
      : image_(DiskImage::Create(directory_ / "disk", options)) {}

  void SetFlags(BootFlags a, BootFlags b) const {
    image_.SetAttributes(test::kBootA, WithBootFlags(kForeignBits, a));
    image_.SetAttributes(test::kBootB, WithBootFlags(kForeignBits, b));
  }
  BootFlags flags_a() const { return BootFlagsOf(image_.attributes(test::kBootA)); }
  BootFlags flags_b() const { return BootFlagsOf(image_.attributes(test::kBootB)); }

  ProcessResult Run(const std::string& verb, const std::string& active = "a") const {
    return RunSignpost({verb, "--disk", image_.path(), "--active", active});
  }
  // Runs a verb that must do its work in silence.
  void Do(const std::string& verb, const std::string& active = "a") const {
    const ProcessResult result = Run(verb, active);
    EXPECT_EQ(result.exit_status, 0) << result.errors;
    EXPECT_THAT(result.output + result.errors, IsEmpty());
  }
  // Runs a verb that must refuse with one line, and change nothing.
  void ExpectRefusal(const std::vector<std::string>& arguments, const std::string& reason,
                     int exit_status = 1) const {
    const std::string before = image_.Read();
    const ProcessResult result = RunSignpost(arguments);
    EXPECT_EQ(result.exit_status, exit_status);
    EXPECT_THAT(result.output, IsEmpty());
    EXPECT_THAT(result.errors, AllOf(StartsWith("signpost: "), HasSubstr(reason)));
    EXPECT_EQ(std::ranges::count(result.errors, '\n'), 1) << result.errors;
    EXPECT_TRUE(image_.Read() == before);
  }
  void ExpectVerbRefused(const std::string& verb, const std::string& reason) const {
    ExpectRefusal({verb, "--disk", image_.path(), "--active", "a"}, reason);
  }

  test::TempDir directory_;
  DiskImage image_;
};

TEST_F(SignpostProgram, ClearsTheInactiveSet) {
  SetFlags(kShipped, kShipped);
  Do("clear-inactive");
  EXPECT_EQ(flags_a(), kShipped);
  EXPECT_EQ(image_.attributes(test::kBootB), kForeignBits);
}

TEST_F(SignpostProgram, MarksTheInactiveSetValidWithOneTry) {
  Do("mark-inactive-valid");
  EXPECT_EQ(flags_b(), kValid);
}

TEST_F(SignpostProgram, MarksTheInactiveSetValidWithAsManyTriesAsAsked) {
  const ProcessResult result = RunSignpost(
      {"--disk", image_.path(), "--active", "a", "mark-inactive-valid", "--tries", "15"});
  EXPECT_EQ(result.exit_status, 0) << result.errors;
  EXPECT_EQ(flags_b(), (BootFlags{.priority = 0, .tries_left = 15}));
}

TEST_F(SignpostProgram, UpgradesCancelsAndUpgradesAgain) {
  SetFlags(kShipped, kValid);
  Do("upgrade-to-inactive");
  EXPECT_EQ(flags_a(), kShipped);
  EXPECT_EQ(flags_b(), (BootFlags{.priority = 2, .tries_left = 1}));
  Do("cancel-upgrade");
  EXPECT_EQ(flags_a(), (BootFlags{.priority = 2, .tries_left = 3, .successful = true}));
  EXPECT_EQ(flags_b(), kValid);
  Do("upgrade-to-inactive");
  EXPECT_EQ(image_.attributes(test::kBootA), WithBootFlags(kForeignBits, kShipped));
}

TEST_F(SignpostProgram, RollsBackFromEitherSet) {
  SetFlags(kShipped, kShipped);
  Do("rollback-to-inactive", "b");
  EXPECT_EQ(flags_a(), (BootFlags{.priority = 2, .tries_left = 3, .successful = true}));
  EXPECT_EQ(flags_b(), kShipped);
}

TEST_F(SignpostProgram, MarksASuccessfulBootOnTheSetAndOnThePrivatePartition) {
  SetFlags(kShipped, {.priority = 2, .tries_left = 0});
  image_.SetAttributes(test::kPrivate, kForeignBits);
  Do("mark-successful-boot", "b");
  EXPECT_EQ(flags_b(), (BootFlags{.priority = 2, .tries_left = 3, .successful = true}));
  EXPECT_EQ(image_.attributes(test::kPrivate), partitions::WithBootEverSucceeded(kForeignBits));
}

TEST_F(SignpostProgram, TellsWhetherABootHasEverSucceeded) {
  ProcessResult result = Run("has-boot-ever-succeeded");
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.output, IsEmpty());
  Do("mark-successful-boot");
  result = Run("has-boot-ever-succeeded");
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.output, "true\n");
}

TEST_F(SignpostProgram, ShowsTheStatusToPeople) {
  SetFlags(kShipped, {.priority = 2, .tries_left = 1});
  const ProcessResult result = Run("status");
  EXPECT_EQ(result.exit_status, 0) << result.errors;
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("Disk:   " + image_.path() + "\n"), HasSubstr("Active: A\n"),
                    HasSubstr("Next:   B\n"),
                    HasSubstr("Set A (active): priority 1, tries left 3, successful\n"),
                    HasSubstr("Set B (next): priority 2, tries left 1, not successful\n"),
                    HasSubstr("  root  4 MiB at byte ")));
  EXPECT_THAT(Run("status", "b").output, HasSubstr("Active: B (on trial)\n"));
}

TEST_F(SignpostProgram, ShowsTheStatusToPrograms) {
  const ProcessResult result =
      RunSignpost({"status", "--json", "--disk", image_.path(), "--active", "a"});
  const auto parsed = base::json::Parse(result.output);
  ASSERT_THAT(parsed, test::IsOk());
  const base::json::Object& status = *parsed->object();
  EXPECT_EQ(*status.Find("active")->string(), "A");
  EXPECT_EQ(*status.Find("next")->string(), "A");
  EXPECT_FALSE(*status.Find("running_on_trial")->boolean());
  const base::json::Object& set_b = *status.Find("sets")->object()->Find("B")->object();
  EXPECT_FALSE(*set_b.Find("will_boot")->boolean());
  EXPECT_EQ(*set_b.Find("root")->object()->Find("offset_bytes")->unsigned_integer(),
            image_.extent(test::kRootB).offset_bytes);
}

TEST_F(SignpostProgram, ShowsThatNothingWillBoot) {
  SetFlags({.priority = 1}, kCleared);
  EXPECT_THAT(Run("status").output, HasSubstr("Next:   none will boot\n"));
  EXPECT_THAT(RunSignpost({"status", "--json", "--disk", image_.path(), "--active", "a"}).output,
              HasSubstr("\"next\": null"));
}

TEST_F(SignpostProgram, RefusesToClearTheOtherSetWhileTheRunningOneIsOnTrial) {
  SetFlags({.priority = 2}, kShipped);
  ExpectVerbRefused("clear-inactive", "the running version is still on trial");
}

TEST_F(SignpostProgram, RefusesToUpgradeToWhatWasNotMarkedValid) {
  ExpectVerbRefused("upgrade-to-inactive", "it is not marked valid");
  SetFlags(kShipped, kShipped);
  ExpectVerbRefused("upgrade-to-inactive", "its priority is not 0");
}

TEST_F(SignpostProgram, RefusesToRollBackToWhatWillNotBoot) {
  SetFlags(kShipped, kValid);
  ExpectVerbRefused("rollback-to-inactive", "the inactive set will not boot");
}

TEST_F(SignpostProgram, RefusesWrongUsage) {
  const std::string& disk = image_.path();
  ExpectRefusal({"status", "--disk", disk}, "--disk and --active go together", 2);
  ExpectRefusal({"status", "--active", "a"}, "--disk and --active go together", 2);
  ExpectRefusal({"status", "--disk", disk, "--active", "c"}, "'c' is no set", 2);
  for (const char* tries : {"0", "16", "256", "-1", "x"})
    ExpectRefusal({"mark-inactive-valid", "--tries", tries, "--disk", disk, "--active", "a"},
                  "tries", 2);
  ExpectRefusal({}, "subcommand", 2);
  ExpectRefusal({"mark-inactive"}, "unknown command 'mark-inactive'", 2);
}

TEST_F(SignpostProgram, RefusesDisksThatAreNotOurs) {
  const std::string zeros = directory_ / "zeros";
  std::ofstream(zeros) << std::string(1 << 20, '\0');
  ExpectRefusal({"status", "--disk", zeros, "--active", "a"}, "no valid GUID partition table");
  ExpectRefusal({"status", "--disk", directory_ / "none", "--active", "a"}, "No such file");
  ExpectRefusal({"status", "--disk", directory_.path(), "--active", "a"}, "neither a regular file");
  // This very machine is not started from a disk of ours.
  ExpectRefusal({"status"}, "cannot tell which disk carries the running root file system");
}

// Makes another layout of the image's partitions with sgdisk.
void Sgdisk(const DiskImage& image, std::vector<std::string> arguments) {
  arguments.push_back(image.path());
  const ProcessResult result =
      test::RunProcess({.program = "sgdisk", .arguments = std::move(arguments)});
  ASSERT_EQ(result.exit_status, 0) << result.output << result.errors;
}

TEST_F(SignpostProgram, RefusesADiskWithoutOurPartitions) {
  Sgdisk(image_,
         {"--delete=2", "--delete=3", "--delete=4", "--delete=7", "--delete=8", "--delete=9"});
  ExpectVerbRefused("status", "no partitions of the types boot, root and hash");
  ExpectVerbRefused("mark-successful-boot", "no partitions of the types boot, root and hash");
}

TEST_F(SignpostProgram, RefusesADiskWithHalfASetOrOneTooMany) {
  Sgdisk(image_, {"--typecode=8:8300"});
  ExpectVerbRefused("status", "set B lacks its boot, root or hash partition");
  Sgdisk(image_, {"--typecode=8:5526016a-1a97-4ea4-b39a-b7c8c6ca4502",
                  "--typecode=6:5526016a-1a97-4ea4-b39a-b7c8c6ca4502"});
  ExpectVerbRefused("clear-inactive", "partition 8 is one of its type too many");
}

TEST_F(SignpostProgram, RefusesADiskWithoutAPrivatePartition) {
  Sgdisk(image_, {"--typecode=5:8300"});
  ExpectVerbRefused("mark-successful-boot", "no private partition");
}

class SignpostProgramOnOneSet : public SignpostProgram {
 protected:
  SignpostProgramOnOneSet() : SignpostProgram({.sets = Sets::kOne}) {}
};

TEST_F(SignpostProgramOnOneSet, ReportsAndMarksSuccess) {
  EXPECT_THAT(Run("status").output, HasSubstr("Set B: none on this disk\n"));
  Do("mark-successful-boot");
  Do("rewrite-table");
  EXPECT_EQ(Run("has-boot-ever-succeeded").output, "true\n");
}

TEST_F(SignpostProgramOnOneSet, SaysThatThereIsNoInactiveSet) {
  for (const char* verb : {"clear-inactive", "mark-inactive-valid", "upgrade-to-inactive",
                           "cancel-upgrade", "rollback-to-inactive"})
    ExpectVerbRefused(verb, "there is no inactive set");
  ExpectRefusal({"status", "--disk", image_.path(), "--active", "b"}, "there is no set B");
}

TEST_F(SignpostProgram, IsKeptOutByARunningUpdateExceptForASuccessfulBoot) {
  const auto updater = Signpost::Open(ChosenDisk{.path = image_.path(), .active = Slot::kA},
                                      *partitions::CurrentSystem());
  ASSERT_THAT(updater, test::IsOk());
  const auto lock = updater->LockForUpdate();
  ASSERT_THAT(lock, test::IsOk());
  for (const char* verb : {"clear-inactive", "mark-inactive-valid", "upgrade-to-inactive",
                           "cancel-upgrade", "rollback-to-inactive"})
    ExpectVerbRefused(verb, "another update is running on " + image_.path());
  Do("mark-successful-boot");
  EXPECT_EQ(Run("status").exit_status, 0);
}

class SignpostProgramOnAFilledDisk : public SignpostProgram {
 protected:
  SignpostProgramOnAFilledDisk() : SignpostProgram({.fill = Fill::kPattern}) {}

  // The partitions' bytes, and everything else between and around the tables.
  std::string OutsideOfTheTables() const {
    constexpr std::size_t kTableBytes = 33 * std::size_t{512};
    const std::string disk = image_.Read();
    return disk.substr(0, 512) +
           disk.substr(512 + kTableBytes, disk.size() - 512 - 2 * kTableBytes);
  }
};

TEST_F(SignpostProgramOnAFilledDisk, NoVerbTouchesAByteOutsideOfTheTables) {
  const std::string before = OutsideOfTheTables();
  for (const char* verb :
       {"clear-inactive", "mark-inactive-valid", "upgrade-to-inactive", "cancel-upgrade",
        "upgrade-to-inactive", "rollback-to-inactive", "mark-successful-boot", "rewrite-table"}) {
    Do(verb);
    EXPECT_TRUE(OutsideOfTheTables() == before) << verb;
  }
}

// The program with tests/signpost/power_cut.cc loaded into it.
class SignpostProgramCut : public SignpostProgram {
 protected:
  SignpostProgramCut() { SetFlags(kOldActive, kValid); }

  ProcessResult RunCut(std::size_t sectors) const {
    return RunSignpost({"upgrade-to-inactive", "--disk", image_.path(), "--active", "a"},
                       {{"LD_PRELOAD", Preloaded()}, {"POWER_CUT_AFTER", std::to_string(sectors)}});
  }
  // Runs a verb and tells what it wrote, and when it flushed.
  std::vector<std::string> Trace(const std::string& verb) const {
    const std::string log = directory_ / ("trace-" + verb);
    const ProcessResult result = RunSignpost({verb, "--disk", image_.path(), "--active", "a"},
                                             {{"LD_PRELOAD", Preloaded()}, {"POWER_CUT_LOG", log}});
    EXPECT_EQ(result.exit_status, 0) << result.errors;
    std::ifstream file(log);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  static std::string Preloaded() { return test::Program("tests/signpost/libpower_cut.so"); }

  using Flags = std::pair<BootFlags, BootFlags>;
  static constexpr BootFlags kOldActive = {.priority = 2, .tries_left = 3, .successful = true};
  static constexpr Flags kOld = {kOldActive, kValid};
  static constexpr Flags kNew = {kShipped, {.priority = 2, .tries_left = 1}};

  Flags flags() const { return {flags_a(), flags_b()}; }
  // As libfdisk sees them, which repairs nothing.
  void ExpectOldOrNew() const { EXPECT_TRUE(flags() == kOld || flags() == kNew); }
  // Puts the tables back as they were; the program writes nothing else.
  void Restore(const std::string& disk) const {
    constexpr std::size_t kEnough = 1 << 16;
    image_.Write(0, disk.substr(0, kEnough));
    image_.Write(disk.size() - kEnough, disk.substr(disk.size() - kEnough));
  }
};

std::string WriteAt(std::uint64_t sector, std::uint64_t sectors) {
  return "write " + std::to_string(sector * 512) + " " + std::to_string(sectors * 512);
}

TEST_F(SignpostProgramCut, WritesBackupAndFlushesThenPrimaryAndFlushes) {
  const std::uint64_t last = image_.size_bytes() / 512 - 1;
  EXPECT_THAT(Trace("upgrade-to-inactive"),
              ElementsAre(WriteAt(last - 32, 32), WriteAt(last, 1), "flush",  //
                          WriteAt(2, 32), WriteAt(1, 1), "flush"));
}

TEST_F(SignpostProgramCut, WritesAndFlushesNothingWhenNothingChanges) {
  EXPECT_THAT(Trace("status"), IsEmpty());
  EXPECT_THAT(Trace("has-boot-ever-succeeded"), IsEmpty());
  Do("mark-successful-boot");
  EXPECT_THAT(Trace("mark-successful-boot"), IsEmpty());
  EXPECT_THAT(Trace("mark-inactive-valid"), IsEmpty());
}

TEST_F(SignpostProgramCut, RewritesBothCopies) {
  EXPECT_EQ(Trace("rewrite-table").size(), 6U);
}

TEST_F(SignpostProgramCut, LeavesOldOrNewFlagsAtEverySectorAndARerunCompletes) {
  const std::string before = image_.Read();
  for (std::size_t sectors = 0; sectors < 66; ++sectors) {
    Restore(before);
    ASSERT_EQ(RunCut(sectors).signal, 9) << sectors;
    ExpectOldOrNew();
    // Old flags: the upgrade is done now. New ones: it is refused, as it is done already.
    const ProcessResult rerun = Run("upgrade-to-inactive");
    EXPECT_TRUE(rerun.exit_status == 0 ||
                rerun.errors.find("priority is not 0") != std::string::npos);
    EXPECT_TRUE(flags() == kNew) << sectors;
  }
  Restore(before);
  EXPECT_EQ(RunCut(66).exit_status, 0);
}

TEST_F(SignpostProgramCut, LeavesOldOrNewFlagsAfterTwoCuts) {
  const std::string before = image_.Read();
  // Cuts at the edges of each part of a copy, and within; the second one during the repair and
  // during the change. Every pair is cut in partitions/gpt_transaction_test.cc.
  for (const std::size_t first : {1U, 33U, 34U, 50U, 65U}) {
    for (const std::size_t second : {0U, 1U, 32U, 33U, 34U, 66U, 67U, 98U}) {
      Restore(before);
      ASSERT_EQ(RunCut(first).signal, 9);
      (void)RunCut(second);  // may come to its end, or find the upgrade done
      ExpectOldOrNew();
      (void)Run("upgrade-to-inactive");
      EXPECT_TRUE(flags() == kNew) << first << " " << second;
    }
  }
}

}  // namespace
}  // namespace signpost
