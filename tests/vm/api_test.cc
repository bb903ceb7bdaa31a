// The API on a machine that starts: what a person and an operator do from inside the guest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "partitions/boot_flags.h"
#include "tests/support/matchers.h"
#include "tests/vm/host.h"
#include "tests/vm/machine.h"

namespace {

using partitions::BootFlags;
using partitions::Slot;
using test::Machine;
using test::Said;
using testing::AllOf;
using testing::HasSubstr;

class VmApi : public test::VmTest {
 protected:
  VmApi() {
    Publish({{"2.0.0", "good-2"}});
    machine_ = PowerOn();
    EXPECT_EQ(WaitUntilGood(*machine_), "1.0.0");
    Configure(*machine_);
  }

  Said Client(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "/bin/apiclient");
    return machine_->Run(arguments);
  }
  Said MustDo(const std::vector<std::string>& arguments) {
    const Said said = Client(arguments);
    EXPECT_EQ(said.exit_status, 0) << said.output << said.errors;
    return said;
  }
  // What `apiclient update status` begins with: "State:      Ready".
  std::string State() {
    const std::string text = MustDo({"update", "status"}).output;
    return text.substr(0, text.find('\n'));
  }

  std::unique_ptr<Machine> machine_;
};

TEST_F(VmApi, AppliesAnUpdateAndRestartsIntoItInOneCommand) {
  EXPECT_THAT(State(), HasSubstr("No update was looked for"));

  machine_->Start({"/bin/apiclient", "update", "apply", "--check", "--reboot"});

  EXPECT_EQ(machine_->WaitForVersion(std::chrono::seconds(110)), "2.0.0");
  EXPECT_TRUE(machine_->WaitFor("this boot of 2.0.0 is good"));
  EXPECT_EQ(Flags(Slot::kB), (BootFlags{.priority = 2, .tries_left = 3, .successful = true}));
  Configure(*machine_);
  EXPECT_EQ(MustDo({"update", "apply", "--check"}).output,
            "No update required: already newest: version 2.0.0 is running\n");
  EXPECT_THAT(MustDo({"update", "status"}).output,
              AllOf(HasSubstr("State:      Idle"), HasSubstr("Running:    2.0.0"),
                    HasSubstr("2.0.0 on set B")));
}

TEST_F(VmApi, TellsTheStateAfterEachStepAndTakesAnUpdateBack) {
  EXPECT_THAT(MustDo({"update", "check"}).output, HasSubstr("\"Available\""));
  EXPECT_EQ(State(), "State:      Available");

  MustDo({"update", "apply"});
  EXPECT_EQ(State(), "State:      Ready");
  EXPECT_EQ(Flags(Slot::kB).priority, 2);
  MustDo({"update", "cancel"});
  EXPECT_EQ(State(), "State:      Staged");
  EXPECT_EQ(Client({"update", "cancel"}).errors,
            "apiclient: Failed POST request to '/actions/deactivate-update': Status 409 when "
            "POSTing /actions/deactivate-update: Update action not allowed according to update "
            "state\n");

  machine_->Start({"/bin/apiclient", "reboot"});
  EXPECT_EQ(machine_->WaitForVersion(), "1.0.0");
  EXPECT_TRUE(machine_->WaitFor("this boot of 1.0.0 is good"));
  Configure(*machine_);
  const Said fresh = Client({"raw", "-u", "/updates/status"});
  EXPECT_EQ(fresh.exit_status, 1);
  EXPECT_THAT(fresh.errors, HasSubstr("Status 404 when GETing /updates/status"));
  // It lies there still, and is not downloaded again.
  MustDo({"update", "apply", "--check"});
  EXPECT_EQ(State(), "State:      Ready");
  // Applied already: nothing to do, and no restart.
  EXPECT_THAT(MustDo({"update", "apply", "--check", "--reboot"}).output,
              HasSubstr("2.0.0 is applied already"));
  EXPECT_EQ(State(), "State:      Ready");
}

}  // namespace
