// The promise, on a machine that starts: an update from inside, what happens to a bad one, and the
// ways back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "base/json.h"
#include "tests/vm/host.h"
#include "tests/vm/machine.h"

namespace {

using partitions::BootFlags;
using partitions::Slot;
using test::Machine;
using test::Said;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kUpdog = "/usr/bin/updog";
constexpr const char* kSignpost = "/usr/bin/signpost";
constexpr BootFlags kGood = {.priority = 2, .tries_left = 3, .successful = true};
constexpr BootFlags kGoodBefore = {.priority = 1, .tries_left = 3, .successful = true};

class VmUpdate : public test::VmTest {
 protected:
  // Runs `updog VERB…` and expects it to succeed.
  Said Updog(Machine& machine, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), kUpdog);
    const Said said = machine.Run(arguments);
    EXPECT_EQ(said.exit_status, 0) << said.output << said.errors;
    return said;
  }
  // From the running system to the next one; answers what runs then.
  std::string UpdateAndRestart(Machine& machine) {
    Configure(machine);
    machine.Start({kUpdog, "update", "--reboot"});
    return machine.WaitForVersion();
  }
  std::string Restart(Machine& machine) {
    machine.Start({"/usr/sbin/reboot"});
    return machine.WaitForVersion();
  }
  // The set that the running system says it is on: "A" or "B".
  static std::string ActiveSet(Machine& machine) {
    const Said said = machine.Run({kSignpost, "status", "--json"});
    const base::Result<base::json::Value> status = base::json::Parse(said.output);
    if (!status || status->object() == nullptr) return said.errors;
    return *status->object()->Find("active")->string();
  }
  // Publishes a good 3.0.0 beside what there is, and takes it.
  void ExpectTakesTheNextOne(Machine& machine, const Release& failed) {
    Publish({failed, {"3.0.0", "good-3"}});
    EXPECT_EQ(UpdateAndRestart(machine), "3.0.0");
    EXPECT_TRUE(machine.WaitFor("this boot of 3.0.0 is good"));
  }
};

TEST_F(VmUpdate, BringsTheNextVersionOntoTheOtherSetAndTheOneAfterOntoTheFirst) {
  Publish({{"2.0.0", "good-2"}});
  const auto machine = PowerOn();
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");
  EXPECT_EQ(ActiveSet(*machine), "A");

  EXPECT_EQ(UpdateAndRestart(*machine), "2.0.0");
  EXPECT_TRUE(machine->WaitFor("this boot of 2.0.0 is good"));
  EXPECT_EQ(ActiveSet(*machine), "B");
  EXPECT_EQ(Flags(Slot::kB), kGood);
  EXPECT_EQ(Flags(Slot::kA), kGoodBefore);

  EXPECT_EQ(Restart(*machine), "2.0.0");
  EXPECT_TRUE(machine->WaitFor("this boot of 2.0.0 is good"));
  EXPECT_EQ(ActiveSet(*machine), "B");

  Publish({{"2.0.0", "good-2"}, {"3.0.0", "good-3"}});
  EXPECT_EQ(UpdateAndRestart(*machine), "3.0.0");
  EXPECT_TRUE(machine->WaitFor("this boot of 3.0.0 is good"));
  EXPECT_EQ(ActiveSet(*machine), "A");
  EXPECT_EQ(Flags(Slot::kA), kGood);
  EXPECT_EQ(Flags(Slot::kB), kGoodBefore);
}

TEST_F(VmUpdate, AVersionThatPanicsIsLeftAndNotChosenAgain) {
  Publish({{"2.0.0", "panic-2"}});
  const auto machine = PowerOn();
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");

  EXPECT_EQ(UpdateAndRestart(*machine), "1.0.0");
  EXPECT_TRUE(machine->WaitFor("2.0.0 on set B: panic: Attempted to kill init!"));
  EXPECT_TRUE(machine->WaitFor("this boot of 1.0.0 is good"));

  Configure(*machine);
  EXPECT_EQ(machine->Run({kUpdog, "check-update"}).exit_status, 3);
  EXPECT_THAT(Updog(*machine, {"history"}).output,
              AllOf(HasSubstr("2.0.0"), HasSubstr("Attempted to kill init!")));
  ExpectTakesTheNextOne(*machine, {"2.0.0", "panic-2"});
}

// Nobody tells what became of it: it may have been a power cut.
TEST_F(VmUpdate, AVersionThatHangsIsResetAndMayBeTriedOnceMore) {
  Publish({{"2.0.0", "hang-2"}});
  const auto machine = PowerOn();
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");

  EXPECT_EQ(UpdateAndRestart(*machine), "1.0.0");
  EXPECT_TRUE(machine->WaitFor("2.0.0 on set B: silent: never came up"));
  EXPECT_TRUE(machine->WaitFor("this boot of 1.0.0 is good"));

  Configure(*machine);
  EXPECT_THAT(Updog(*machine, {"check-update"}).output, HasSubstr("2.0.0"));
  ExpectTakesTheNextOne(*machine, {"2.0.0", "hang-2"});
}

TEST_F(VmUpdate, AVersionThatHangsTwiceIsNotTriedAThirdTime) {
  Publish({{"2.0.0", "hang-2"}});
  const auto machine = PowerOn();
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");

  for (int trial = 0; trial < 2; ++trial) {
    EXPECT_EQ(UpdateAndRestart(*machine), "1.0.0");
    EXPECT_TRUE(machine->WaitFor("2.0.0 on set B: silent: never came up"));
    EXPECT_TRUE(machine->WaitFor("this boot of 1.0.0 is good"));
  }

  Configure(*machine);
  const Said checked = machine->Run({kUpdog, "check-update"});
  EXPECT_EQ(checked.exit_status, 3);
  EXPECT_THAT(checked.errors, HasSubstr("did not come up 2 times"));
}

TEST_F(VmUpdate, AVersionThatReportsItselfUnhealthyIsLeftAtOnce) {
  Publish({{"2.0.0", "unhealthy-2"}});
  const auto machine = PowerOn();
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");

  Configure(*machine);
  machine->Start({kUpdog, "update", "--reboot"});
  EXPECT_TRUE(machine->WaitFor("this boot is not good: 50-application: exit status 1"));
  EXPECT_TRUE(machine->WaitFor("starting A"));
  EXPECT_TRUE(machine->WaitFor("this boot of 1.0.0 is good"));

  while (machine->WaitForVersion() == "2.0.0") {
  }
  Configure(*machine);
  EXPECT_EQ(machine->Run({kUpdog, "check-update"}).exit_status, 3);
  EXPECT_THAT(Updog(*machine, {"history"}).output,
              HasSubstr("50-application: exit status 1: the application does not answer"));
  ExpectTakesTheNextOne(*machine, {"2.0.0", "unhealthy-2"});
}

TEST_F(VmUpdate, CanBeTakenBackBeforeTheRestartButNotAfterIt) {
  Publish({{"2.0.0", "good-2"}});
  const auto machine = PowerOn();
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");
  Configure(*machine);

  Updog(*machine, {"update"});
  Updog(*machine, {"update-revert"});
  EXPECT_EQ(Restart(*machine), "1.0.0");
  EXPECT_TRUE(machine->WaitFor("this boot of 1.0.0 is good"));

  Configure(*machine);
  Updog(*machine, {"update-apply"});
  EXPECT_EQ(Restart(*machine), "2.0.0");
  EXPECT_TRUE(machine->WaitFor("this boot of 2.0.0 is good"));
  Configure(*machine);
  const Said refused = machine->Run({kUpdog, "update-revert"});
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.errors, HasSubstr("signpost rollback-to-inactive"));
}

TEST_F(VmUpdate, ARollbackGoesBackAndForthAndKeepsTheSettings) {
  Publish({{"2.0.0", "good-2"}});
  const auto machine = PowerOn();
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");
  machine->Write("/var/lib/updog/settings", "kept");

  EXPECT_EQ(UpdateAndRestart(*machine), "2.0.0");
  EXPECT_TRUE(machine->WaitFor("this boot of 2.0.0 is good"));
  EXPECT_EQ(machine->Read("/var/lib/updog/settings"), "kept");

  EXPECT_EQ(machine->Run({kSignpost, "rollback-to-inactive"}).exit_status, 0);
  EXPECT_EQ(Restart(*machine), "1.0.0");
  EXPECT_TRUE(machine->WaitFor("this boot of 1.0.0 is good"));
  EXPECT_EQ(machine->Read("/var/lib/updog/settings"), "kept");

  EXPECT_EQ(machine->Run({kSignpost, "rollback-to-inactive"}).exit_status, 0);
  EXPECT_EQ(Restart(*machine), "2.0.0");
}

// The bytes of a set's partitions, where nothing may change.
TEST_F(VmUpdate, ARepositoryThatAnAttackerSignedIsRefusedAndNothingOnTheDiskChanges) {
  PublishAsAttacker({{"2.0.0", "good-2"}});
  const std::string before = ReadSet(Slot::kA) + ReadSet(Slot::kB);
  const auto machine = PowerOn();
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");
  Configure(*machine);

  const Said refused = machine->Run({kUpdog, "update"});

  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.errors, HasSubstr("threshold"));
  machine->CutPower();
  EXPECT_TRUE(ReadSet(Slot::kA) + ReadSet(Slot::kB) == before);
  EXPECT_EQ(Flags(Slot::kA), kGoodBefore);
  EXPECT_EQ(Flags(Slot::kB), BootFlags{});
}

TEST_F(VmUpdate, AnImageThatWasTamperedWithIsNeverStarted) {
  Publish({{"2.0.0", "good-2"}});
  FlipByteOfTarget("root.erofs.zst");
  const std::string before = ReadSet(Slot::kA);
  const auto machine = PowerOn();
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");
  Configure(*machine);

  const Said refused = machine->Run({kUpdog, "update"});

  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.errors, HasSubstr("root image: "));
  EXPECT_EQ(Restart(*machine), "1.0.0");
  machine->CutPower();
  EXPECT_TRUE(ReadSet(Slot::kA) == before);
  EXPECT_EQ(Flags(Slot::kB), BootFlags{});
}

TEST_F(VmUpdate, IsRefusedWhileTheRunningVersionIsOnTrial) {
  Publish({{"3.0.0", "good-3"}});
  Install("slow-2", Slot::kB);  // its health check takes for ever
  SetFlags(Slot::kB, {.priority = 2, .tries_left = 1, .successful = false});
  const auto machine = PowerOn();
  EXPECT_EQ(machine->WaitForVersion(), "2.0.0");
  Configure(*machine);

  const Said refused = machine->Run({kUpdog, "update"});

  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.errors, HasSubstr("on trial"));
  machine->CutPower();
  EXPECT_EQ(Flags(Slot::kA), kGoodBefore);
}

TEST_F(VmUpdate, TheRunningDiskIsNotTakenForAnotherOne) {
  Publish({{"2.0.0", "good-2"}});
  const auto machine = PowerOn();
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");
  Configure(*machine);
  const std::string config = machine->Read("/etc/updog.toml");
  machine->Write("/etc/updog.toml", config + "disk = \"/dev/vda\"\nactive_set = \"b\"\n");

  const Said refused = machine->Run({kUpdog, "update"});

  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.errors,
              HasSubstr("the running system is on set A, so set B cannot be the active one"));
  EXPECT_EQ(machine->Run({kSignpost, "--disk", "/dev/vda", "--active", "b", "status"}).exit_status,
            1);
  EXPECT_EQ(Flags(Slot::kA), kGoodBefore);
  EXPECT_EQ(Flags(Slot::kB), BootFlags{});
}

// What docs/booting.md says of the running system.
TEST_F(VmUpdate, RunsOnAVerifiedRootAndKeepsWhatItShould) {
  const auto machine = PowerOn();
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");

  const std::string mounts = machine->Read("/proc/mounts");
  EXPECT_THAT(mounts, HasSubstr("/dev/dm-0 / erofs ro,"));
  EXPECT_THAT(mounts, HasSubstr("tmpfs /etc tmpfs rw,"));
  EXPECT_THAT(mounts, HasSubstr("/dev/vda8 /var/lib/updog ext4 rw,"));
  EXPECT_THAT(mounts, HasSubstr("/dev/vda9 /var ext4 rw,"));
  EXPECT_THAT(machine->Read("/sys/kernel/security/lockdown"), HasSubstr("[integrity]"));
}

}  // namespace
