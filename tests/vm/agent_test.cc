// updog-agent on a machine that starts: the host that has no operator. A timer would run it; what
// the timer runs is run here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/vm/host.h"
#include "tests/vm/machine.h"

namespace {

using partitions::BootFlags;
using partitions::Slot;
using test::Machine;
using test::Said;
using testing::HasSubstr;
using testing::Not;

class VmUpdogAgent : public test::VmTest {
 protected:
  static Said MustRun(Machine& machine, const std::vector<std::string>& command) {
    const Said said = machine.Run(command);
    EXPECT_EQ(said.exit_status, 0) << said.output << said.errors;
    return said;
  }
};

TEST_F(VmUpdogAgent, AppliesInItsWindowBetweenTheHooks) {
  PublishMigrations();
  Publish({{"2.0.0", "good-2"}});
  const auto machine = PowerOn();
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");
  EXPECT_THAT(MustRun(*machine, {"/usr/bin/updog-agent"}).errors, HasSubstr("switched off"));
  // By settings alone, which outlast the restart; the window is always open.
  MustRun(*machine,
          {"/bin/apiclient", "set", "updates.metadata-base-url=" + Url("/metadata"),
           "updates.targets-base-url=" + Url("/targets"), "agent.mode=apply",
           "agent.window-start=00:00", "agent.window-duration=24 hours", "agent.jitter=0 seconds",
           "agent.before-reboot=drain", "agent.after-good-boot=undrain"});

  machine->Start({"/usr/bin/updog-agent"});

  EXPECT_TRUE(machine->WaitFor("hooks/drain: from 1.0.0 to 2.0.0, 1.0.0 runs"));
  EXPECT_EQ(machine->WaitForVersion(std::chrono::seconds(110)), "2.0.0");
  EXPECT_TRUE(machine->WaitFor("this boot of 2.0.0 is good"));
  EXPECT_EQ(Flags(Slot::kB), (BootFlags{.priority = 2, .tries_left = 3, .successful = true}));
  EXPECT_THAT(machine->console(), Not(HasSubstr("hooks/undrain")));
  MustRun(*machine, {"/usr/bin/updog-agent"});
  EXPECT_TRUE(machine->WaitFor("hooks/undrain: from 1.0.0 to 2.0.0, 2.0.0 runs"));
  EXPECT_THAT(MustRun(*machine, {"/usr/bin/updog-agent"}).errors, HasSubstr("looks again at"));
}

}  // namespace
