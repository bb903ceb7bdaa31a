// A release goes through a fleet: 50 real hosts, each with its seed, its disk and its cache, one
// web server, and a clock that the test sets. What came of it is counted from the server's log
// alone.
#include <gmock/gmock.h>

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "tests/e2e/host.h"
#include "tests/e2e/nginx.h"
#include "tests/e2e/release_builder.h"
#include "tests/support/paths.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"
#include "updog/shipped_schedules.h"

namespace test {
namespace {

using base::json::Object;
using base::json::Value;
using std::chrono::minutes;
using testing::IsEmpty;

constexpr std::uint32_t kHosts = 50;
constexpr std::uint64_t kMebibyte = 1 << 20;

// Room for one image in each partition.
constexpr DiskImageOptions kSmallDisk = {.esp_bytes = kMebibyte,
                                         .boot_bytes = kMebibyte,
                                         .root_bytes = kMebibyte,
                                         .hash_bytes = kMebibyte,
                                         .private_bytes = kMebibyte,
                                         .data_bytes = kMebibyte};

// A host that takes what it is offered, starts it, and finds it good.
class Member {
 public:
  Member(const std::string& dir, const std::string& root, const std::string& url,
         std::uint32_t seed)
      : dir_(dir), host_(dir, root, url, kSmallDisk), seed_(seed) {
    host_.SetConfig("seed", std::to_string(seed));
  }

  std::uint32_t seed() const { return seed_; }
  const std::string& version() const { return version_; }

  // Polls as at `now`; restarts if there was something. What went wrong, if anything did.
  std::string Poll(base::Time now) {
    ProcessOptions options = host_.UpdogOptions({"update"});
    options.environment = {{"LD_PRELOAD", FixedClockPath()},
                           {"FIXED_CLOCK", std::to_string(now.time_since_epoch().count())}};
    const ProcessResult update = RunProcess(options);
    if (update.exit_status != 0) return update.errors;
    constexpr std::string_view kVariant = "demo ";
    if (!update.output.starts_with(kVariant)) return {};
    return Restart(
        update.output.substr(kVariant.size(), update.output.size() - kVariant.size() - 1));
  }

 private:
  // What the boot selector, the image and its health check do.
  std::string Restart(const std::string& version) {
    active_ = active_ == "a" ? "b" : "a";
    version_ = version;
    host_.SetConfig("active_set", "\"" + active_ + "\"");
    WriteAll(dir_ + "/os-release",
             "VARIANT_ID=demo\nVERSION_ID=" + version + "\nBUILD_ID=1\nPRETTY_NAME=\"Demo\"\n");
    return RunProcess({.program = Program("signpost/signpost"),
                       .arguments = {"mark-successful-boot", "--disk", host_.disk().path(),
                                     "--active", active_}})
        .errors;
  }

  std::string dir_;
  Host host_;
  std::uint32_t seed_;
  std::string active_ = "a";
  std::string version_ = "1.0.0";
};

class RolloutTest : public testing::Test {
 protected:
  RolloutTest() {
    Publish({releases_.Make("1.0.0", 64), "--schedule", "none"});
    for (std::uint32_t i = 0; i < kHosts; ++i) {
      fleet_.push_back(std::make_unique<Member>(dir_ / ("host" + std::to_string(i)),
                                                releases_.root_path(), nginx_.Url(),
                                                i * updog::kSeeds / kHosts));
    }
  }

  void Publish(const std::vector<std::string>& arguments) const {
    const ProcessResult result =
        releases_.Publish(repo_, arguments,
                          {{"LD_PRELOAD", FixedClockPath()},
                           {"FIXED_CLOCK", std::to_string(now_.time_since_epoch().count())}});
    EXPECT_EQ(result.exit_status, 0) << result.errors;
  }

  // Everybody polls once, some at a time.
  void Poll() {
    std::atomic<std::size_t> next = 0;
    std::vector<std::string> faults(fleet_.size());
    const auto work = [&] {
      for (std::size_t i = next++; i < fleet_.size(); i = next++) faults[i] = fleet_[i]->Poll(now_);
    };
    {
      const std::jthread first(work);
      const std::jthread second(work);
      const std::jthread third(work);
    }
    for (const std::string& fault : faults) EXPECT_THAT(fault, IsEmpty());
  }
  std::set<std::uint32_t> SeedsOn(const std::string& version) const {
    std::set<std::uint32_t> seeds;
    for (const auto& member : fleet_) {
      if (member->version() == version) seeds.insert(member->seed());
    }
    return seeds;
  }
  // Whose turn has come by `time`.
  std::set<std::uint32_t> SeedsReady(const updog::Waves& waves, base::Time time) const {
    std::set<std::uint32_t> seeds;
    for (const auto& member : fleet_) {
      if (updog::TurnOf(waves, member->seed())->at <= time) seeds.insert(member->seed());
    }
    return seeds;
  }
  Value Report() const {
    const ProcessResult result = RunProcess(
        {.program = SourcePath("scripts/rollout-report"), .arguments = {log_, "--json", "-"}});
    EXPECT_EQ(result.exit_status, 0) << result.errors;
    return base::json::Parse(result.output).value();
  }

  TempDir dir_;
  ReleaseBuilder releases_{dir_ / "releases"};
  const std::string repo_ = dir_ / "repo";
  const std::string log_ = dir_ / "combined.log";
  const Nginx nginx_{dir_ / "nginx", repo_, "access_log " + log_ + " combined;"};
  // While root.json is valid, which was made by the real clock.
  const base::Time start_ = base::Now() + minutes(60);
  base::Time now_ = start_;
  std::vector<std::unique_ptr<Member>> fleet_;
};

std::uint64_t Number(const Object& object, std::string_view name) {
  const Value* value = object.Find(name);
  return value == nullptr ? 0 : *value->unsigned_integer();
}

TEST_F(RolloutTest, SpreadsByWavesStopsAtAHaltAndComesBackFromAWithdrawal) {
  const updog::Schedule schedule = updog::LoadSchedule("emergency").value();
  const updog::Waves waves = updog::MakeWaves(schedule, start_);
  Publish({releases_.Make("1.1.0", 64), "--schedule", "emergency"});
  for (const int minute : {0, 30, 45, 75, 105}) {
    now_ = start_ + minutes(minute);
    Poll();
    EXPECT_EQ(SeedsOn("1.1.0"), SeedsReady(waves, now_)) << minute;
  }

  // Nobody starts in an hour of halt, and nobody at once when it is over.
  const std::set<std::uint32_t> before_halt = SeedsOn("1.1.0");
  Publish({"halt"});
  now_ = start_ + minutes(165);
  Poll();
  EXPECT_EQ(SeedsOn("1.1.0"), before_halt);
  Publish({"resume"});
  Poll();
  EXPECT_EQ(SeedsOn("1.1.0"), before_halt);
  for (const int minute : {195, 240, 270}) {
    now_ = start_ + minutes(minute);
    Poll();
    EXPECT_EQ(SeedsOn("1.1.0"), SeedsReady(waves, now_ - minutes(60))) << minute;
  }
  EXPECT_EQ(SeedsOn("1.1.0").size(), kHosts);

  // A bad one: it is withdrawn while it spreads, and everybody is back with the next poll.
  Publish({releases_.Make("1.2.0", 64), "--schedule", "emergency"});
  const updog::Waves bad_waves = updog::MakeWaves(schedule, now_);
  now_ += minutes(125);
  Poll();
  const std::size_t hit = SeedsOn("1.2.0").size();
  EXPECT_EQ(SeedsOn("1.2.0"), SeedsReady(bad_waves, now_));
  EXPECT_GT(hit, kHosts / 4);
  Publish({"withdraw", "1.2.0"});
  Poll();
  EXPECT_EQ(SeedsOn("1.1.0").size(), kHosts);
  Poll();  // says so

  const Value report = Report();
  const Object& document = *report.object();
  EXPECT_EQ(Number(document, "hosts"), kHosts);
  EXPECT_EQ(Number(*document.Find("adoption")->object(), "1.1.0"), kHosts);
  const Object& targets = *document.Find("targets")->object();
  EXPECT_EQ(Number(*targets.Find("1.1.0")->object(), "begun"), kHosts);
  EXPECT_EQ(Number(*targets.Find("1.2.0")->object(), "begun"), hit);
  EXPECT_TRUE(document.Find("errors")->object()->empty());
}

}  // namespace
}  // namespace test
