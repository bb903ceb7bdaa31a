#include "base/child_process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

#include "base/fd.h"
#include "tests/support/matchers.h"

namespace base {
namespace {

using test::Fails;
using test::IsOk;
using testing::HasSubstr;
using testing::StartsWith;

ChildProcessOptions Shell(const std::string& script) {
  return {.command = {"/bin/sh", "-c", script}};
}

ChildProcessEnd RunToEnd(const ChildProcessOptions& options) {
  const auto end = RunChildProcess(options);
  EXPECT_THAT(end, IsOk());
  return *end;
}

TEST(ChildProcess, TellsItsStatusAndWhatItSaidLast) {
  const ChildProcessEnd end = RunToEnd(Shell("echo first; echo 'disk \033[1mfull' >&2; exit 3"));
  EXPECT_FALSE(end.succeeded());
  EXPECT_EQ(end.exit_status, 3);
  EXPECT_EQ(end.description, "exit status 3: disk ?[1mfull");
  EXPECT_THAT(end.output, StartsWith("first\n"));
}

TEST(ChildProcess, TellsTheSignalThatEndedIt) {
  const ChildProcessEnd end = RunToEnd(Shell("kill -9 $$"));
  EXPECT_EQ(end.exit_status, 128 + 9);
  EXPECT_EQ(end.description, "killed by signal 9");
}

TEST(ChildProcess, IsEndedByAPipeThatNobodyReads) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);  // as our programs do
  ChildProcessOptions options = Shell("while :; do echo line; done | head -n 1");
  options.time_limit = std::chrono::seconds(30);
  const ChildProcessEnd end = RunToEnd(options);
  EXPECT_FALSE(end.timed_out);
  EXPECT_EQ(end.output, "line\n");
  (void)std::signal(SIGPIPE, before);
}

TEST(ChildProcess, IsWaitedForWhereNobodyReadsWhatItSays) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> pipe{};
  ASSERT_EQ(pipe2(pipe.data(), O_CLOEXEC), 0);
  (void)close(pipe[0]);
  const UniqueFd write(pipe[1]);
  const UniqueFd saved(dup(STDERR_FILENO));
  ASSERT_EQ(dup2(write.get(), STDERR_FILENO), STDERR_FILENO);
  const auto end = RunChildProcess(Shell("echo said; exit 3"));
  ASSERT_EQ(dup2(saved.get(), STDERR_FILENO), STDERR_FILENO);
  ASSERT_THAT(end, IsOk());
  EXPECT_EQ(end->description, "exit status 3: said");
  (void)std::signal(SIGPIPE, before);
}

TEST(ChildProcess, GetsTheEnvironmentThatIsGivenAndNoOther) {
  ChildProcessOptions options = {.command = {"/usr/bin/env"}, .environment = {"A=b"}};
  EXPECT_EQ(RunToEnd(options).output, "A=b\n");
  options.environment.clear();
  EXPECT_THAT(RunToEnd(options).output, HasSubstr("PATH="));
}

TEST(ChildProcess, IsKilledWithItsChildrenWhenItsTimeIsUp) {
  ChildProcessOptions options = Shell("sleep 1000 & sleep 1000");
  options.time_limit = std::chrono::milliseconds(50);
  const ChildProcessEnd end = RunToEnd(options);
  EXPECT_TRUE(end.timed_out);
  EXPECT_FALSE(end.succeeded());
  EXPECT_THAT(end.description, StartsWith("not done within the time limit"));
}

TEST(ChildProcess, MayUndoWhatItBeganWhenItsTimeIsUp) {
  ChildProcessOptions options =
      Shell("trap 'echo undone; exit 0' TERM; echo begun; sleep 1000 & wait");
  options.time_limit = std::chrono::milliseconds(500);
  options.grace = std::chrono::seconds(30);
  const ChildProcessEnd end = RunToEnd(options);
  EXPECT_TRUE(end.timed_out);
  EXPECT_FALSE(end.succeeded());
  EXPECT_EQ(end.output, "begun\nundone\n");
}

TEST(ChildProcess, IsKilledIfItDoesNotEndInTheGraceThatItHas) {
  ChildProcessOptions options = Shell("trap '' TERM; sleep 1000 & sleep 1000");
  options.time_limit = std::chrono::milliseconds(50);
  options.grace = std::chrono::milliseconds(50);
  EXPECT_TRUE(RunToEnd(options).timed_out);
}

TEST(ChildProcess, IsRememberedByTheEndOfWhatItSaid) {
  const ChildProcessEnd end =
      RunToEnd(Shell("head -c 100000 /dev/zero | tr '\\0' x; echo; echo at last"));
  EXPECT_EQ(end.output.size(), 64U << 10);
  EXPECT_THAT(end.output, testing::EndsWith("x\nat last\n"));
}

TEST(ChildProcess, IsKilledEvenIfItHasClosedItsOutput) {
  ChildProcessOptions options = Shell("exec >&- 2>&-; exec sleep 1000");
  options.time_limit = std::chrono::milliseconds(50);
  EXPECT_TRUE(RunToEnd(options).timed_out);
}

TEST(ChildProcess, ThatCannotBeStartedIsAnError) {
  EXPECT_THAT(RunChildProcess({.command = {"/nowhere"}}), Fails(ErrorCode::kNotFound));
}

}  // namespace
}  // namespace base
