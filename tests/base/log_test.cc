#include "base/log.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace base::log {
namespace {

// What a process prints on stderr when it logs a line as a warning, with stderr a file that
// JOURNAL_STREAM names or not. A process of its own, since the logger looks at its stderr once.
std::string LoggedBy(const std::string& path, bool named_as_journal,
                     std::string_view line = "careful") {
  const Result<UniqueFd> file = OpenFile(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  EXPECT_THAT(file, test::IsOk());
  const pid_t child = fork();
  if (child == 0) {
    dup2(file->get(), STDERR_FILENO);
    struct stat status{};
    fstat(STDERR_FILENO, &status);
    const std::string stream =
        fmt::format("{}:{}", status.st_dev, status.st_ino + (named_as_journal ? 0 : 1));
    setenv("JOURNAL_STREAM", stream.c_str(), 1);
    Debug("too quiet");
    Warning(line);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return ReadFile(path, 1000).value_or("unreadable");
}

TEST(Log, CarriesThePriorityForTheJournalOnly) {
  const test::TempDir directory;
  EXPECT_EQ(LoggedBy(directory / "journal", true), "<4>careful\n");
  EXPECT_THAT(
      LoggedBy(directory / "file", false),
      testing::MatchesRegex("[0-9]+-[0-9]+-[0-9]+T[0-9]+:[0-9]+:[0-9]+Z warning: careful\n"));
}

TEST(Log, WritesOneLineWhateverItQuotes) {
  const test::TempDir directory;
  EXPECT_EQ(LoggedBy(directory / "journal", true, "name a\n<3>forged\x1b[2J"),
            "<4>name a?<3>forged?[2J\n");
}

TEST(Log, LevelsHaveTheirNames) {
  EXPECT_THAT(ParseLevel("debug"), test::IsOkAnd(Level::kDebug));
  EXPECT_THAT(ParseLevel("loud"), test::FailsSaying("'loud' is none of trace, debug"));
}

}  // namespace
}  // namespace base::log
