#include "tests/support/process.h"

#include <gmock/gmock.h>
#include <signal.h>

namespace test {
namespace {

using testing::HasSubstr;

TEST(Process, TellsStatusAndBothOutputs) {
  const ProcessResult result =
      RunProcess({.program = "sh", .arguments = {"-c", "echo out; echo err >&2; exit 3"}});
  EXPECT_EQ(result.exit_status, 3);
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.errors, "err\n");
}

TEST(Process, GivesInputAndEnvironment) {
  const ProcessResult result = RunProcess({.program = "sh",
                                           .arguments = {"-c", "cat; echo $COLOUR"},
                                           .environment = {{"COLOUR", "green"}},
                                           .input = "hello "});
  EXPECT_EQ(result.output, "hello green\n");
}

TEST(Process, IsKilledAtItsTimeLimit) {
  const ProcessResult result =
      RunProcess({.program = "sleep", .arguments = {"100"}, .timeout = std::chrono::seconds(1)});
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.signal, SIGKILL);
}

TEST(Process, EndsWithItsProgramThoughAChildHoldsThePipes) {
  const ProcessResult result =
      RunProcess({.program = "sh", .arguments = {"-c", "sleep 100 & echo $!"}});
  EXPECT_FALSE(result.timed_out);
  kill(std::stoi(result.output), SIGKILL);
}

TEST(Process, CanBeWatchedAndSignalled) {
  Process process({.program = "sh", .arguments = {"-c", "echo ready; exec sleep 100"}});
  ASSERT_TRUE(process.WaitForOutput("ready"));
  EXPECT_TRUE(process.Running());
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait().signal, SIGTERM);
}

TEST(Process, SaysWhyAProgramCannotStart) {
  const ProcessResult result = RunProcess({.program = "/does/not/exist"});
  EXPECT_EQ(result.exit_status, 127);
  EXPECT_THAT(result.errors, HasSubstr("/does/not/exist: No such file"));
}

}  // namespace
}  // namespace test
