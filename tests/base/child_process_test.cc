#include "base/child_process.h"

#include <gmock/gmock.h>

#include <string>

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
