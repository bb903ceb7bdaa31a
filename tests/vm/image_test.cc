// The reference image as it is released: what is in it, that it is small, and that it can be built
// again, byte for byte.
#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/paths.h"
#include "tests/support/process.h"
#include "tests/vm/host.h"
#include "tests/vm/machine.h"

namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

std::string ReadAll(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// What a tool prints; it has to succeed.
std::string OutputOf(const std::string& program, const std::vector<std::string>& arguments) {
  const test::ProcessResult result = test::RunProcess({.program = program, .arguments = arguments});
  EXPECT_EQ(result.exit_status, 0) << program << ": " << result.output << result.errors;
  return result.output;
}

class ReferenceImage : public testing::Test {
 protected:
  static fs::path Built() { return fs::path(test::PreparedDirectory()) / "reference"; }

  // The root file system, as files.
  fs::path Root() {
    const fs::path root = scratch_ / "root";
    OutputOf("fsck.erofs", {"--extract=" + root.string(), Built() / "raw/root.img"});
    return root;
  }
  std::string CommandLine() {
    return OutputOf("mtype", {"-i", Built() / "raw/boot.img", "::cmdline"});
  }

  // Paths, from the root, of the plain files of which this is true.
  static std::set<std::string> FilesIn(const fs::path& root,
                                       const std::function<bool(const fs::path&)>& wanted) {
    std::set<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(root))
      if (entry.is_regular_file() && !entry.is_symlink() && wanted(entry.path()))
        found.insert(entry.path().lexically_relative(root));
    return found;
  }
  static bool IsElf(const fs::path& path) { return ReadAll(path).starts_with(ELFMAG); }
  static bool IsExecutable(const fs::path& path) {
    return (fs::status(path).permissions() & fs::perms::owner_exec) != fs::perms::none;
  }
  // Names of the libraries that a program asks for, and of its loader.
  static std::set<std::string> Needed(const fs::path& elf) {
    std::set<std::string> names;
    std::istringstream lines(OutputOf("readelf", {"--dynamic", "--program-headers", elf}));
    for (std::string line; std::getline(lines, line);) {
      const bool loader = line.find("program interpreter: ") != std::string::npos;
      if (!loader && line.find("(NEEDED)") == std::string::npos) continue;
      const std::size_t begin = loader ? line.rfind('/') : line.find('[');
      names.insert(line.substr(begin + 1, line.find(']') - begin - 1));
    }
    return names;
  }

  fs::path scratch() const { return scratch_; }

  void SetUp() override {
    fs::remove_all(scratch_);
    fs::create_directories(scratch_);
  }
  void TearDown() override {
    if (!HasFailure()) fs::remove_all(scratch_);
  }

 private:
  fs::path scratch_ = fs::path(test::PreparedDirectory()) / "tests" /
                      testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(ReferenceImage, IsBuiltTwiceByteForByte) {
  const fs::path publisher = fs::path(test::PreparedDirectory()) / "publisher";
  const test::ProcessResult built = test::RunProcess(
      {.program = test::SourcePath("scripts/build-image"),
       .arguments = {"--version", "1.0.0", "--variant", "reference", "--out", scratch() / "release",
                     "--raw", scratch() / "raw", "--disk", scratch() / "disk.img", "--trusted-root",
                     publisher / "root.json", "--config",
                     fs::path(test::PreparedDirectory()) / "updog.toml", "--programs",
                     test::BuildPath("."), "--level", "1"},
       .environment = {
           {"TMPDIR", scratch()}, {"TZ", "Pacific/Kiritimati"}, {"LC_ALL", "C.UTF-8"}}});
  ASSERT_EQ(built.exit_status, 0) << built.output << built.errors;

  const std::set<std::string> files = FilesIn(Built(), [](const fs::path&) { return true; });
  EXPECT_EQ(files.size(), 8) << "three images, published and raw, their .toml, and the disk";
  for (const std::string& file : files) OutputOf("cmp", {Built() / file, scratch() / file});
}

// Those of this project's build that packaging/image.programs names: no shell, no interpreter, no
// package manager, nothing that came in unseen.
TEST_F(ReferenceImage, HoldsNoProgramsButItsOwn) {
  std::set<std::string> own;
  std::ifstream list(test::SourcePath("packaging/image.programs"));
  for (std::string line; std::getline(list, line);)
    if (!line.starts_with('#')) own.insert(line.substr(line.rfind(' ') + 1));
  const auto is_program = [](const fs::path& path) {
    return IsExecutable(path) && path.filename().string().find(".so") == std::string::npos;
  };
  EXPECT_EQ(FilesIn(Root(), is_program), own);
}

TEST_F(ReferenceImage, HoldsNoScripts) {
  const auto is_script = [](const fs::path& path) { return ReadAll(path).starts_with("#!"); };
  EXPECT_THAT(FilesIn(Root(), is_script), IsEmpty());
}

TEST_F(ReferenceImage, HoldsTheLibrariesThatItsProgramsNeedAndNoOther) {
  const fs::path root = Root();
  std::set<std::string> present;
  std::set<std::string> needed;
  for (const std::string& file : FilesIn(root, IsElf)) {
    if (file.find(".so") != std::string::npos) present.insert(fs::path(file).filename());
    needed.merge(Needed(root / file));
  }
  EXPECT_EQ(present, needed);
}

TEST_F(ReferenceImage, SaysWhatItIsAndWhomItTrusts) {
  const fs::path root = Root();
  EXPECT_THAT(ReadAll(root / "usr/lib/os-release"),
              AllOf(HasSubstr("\nVARIANT_ID=reference\n"), HasSubstr("\nVERSION_ID=1.0.0\n"),
                    HasSubstr("\nBUILD_ID="), HasSubstr("\nPRETTY_NAME=")));
  EXPECT_EQ(ReadAll(root / "usr/share/updog/root.json"),
            ReadAll(fs::path(test::PreparedDirectory()) / "publisher/root.json"));
}

TEST_F(ReferenceImage, IsSmallerThan150Megabytes) {
  std::uintmax_t size_bytes = 0;
  for (const auto& image : fs::directory_iterator(Built() / "raw")) size_bytes += image.file_size();
  EXPECT_LT(size_bytes, 150'000'000);
}

TEST_F(ReferenceImage, IsLockedDownAndRestartsRatherThanStops) {
  EXPECT_THAT(CommandLine(), AllOf(HasSubstr(" lockdown=integrity panic=1 oops=panic ro "),
                                   HasSubstr(" restart_on_corruption\"")));
}

// The root hash in the boot partition is that of the root partition.
TEST_F(ReferenceImage, IsVerifiedByTheHashInItsBootPartition) {
  const std::string command_line = CommandLine();
  const std::string before = " sha256 ";
  const std::string root_hash = command_line.substr(command_line.find(before) + before.size(), 64);
  OutputOf("/usr/sbin/veritysetup",
           {"verify", Built() / "raw/root.img", Built() / "raw/hash.img", root_hash});
}

// Without the tests' agent inside: what is released starts, and finds itself good.
TEST_F(ReferenceImage, Starts) {
  fs::copy_file(Built() / "disk.img", scratch() / "disk.img");
  test::Machine machine({.directory = scratch(), .disk = scratch() / "disk.img"});
  EXPECT_TRUE(machine.WaitFor("starting A"));
  EXPECT_TRUE(machine.WaitFor("this boot of 1.0.0 is good"));
}

}  // namespace
