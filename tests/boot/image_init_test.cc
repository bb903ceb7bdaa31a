#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <chrono>
#include <string>

#include "boot/init/network.h"
#include "boot/init/services.h"
#include "tests/support/matchers.h"

namespace init {
namespace {

using test::FailsSaying;
using test::IsOkAnd;
using testing::ElementsAre;

TEST(Services, AreOneALine) {
  EXPECT_THAT(ParseServices("# a comment\n\nonce /bin/a run\nrespawn   /bin/b\n"),
              IsOkAnd(ElementsAre(Service{.policy = Policy::kOnce, .command = {"/bin/a", "run"}},
                                  Service{.policy = Policy::kRespawn, .command = {"/bin/b"}})));
}

TEST(Services, NameTheLineThatIsWrong) {
  EXPECT_THAT(ParseServices("once /bin/a\noften /bin/b\n"), FailsSaying("line 2"));
  EXPECT_THAT(ParseServices("once\n"), FailsSaying("no program"));
}

std::string ReapOne(Supervisor& supervisor, Supervisor::Clock::time_point now) {
  const pid_t pid = waitpid(-1, nullptr, 0);
  return supervisor.Reaped(pid, now);
}

TEST(Supervisor, StartsWhatComesAfterTheFirstOnesWhenTheyHaveEnded) {
  Supervisor supervisor({{.policy = Policy::kFirst, .command = {"/bin/false"}},
                         {.policy = Policy::kFirst, .command = {"/bin/true"}},
                         {.policy = Policy::kOnce, .command = {"/bin/sh", "-c", ":"}}});
  const auto now = Supervisor::Clock::now();
  for (const char* program : {"/bin/false", "/bin/true", "/bin/sh"}) {
    supervisor.StartDue(now);
    supervisor.StartDue(now);
    EXPECT_EQ(ReapOne(supervisor, now), program);
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "something did not wait for " << program;
  }
}

TEST(Supervisor, StartsOnceWhatIsOnceAndTheOthersAgain) {
  Supervisor supervisor({{.policy = Policy::kOnce, .command = {"/bin/true"}},
                         {.policy = Policy::kRespawn, .command = {"/bin/false"}}});
  auto now = Supervisor::Clock::now();
  supervisor.StartDue(now);
  ReapOne(supervisor, now);
  ReapOne(supervisor, now);

  supervisor.StartDue(now);  // too early for anything
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "something was started too early";
  now += std::chrono::seconds(2);
  supervisor.StartDue(now);

  EXPECT_EQ(ReapOne(supervisor, now), "/bin/false");
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "more than one was started again";
}

TEST(Supervisor, KnowsNoChildOfAService) {
  Supervisor supervisor({});
  EXPECT_EQ(supervisor.Reaped(12345, Supervisor::Clock::now()), "");
}

TEST(Network, IsOneLine) {
  const base::Result<Network> network = ParseNetwork("eth0 10.0.2.15/24 10.0.2.2 10.0.2.3\n");

  ASSERT_THAT(network, test::IsOk());
  EXPECT_EQ(network->interface, "eth0");
  EXPECT_EQ(ntohl(network->address.s_addr), 0x0a00020fU);
  EXPECT_EQ(ntohl(network->netmask.s_addr), 0xffffff00U);
  EXPECT_EQ(ntohl(network->gateway.s_addr), 0x0a000202U);
  EXPECT_EQ(network->nameserver, "10.0.2.3");
}

TEST(Network, RefusesWhatIsNone) {
  EXPECT_THAT(ParseNetwork("eth0 10.0.2.15/24"), FailsSaying("not \"INTERFACE"));
  EXPECT_THAT(ParseNetwork("eth0 10.0.2/24 10.0.2.2 10.0.2.3"), FailsSaying("not an IPv4"));
  EXPECT_THAT(ParseNetwork("eth0 10.0.2.15 10.0.2.2 10.0.2.3"), FailsSaying("prefix length"));
  EXPECT_THAT(ParseNetwork("eth0 10.0.2.15/33 10.0.2.2 10.0.2.3"), FailsSaying("prefix length"));
}

}  // namespace
}  // namespace init
