// The contract with the operator: its agent drives a host of ours without a change.
#include <gmock/gmock.h>

#include <string>

#include "tests/api/agent.h"
#include "tests/api/api_world.h"

namespace test {
namespace {

using base::ErrorCode;
using testing::Eq;
using testing::Optional;

class Operator : public ApiWorld {
 protected:
  Operator() { StartServer(); }

  Agent MakeAgent(std::function<void()> pause) const {
    return Agent([this](std::vector<std::string> arguments) { return Client(arguments); },
                 std::move(pause));
  }
  // As the agent's pauses are: longer than anything takes that is not held back.
  Agent PatientAgent() const {
    return MakeAgent([this] { (void)Status(); });
  }
};

TEST_F(Operator, BringsAHostFromIdleToItsRestart) {
  Agent agent = PatientAgent();
  EXPECT_THAT(agent.GetOsVersion(), IsOkAnd(Eq("1.0.0")));
  EXPECT_THAT(agent.GetChosenUpdate(), IsOkAnd(Optional(Eq("1.1.0"))));
  EXPECT_THAT(agent.Prepare(), IsOk());
  EXPECT_THAT(agent.Activate(), IsOk());
  EXPECT_EQ(host_.Next(), "B");
  EXPECT_EQ(Downloads("root.img"), 1U);
  // Of a disk image it is refused, by the name that the agent reads; tests/vm has it done.
  EXPECT_THAT(agent.BootIntoUpdate(), FailsSaying("500: Failed POST request to '/actions/reboot'"));
}

TEST_F(Operator, FindsNothingToDoOnAHostThatIsNewest) {
  Withdraw();
  Agent agent = PatientAgent();
  EXPECT_THAT(agent.GetChosenUpdate(), IsOkAnd(Eq(std::nullopt)));
  EXPECT_THAT(agent.Prepare(), FailsSaying("Unexpected update state: Idle"));
}

TEST_F(Operator, WaitsWhileSomebodyElsesActionRuns) {
  Agent agent = PatientAgent();
  EXPECT_THAT(agent.GetChosenUpdate(), IsOk());
  const Gate gate;
  HoldImage(gate);
  Post("/actions/prepare-update");
  Agent waiting = MakeAgent([&] {
    gate.Open();
    (void)Status();
  });
  const auto status = waiting.GetUpdateStatus();
  ASSERT_THAT(status, IsOk());
  EXPECT_EQ(status->state, "Staged");
  EXPECT_GE(waiting.retries(), 1);
}

TEST_F(Operator, StartsAgainFromStagedAfterAPrepareThatOutlastedItsRetries) {
  Agent agent = PatientAgent();
  EXPECT_THAT(agent.GetChosenUpdate(), IsOk());
  const Gate gate;
  HoldImage(gate);
  Post("/actions/prepare-update");
  WaitUntilRequested("root.img");
  Agent impatient = MakeAgent([] {});
  const auto given_up = impatient.GetUpdateStatus();
  EXPECT_THAT(given_up, Fails(ErrorCode::kBusy));
  EXPECT_EQ(impatient.retries(), 5);
  gate.Open();
  EXPECT_EQ(State(), "Staged");

  EXPECT_THAT(agent.Prepare(), IsOk());
  EXPECT_THAT(agent.Activate(), IsOk());

  EXPECT_EQ(host_.Next(), "B");
  for (const char* image : {"boot.img", "root.img", "hash.img"}) {
    EXPECT_EQ(Downloads(image), 1U) << image;
  }
}

TEST_F(Operator, SeesThatAPrepareFailedAndTriesItAgain) {
  Agent agent = PatientAgent();
  EXPECT_THAT(agent.GetChosenUpdate(), IsOk());
  server_.On("/" + publisher_.PathOf("root.img.zst"), Answer(404));
  // The agent looks at the refresh that it does itself, and finds the state where it was.
  EXPECT_THAT(agent.Prepare(), IsOk());
  EXPECT_THAT(agent.Activate(), FailsSaying("Unexpected update state: Available"));
  PublishAndServe();
  EXPECT_THAT(agent.Prepare(), IsOk());
  EXPECT_THAT(agent.Activate(), IsOk());
  EXPECT_EQ(host_.Next(), "B");
}

TEST_F(Operator, SeesThatTheRepositoryCannotBeReached) {
  server_.ForgetHandlers();
  Agent agent = PatientAgent();
  EXPECT_THAT(agent.GetChosenUpdate(), FailsSaying("refresh failed"));
}

TEST_F(Operator, GoesOnAfterTheServerWasKilled) {
  Agent agent = PatientAgent();
  EXPECT_THAT(agent.GetChosenUpdate(), IsOk());
  EXPECT_THAT(agent.Prepare(), IsOk());
  KillServer();
  StartServer();
  EXPECT_THAT(agent.Activate(), IsOk());
  EXPECT_EQ(host_.Next(), "B");
}

}  // namespace
}  // namespace test
