// The units of packaging/systemd under a real systemd: the same verdicts as the reference image's
// own init comes to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/vm/host.h"
#include "tests/vm/machine.h"

namespace {

using partitions::BootFlags;
using partitions::Slot;
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

}  // namespace
