// The units of packaging/systemd under a real systemd: the same verdicts as the reference image's
// own init comes to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/vm/host.h"
#include "tests/vm/machine.h"

namespace {

using partitions::BootFlags;
using partitions::Slot;
using testing::AllOf;
using testing::HasSubstr;

class VmSystemd : public test::VmTest {
 protected:
  void InstallOnTrial(const std::string& release) {
    Install(release, Slot::kB);
    SetFlags(Slot::kB, {.priority = 2, .tries_left = 2, .successful = false});
  }
};

TEST_F(VmSystemd, MarksTheBootSuccessfulAfterBootCompleteTarget) {
  InstallOnTrial("systemd-2");

  const auto machine = PowerOn();
  EXPECT_EQ(WaitUntilGood(*machine), "2.0.0");

  machine->CutPower();
  EXPECT_EQ(Flags(Slot::kB), (BootFlags{.priority = 2, .tries_left = 3, .successful = true}));
}

TEST_F(VmSystemd, GivesAVersionUpThatDoesNotReachBootCompleteTarget) {
  InstallOnTrial("systemd-broken-2");

  const auto machine = PowerOn();
  EXPECT_TRUE(machine->WaitFor("starting B"));
  EXPECT_TRUE(machine->WaitFor("this boot is not good: boot-complete.target was not reached"));
  EXPECT_TRUE(machine->WaitFor("starting A"));
  EXPECT_TRUE(machine->WaitFor("this boot of 1.0.0 is good"));

  while (machine->WaitForVersion() == "2.0.0") {
  }
  Configure(*machine);
  EXPECT_THAT(machine->Run({"/usr/bin/updog", "history"}).output,
              HasSubstr("unhealthy: boot-complete.target was not reached"));
}

// With the socket that systemd holds, in the service's sandbox.
TEST_F(VmSystemd, UpdatesThroughTheApiAndRunsTheAgentByItsTimer) {
  PublishMigrations();
  Publish({{"3.0.0", "good-3"}});
  InstallOnTrial("systemd-2");
  const auto machine = PowerOn();
  EXPECT_EQ(WaitUntilGood(*machine), "2.0.0");
  const auto must_run = [&machine](const std::vector<std::string>& command) {
    const test::Said said = machine->Run(command);
    EXPECT_EQ(said.exit_status, 0) << said.output << said.errors;
    return said.output;
  };

  must_run({"/bin/apiclient", "set", "updates.metadata-base-url=" + Url("/metadata"),
            "updates.targets-base-url=" + Url("/targets")});
  std::string pid = must_run({"/usr/bin/systemctl", "show", "-P", "MainPID", "apiserver.service"});
  pid.resize(pid.find_last_not_of('\n') + 1);
  EXPECT_THAT(machine->Read("/proc/" + pid + "/status"),
              AllOf(HasSubstr("NoNewPrivs:\t1"), HasSubstr("Seccomp:\t2")));
  must_run({"/usr/bin/systemctl", "start", "updog-agent.timer"});
  EXPECT_TRUE(machine->WaitFor("switched off"));
  EXPECT_THAT(must_run({"/bin/apiclient", "update", "check"}), HasSubstr("3.0.0"));

  machine->Start({"/bin/apiclient", "update", "apply", "--reboot"});
  EXPECT_EQ(machine->WaitForVersion(std::chrono::seconds(150)), "3.0.0");
  EXPECT_TRUE(machine->WaitFor("this boot of 3.0.0 is good"));
  EXPECT_EQ(Flags(Slot::kA), (BootFlags{.priority = 2, .tries_left = 3, .successful = true}));
}

}  // namespace
