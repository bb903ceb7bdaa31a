// Settings on a machine that starts: made at the first start, kept, and carried from version to
// version by the release's migrations.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/vm/host.h"
#include "tests/vm/machine.h"

namespace {

using test::Machine;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kStored = "/var/lib/updog/datastore/current/settings.json";

class VmSettings : public test::VmTest {
 protected:
  // Runs a program that must succeed.
  void Run(Machine& machine, const std::vector<std::string>& command) {
    const test::Said said = machine.Run(command);
    EXPECT_EQ(said.exit_status, 0) << said.output << said.errors;
  }
  std::string UpdateAndRestart(Machine& machine) {
    Configure(machine);
    machine.Start({"/usr/bin/updog", "update", "--reboot"});
    return machine.WaitForVersion(std::chrono::seconds(110));
  }
};

TEST_F(VmSettings, AreCarriedForwardByAnUpdateAndBackByTheRollback) {
  PublishMigrations();
  Publish({{"2.0.0", "good-2"}});
  const auto machine = PowerOn();
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");
  // The first start drew a seed, and updog is configured with it.
  EXPECT_THAT(machine->Read("/etc/updog.toml"), HasSubstr("\nseed = "));
  Run(*machine, {"/bin/apiclient", "set", "greeting.text=good day", "updates.seed=7"});
  EXPECT_THAT(machine->Read(kStored), HasSubstr(R"("text": "good day")"));

  EXPECT_EQ(UpdateAndRestart(*machine), "2.0.0");
  EXPECT_TRUE(machine->WaitFor("this boot of 2.0.0 is good"));
  EXPECT_THAT(machine->console(), HasSubstr("settings migrated from 1.0.0 to 2.0.0"));
  EXPECT_THAT(machine->Read(kStored), HasSubstr(R"("message": "good day")"));
  EXPECT_THAT(machine->Read(kStored), Not(HasSubstr(R"("text")")));
  EXPECT_THAT(machine->Read("/etc/updog.toml"), HasSubstr("seed = 7\n"));

  Run(*machine, {"/usr/bin/signpost", "rollback-to-inactive"});
  machine->Start({"/usr/sbin/reboot"});
  EXPECT_EQ(machine->WaitForVersion(), "1.0.0");
  EXPECT_TRUE(machine->WaitFor("this boot of 1.0.0 is good"));
  EXPECT_THAT(machine->Read(kStored), HasSubstr(R"("text": "good day")"));
  EXPECT_THAT(machine->Read(kStored), Not(HasSubstr(R"("message")")));
}

// The data partition was lost, or what lay there.
TEST_F(VmSettings, OfBeforeComeBackWithTheirVersionWhereTheMigrationsAreLost) {
  PublishMigrations();
  Publish({{"2.0.0", "good-2"}});
  const auto machine = PowerOn();
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");
  Run(*machine, {"/bin/apiclient", "set", "greeting.text=before", "updates.seed=7"});
  EXPECT_EQ(UpdateAndRestart(*machine), "2.0.0");
  EXPECT_TRUE(machine->WaitFor("this boot of 2.0.0 is good"));
  Run(*machine, {"/bin/apiclient", "set", "greeting.message=after"});
  machine->Write("/var/cache/updog/migrations/targets/manifest.json", "lost");

  Run(*machine, {"/usr/bin/signpost", "rollback-to-inactive"});
  machine->Start({"/usr/sbin/reboot"});
  EXPECT_EQ(machine->WaitForVersion(), "1.0.0");
  EXPECT_TRUE(machine->WaitFor("this boot of 1.0.0 is good"));
  EXPECT_THAT(machine->console(), HasSubstr("settings cannot be carried back from 2.0.0 to 1.0.0"));
  EXPECT_THAT(machine->Read(kStored), HasSubstr(R"("text": "before")"));
  EXPECT_THAT(machine->Read("/etc/updog.toml"), HasSubstr("seed = 7\n"));
}

// What the RAM disk mounts in its place is gone with the restart; what an update needs is not.
TEST_F(VmSettings, AreCarriedWhereTheDataPartitionCannotBeMounted) {
  PublishMigrations();
  Publish({{"2.0.0", "good-2"}});
  WriteAt(Offset("data"), std::string(std::size_t{64} << 10, '\0'));
  const auto machine = PowerOn();
  EXPECT_TRUE(machine->WaitFor("/var is in memory only"));
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");
  Run(*machine, {"/bin/apiclient", "set", "greeting.text=good day", "updates.seed=7"});

  EXPECT_EQ(UpdateAndRestart(*machine), "2.0.0");
  EXPECT_TRUE(machine->WaitFor("this boot of 2.0.0 is good"));
  EXPECT_THAT(machine->Read(kStored), HasSubstr(R"("message": "good day")"));
}

// The version on trial cannot read what it finds: it is given up, and the one before finds its
// settings as they were.
TEST_F(VmSettings, ThatCannotBeCarriedGiveTheVersionOnTrialUp) {
  PublishMigrations();
  Publish({{"2.0.0", "good-2"}});
  const auto machine = PowerOn();
  EXPECT_EQ(WaitUntilGood(*machine), "1.0.0");
  // No client could set both.
  const std::string both = R"({"greeting": {"message": "a", "text": "b"}, "updates": {"seed": 7}})";
  machine->Write(kStored, both);

  Configure(*machine);
  machine->Start({"/usr/bin/updog", "update", "--reboot"});
  EXPECT_TRUE(machine->WaitFor("both greeting.text and greeting.message are set"));
  EXPECT_TRUE(machine->WaitFor("this boot is not good: 10-settings"));
  EXPECT_TRUE(machine->WaitFor("starting A"));
  EXPECT_TRUE(machine->WaitFor("this boot of 1.0.0 is good"));
  while (machine->WaitForVersion() == "2.0.0") {
  }
  EXPECT_EQ(machine->Read(kStored), both);
}

}  // namespace
