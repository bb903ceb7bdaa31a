#include "base/file.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace base {
namespace {

using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::IsOkAnd;
using test::TempDir;

std::size_t EntriesIn(const std::string& directory) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory),
                                                std::filesystem::directory_iterator()));
}

TEST(ReplaceFile, LeavesTheNewContentAndNothingElse) {
  const TempDir directory;
  ASSERT_THAT(ReplaceFile(directory / "f", AsBytes("old")), IsOk());
  ASSERT_THAT(ReplaceFile(directory / "f", AsBytes("new"), 0600), IsOk());
  EXPECT_THAT(ReadFile(directory / "f", 100), IsOkAnd("new"));
  EXPECT_EQ(EntriesIn(directory.path()), 1U);
  struct stat status{};
  ASSERT_EQ(stat((directory / "f").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

TEST(ReplaceFile, KeepsTheOldFileWhenTheDiskIsFull) {
  const TempDir directory;
  ASSERT_THAT(ReplaceFile(directory / "f", AsBytes("old")), IsOk());
  // A file size limit stands in for the full disk: write(2) fails in the same place.
  (void)std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 10, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const Result<> replaced = ReplaceFile(directory / "f", AsBytes(std::string(100, 'x')));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_THAT(replaced, Fails(ErrorCode::kTooLarge));
  EXPECT_THAT(ReadFile(directory / "f", 100), IsOkAnd("old"));
  EXPECT_EQ(EntriesIn(directory.path()), 1U);
}

TEST(ReplaceFile, DoesNotWriteThroughASymbolicLink) {
  const TempDir directory;
  ASSERT_THAT(ReplaceFile(directory / "victim", AsBytes("safe")), IsOk());
  std::filesystem::create_symlink("victim", directory / "f");
  ASSERT_THAT(ReplaceFile(directory / "f", AsBytes("new")), IsOk());
  EXPECT_THAT(ReadFile(directory / "victim", 100), IsOkAnd("safe"));
  EXPECT_THAT(ReadFile(directory / "f", 100, Links::kRefuse), IsOkAnd("new"));
}

TEST(ReplaceFile, TakesTheLongestNameThatAFileCanHave) {
  const TempDir directory;
  const std::string path = directory / std::string(255, 'x');
  EXPECT_THAT(ReplaceFile(path, AsBytes("new")), IsOk());
  EXPECT_THAT(ReadFile(path, 100), IsOkAnd("new"));
}

TEST(FileSink, ReplacesTheFileOnlyWhenItIsFinished) {
  const TempDir directory;
  ASSERT_THAT(ReplaceFile(directory / "f", AsBytes("old")), IsOk());
  auto file = FileSink::Create(directory / "f");
  ASSERT_THAT(file, IsOk());
  ASSERT_THAT((*file)->Write(AsBytes("new and ")), IsOk());
  ASSERT_THAT((*file)->Write(AsBytes("longer")), IsOk());
  EXPECT_THAT(ReadFile(directory / "f", 100), IsOkAnd("old"));
  ASSERT_THAT((*file)->Finish(), IsOk());
  EXPECT_THAT(ReadFile(directory / "f", 100), IsOkAnd("new and longer"));
  EXPECT_EQ(EntriesIn(directory.path()), 1U);
}

TEST(FileSink, AbandonedLeavesNothing) {
  const TempDir directory;
  {
    auto file = FileSink::Create(directory / "f");
    ASSERT_THAT(file, IsOk());
    ASSERT_THAT((*file)->Write(AsBytes("half")), IsOk());
  }
  EXPECT_EQ(EntriesIn(directory.path()), 0U);
}

TEST(ReadFile, StopsAtItsCap) {
  const TempDir directory;
  ASSERT_THAT(ReplaceFile(directory / "f", AsBytes("12345")), IsOk());
  EXPECT_THAT(ReadFile(directory / "f", 5), IsOkAnd("12345"));
  EXPECT_THAT(ReadFile(directory / "f", 4), Fails(ErrorCode::kTooLarge));
  EXPECT_THAT(ReadFile("/dev/zero", 100), Fails(ErrorCode::kMismatch));
}

TEST(ReadFile, RefusesWhatIsNoRegularFileWithoutWaiting) {
  const TempDir directory;
  ASSERT_EQ(mkfifo((directory / "fifo").c_str(), 0600), 0);
  EXPECT_THAT(ReadFile(directory / "fifo", 100), FailsSaying("not a regular file"));
  EXPECT_THAT(ReadFile(directory.path(), 100), FailsSaying("not a regular file"));
  EXPECT_THAT(ReadFile(directory / "nothing", 100), Fails(ErrorCode::kNotFound));
}

TEST(ReadFile, RefusesALinkWhereToldTo) {
  const TempDir directory;
  ASSERT_THAT(ReplaceFile(directory / "f", AsBytes("x")), IsOk());
  std::filesystem::create_symlink("f", directory / "link");
  EXPECT_THAT(ReadFile(directory / "link", 100), IsOkAnd("x"));
  EXPECT_THAT(ReadFile(directory / "link", 100, Links::kRefuse), Fails(ErrorCode::kMismatch));
}

TEST(RemoveFileAt, IsContentWithWhatIsGone) {
  const TempDir directory;
  ASSERT_THAT(ReplaceFile(directory / "f", AsBytes("x")), IsOk());
  const Result<UniqueFd> fd = OpenDirectory(directory.path());
  ASSERT_THAT(fd, IsOk());
  EXPECT_THAT(RemoveFileAt(fd->get(), "f"), IsOk());
  EXPECT_THAT(RemoveFileAt(fd->get(), "f"), IsOk());
  EXPECT_EQ(EntriesIn(directory.path()), 0U);
}

TEST(MakeDirectories, MakesAllAndAcceptsWhatIsThere) {
  const TempDir directory;
  EXPECT_THAT(MakeDirectories(directory / "a/b/c"), IsOk());
  EXPECT_THAT(MakeDirectories(directory / "a/b/c"), IsOk());
  EXPECT_TRUE(std::filesystem::is_directory(directory / "a/b/c"));
  ASSERT_THAT(ReplaceFile(directory / "file", AsBytes("x")), IsOk());
  EXPECT_THAT(MakeDirectories(directory / "file"), Fails(ErrorCode::kNotFound));
}

TEST(FileLock, IsHeldByOneAndFreedAtItsEnd) {
  const TempDir directory;
  {
    const Result<FileLock> first = FileLock::Acquire(directory / "lock");
    ASSERT_THAT(first, IsOk());
    EXPECT_THAT(FileLock::Acquire(directory / "lock"), Fails(ErrorCode::kBusy));
  }
  EXPECT_THAT(FileLock::Acquire(directory / "lock"), IsOk());
}

TEST(ReadExactlyAt, SaysWhereAShortFileEnds) {
  const TempDir directory;
  ASSERT_THAT(ReplaceFile(directory / "f", AsBytes("12345")), IsOk());
  const Result<UniqueFd> fd = OpenFile(directory / "f", O_RDONLY);
  ASSERT_THAT(fd, IsOk());
  Bytes buffer(4);
  EXPECT_THAT(ReadExactlyAt(fd->get(), buffer, 1, "f"), IsOk());
  EXPECT_EQ(AsText(buffer), "2345");
  EXPECT_THAT(ReadExactlyAt(fd->get(), buffer, 3, "f"), FailsSaying("f: ends early, at byte 5"));
}

TEST(FileSize, IsOfFilesAndDevicesOnly) {
  const TempDir directory;
  ASSERT_THAT(ReplaceFile(directory / "f", AsBytes("12345")), IsOk());
  const Result<UniqueFd> fd = OpenFile(directory / "f", O_RDONLY);
  EXPECT_THAT(FileSize(fd->get(), "f"), IsOkAnd(5U));
  const Result<UniqueFd> null = OpenFile("/dev/null", O_RDONLY);
  EXPECT_THAT(FileSize(null->get(), "null"), Fails(ErrorCode::kMismatch));
}

}  // namespace
}  // namespace base
