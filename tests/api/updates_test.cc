// The state machine by itself, with a program of the test's in updog's place where one is run. With
// the real one it is tested in programs_test.cc.
#include "api/updates.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace test {
namespace {

using api::Command;
using api::Updates;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr api::WallTime kStart{std::chrono::sys_days(std::chrono::year(2026) / 11 / 26)};

class UpdatesTest : public testing::Test {
 protected:
  std::unique_ptr<Updates> Open() const {
    return Updates::Open({.run_directory = dir_ / "run",
                          .updog = dir_ / "updog",
                          .config = dir_ / "none.toml",
                          .machine = "x86_64"},
                         kStart)
        .value();
  }
  void MakeUpdog(const std::string& script) const {
    std::ofstream(dir_ / "updog") << "#!/bin/sh\n" << script;
    ASSERT_EQ(chmod((dir_ / "updog").c_str(), 0755), 0);
  }
  // Lets the updates run what is ready, once something is.
  static void Turn(Updates& updates, api::WallTime now) {
    std::vector<pollfd> fds;
    updates.AddPollFds(fds);
    ASSERT_GT(poll(fds.data(), fds.size(), 60'000), 0);
    updates.Run(now);
  }

  TempDir dir_;
};

TEST_F(UpdatesTest, TellNoRateOfADownloadThatStalls) {
  MakeUpdog(R"(echo '{"phase":"download","image":"root","bytes_done":45,"bytes_total":100,)"
            R"("bytes_per_second":12,"seconds_left":5}' >&2; exec sleep 1000)");
  const auto updates = Open();
  ASSERT_EQ(updates->Start(Command::kRefresh, kStart).status, 204U);
  while (updates->GetProgress(kStart).body.find("bytes_done\":45") == std::string::npos) {
    Turn(*updates, kStart + seconds(1));
  }

  EXPECT_THAT(updates->GetProgress(kStart + seconds(6)).body,
              AllOf(HasSubstr(R"("bytes_per_second":12)"), HasSubstr(R"("seconds_left":5)")));
  EXPECT_THAT(updates->GetProgress(kStart + seconds(7)).body,
              AllOf(HasSubstr(R"("bytes_done":45)"), HasSubstr(R"("bytes_per_second":0)"),
                    HasSubstr(R"("seconds_left":null)")));
}

TEST_F(UpdatesTest, BeginNothingOnceTheyAreInterrupted) {
  MakeUpdog("exec sleep 1000");
  const auto updates = Open();
  ASSERT_EQ(updates->Start(Command::kRefresh, kStart).status, 204U);
  updates->Interrupt();
  while (updates->running()) Turn(*updates, kStart);

  const api::Response refused = updates->Start(Command::kRefresh, kStart);

  EXPECT_EQ(refused.status, 423U);
  EXPECT_EQ(refused.body, "Update lock held");
}

TEST_F(UpdatesTest, KeepHowACommandEndedBesideWhatEndedAfterIt) {
  MakeUpdog("echo no network >&2; exit 1");
  const auto updates = Open();
  const std::string none = updates->GetProgress(kStart).body;
  EXPECT_THAT(none, HasSubstr(R"("results":[])"));
  ASSERT_EQ(updates->Start(Command::kRefresh, kStart).status, 204U);
  while (updates->running()) Turn(*updates, kStart);

  EXPECT_THAT(updates->GetProgress(kStart).body,
              HasSubstr(R"("results":[{"cmd_status":"Failed","cmd_type":"refresh")"));
}

// For descriptors that are opened while it lives: there are `spare` of them.
class FewDescriptors {
 public:
  explicit FewDescriptors(rlim_t spare) {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    const base::UniqueFd lowest(open("/dev/null", O_RDONLY | O_CLOEXEC));
    const rlimit few{.rlim_cur = static_cast<rlim_t>(lowest.get()) + spare,
                     .rlim_max = before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;
  ~FewDescriptors() { (void)setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(UpdatesTest, TellAResultThatCannotBeStored) {
  MakeUpdog("echo no route >&2; exit 1");
  const auto updates = Open();
  ASSERT_TRUE(std::filesystem::create_directories(dir_ / "run/status.json/in-the-way"));
  ASSERT_EQ(updates->Start(Command::kRefresh, kStart).status, 204U);
  while (updates->running()) Turn(*updates, kStart);
  const api::Response status = updates->GetStatus();
  EXPECT_EQ(status.status, 200U);
  EXPECT_THAT(status.body, HasSubstr("no route"));
}

TEST_F(UpdatesTest, AreBusyWhileSomethingOfAnActionBeforeLivesOn) {
  MakeUpdog("exit 0");
  const auto updates = Open();
  {
    const base::UniqueFd lock(
        open((dir_ / "run/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    ASSERT_EQ(flock(lock.get(), LOCK_EX), 0);
    EXPECT_EQ(updates->Start(Command::kRefresh, kStart).status, 423U);
  }
  EXPECT_EQ(updates->Start(Command::kRefresh, kStart).status, 204U);
}

TEST_F(UpdatesTest, LeaveNoMarkOfAnActionThatCouldNotBegin) {
  auto updates = Open();
  {
    // Enough for the lock and the mark, not for the program's pipes.
    const FewDescriptors few(2);
    EXPECT_EQ(updates->Start(Command::kRefresh, kStart).status, 500U);
  }
  EXPECT_FALSE(updates->running());
  EXPECT_TRUE(std::filesystem::exists(dir_ / "run/lock"));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "run/running.json"));
  // Nor does a later server find one.
  updates.reset();
  EXPECT_EQ(Open()->GetStatus().status, 404U);
}

}  // namespace
}  // namespace test
