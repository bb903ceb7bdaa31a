// What a publisher does with `publish`, and what real hosts then do: behind nginx, from a
// directory, and from a mirror that plain rsync fills while they download.
#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "tests/e2e/host.h"
#include "tests/e2e/nginx.h"
#include "tests/e2e/release_builder.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::AnyOf;
using testing::Each;
using testing::HasSubstr;
using testing::MatchesRegex;

class PublishTest : public testing::Test {
 protected:
  // Everything of the keys that sign releases.
  ProcessResult Publish(const std::vector<std::string>& arguments) const {
    return releases_.Publish(repo_, arguments);
  }
  // The release, at once for everybody.
  void PublishAtOnce(const std::string& version) {
    const ProcessResult result = Publish({releases_.Make(version), "--schedule", "none"});
    ASSERT_EQ(result.exit_status, 0) << result.errors;
  }
  Host MakeHost(const std::string& version, const std::string& url) const {
    const std::string dir = dir_ / ("host" + std::to_string(++hosts_));
    Host host(dir, releases_.root_path(), url);
    WriteAll(dir + "/os-release",
             "VARIANT_ID=demo\nVERSION_ID=" + version + "\nBUILD_ID=1\nPRETTY_NAME=\"Demo\"\n");
    return host;
  }
  Host MakeHost(const std::string& version) const { return MakeHost(version, "file://" + repo_); }
  std::string Offered(const Host& host) const { return host.Updog({"check-update"}).output; }
  std::string Timestamp() const { return ReadAll(repo_ + "/metadata/timestamp.json"); }

  TempDir dir_;
  ReleaseBuilder releases_{dir_ / "releases"};
  const std::string repo_ = dir_ / "repo";

 private:
  mutable int hosts_ = 0;
};

TEST_F(PublishTest, BringsAReleaseToHostsBehindNginx) {
  PublishAtOnce("1.1.0");
  const Nginx nginx(dir_ / "nginx", repo_);
  const Host host = MakeHost("1.0.0", nginx.Url());
  const ProcessResult update = host.Updog({"update"});
  EXPECT_EQ(update.exit_status, 0) << update.errors;
  EXPECT_EQ(update.output, "demo 1.1.0\n");
  const Images images = releases_.ImagesOf("1.1.0");
  EXPECT_TRUE(host.SetBHolds(images.boot, images.root, images.hash));
}

TEST_F(PublishTest, BringsAReleaseToHostsThatReadADirectory) {
  PublishAtOnce("1.1.0");
  const Host host = MakeHost("1.0.0");
  EXPECT_EQ(host.Updog({"update"}).output, "demo 1.1.0\n");
  EXPECT_EQ(host.Next(), "B");
}

// The server's worker dies in the middle of an image; its successor is asked for the rest.
TEST_F(PublishTest, GoesOnBehindNginxWhereADownloadWasCut) {
  PublishAtOnce("1.1.0");
  const Nginx nginx(dir_ / "nginx", repo_, "limit_rate 600k;");
  const Host host = MakeHost("1.0.0", nginx.Url());
  ProcessOptions options = host.UpdogOptions({"--progress", "json", "update"});
  Process update(options);
  ASSERT_TRUE(update.WaitForErrors("\"image\":\"root\""));
  nginx.KillWorker();
  const ProcessResult result = update.Wait();
  EXPECT_EQ(result.exit_status, 0) << result.errors;
  EXPECT_THAT(nginx.AccessLog(), AllOf(HasSubstr("-root.img.zst"), HasSubstr(" 206\n")));
  const Images images = releases_.ImagesOf("1.1.0");
  EXPECT_TRUE(host.SetBHolds(images.boot, images.root, images.hash));
}

TEST_F(PublishTest, SaysWhatHostsWillSeeAndWhen) {
  EXPECT_EQ(Publish({releases_.Make("1.0.0"), "--schedule", "none"}).output,
            "hosts on demo 1.0.0 for x86_64 stay\n");
  const ProcessResult result = Publish(
      {releases_.Make("1.1.0"), "--schedule", "emergency", "--start-at", "2100-01-01T00:00:00Z"});
  EXPECT_EQ(result.output,
            "hosts on demo 1.0.0 for x86_64 take 1.1.0: the first 2100-01-01T00:30:00Z, half by "
            "2100-01-01T02:29:56Z, all by 2100-01-01T03:29:51Z\n"
            "hosts on demo 1.1.0 for x86_64 stay\n")
      << result.errors;
  EXPECT_EQ(Offered(MakeHost("1.0.0")), "");
}

TEST_F(PublishTest, HaltsForEverybodyWhoHasNotStarted) {
  PublishAtOnce("1.0.0");
  PublishAtOnce("1.1.0");
  Host waiting = MakeHost("1.0.0");
  Host eager = MakeHost("1.0.0");
  eager.SetConfig("ignore_waves", "true");
  Host locked = MakeHost("1.0.0");
  locked.SetConfig("version_lock", "\"1.1.0\"");
  const Host updated = MakeHost("1.1.0");
  EXPECT_EQ(Offered(waiting), "demo 1.1.0\n");

  const ProcessResult halt = Publish({"halt"});
  EXPECT_EQ(halt.exit_status, 0) << halt.errors;
  EXPECT_EQ(halt.output,
            "hosts on demo 1.0.0 for x86_64 stay\nhosts on demo 1.1.0 for x86_64 stay\n"
            "demo 1.1.0 for x86_64 is halted, and nobody begins it; if it is resumed now: all of "
            "them now\n");
  EXPECT_EQ(Offered(waiting), "");
  EXPECT_EQ(Offered(eager), "");
  EXPECT_EQ(Offered(locked), "");
  EXPECT_EQ(waiting.Updog({"update", "--image", "1.1.0"}).exit_status, 1);
  EXPECT_EQ(Offered(updated), "");

  EXPECT_EQ(Publish({"resume"}).exit_status, 0);
  EXPECT_EQ(Offered(waiting), "demo 1.1.0\n");
  EXPECT_EQ(Offered(locked), "demo 1.1.0\n");
}

// After a pause so long that the waves have gone by: they are set anew before hosts hear of it.
TEST_F(PublishTest, SetsWavesAnew) {
  PublishAtOnce("1.0.0");
  PublishAtOnce("1.1.0");
  const Host host = MakeHost("1.0.0");
  EXPECT_EQ(Offered(host), "demo 1.1.0\n");
  const ProcessResult waves =
      Publish({"waves", "1.1.0", "emergency", "--start-at", "2100-01-01T00:00:00Z"});
  EXPECT_EQ(waves.exit_status, 0) << waves.errors;
  EXPECT_EQ(waves.output,
            "hosts on demo 1.0.0 for x86_64 take 1.1.0: the first 2100-01-01T00:30:00Z, half by "
            "2100-01-01T02:29:56Z, all by 2100-01-01T03:29:51Z\n"
            "hosts on demo 1.1.0 for x86_64 stay\n");
  EXPECT_EQ(Offered(host), "");

  EXPECT_EQ(Publish({"halt"}).exit_status, 0);
  EXPECT_THAT(Publish({"waves", "1.1.0", "none"}).output,
              HasSubstr("is halted, and nobody begins it; if it is resumed now: all of them now"));
  EXPECT_EQ(Offered(host), "");
  EXPECT_THAT(Publish({"resume"}).output, HasSubstr("take 1.1.0: all of them now"));
  EXPECT_EQ(Offered(host), "demo 1.1.0\n");
}

TEST_F(PublishTest, WithdrawsWhatIsHaltedAndOffersTheNextInstead) {
  PublishAtOnce("1.0.0");
  PublishAtOnce("1.1.0");
  EXPECT_EQ(Publish({"halt"}).exit_status, 0);
  const ProcessResult withdraw = Publish({"withdraw", "1.1.0"});
  EXPECT_EQ(withdraw.exit_status, 0) << withdraw.errors;
  EXPECT_THAT(withdraw.output,
              HasSubstr("hosts on demo 1.1.0 for x86_64 go back to 1.0.0: all of them now"));
  const Host updated = MakeHost("1.1.0");
  EXPECT_EQ(Offered(updated), "demo 1.0.0\n");
  EXPECT_EQ(updated.Updog({"update"}).output, "demo 1.0.0\n");
  EXPECT_EQ(Offered(MakeHost("1.0.0")), "");

  const ProcessResult next = Publish({releases_.Make("1.2.0"), "--schedule", "none"});
  EXPECT_EQ(next.exit_status, 0) << next.errors;
  EXPECT_THAT(next.output, HasSubstr("demo 1.1.0 is withdrawn and no longer listed"));
  EXPECT_EQ(Offered(MakeHost("1.0.0")), "demo 1.2.0\n");
  EXPECT_EQ(Offered(MakeHost("1.1.0")), "demo 1.2.0\n");
}

TEST_F(PublishTest, RefreshesWithTheOnlineKeyAlone) {
  PublishAtOnce("1.0.0");
  const std::string before = Timestamp();
  const ProcessResult refresh = releases_.PublishWith(
      {releases_.online_key()}, repo_, {"refresh", "--timestamp-expires", "2100-01-01T00:00:00Z"});
  EXPECT_EQ(refresh.exit_status, 0) << refresh.errors;
  EXPECT_EQ(refresh.output, "timestamp expires 2100-01-01T00:00:00Z\n");
  EXPECT_NE(Timestamp(), before);
  EXPECT_FALSE(fs::exists(repo_ + "/metadata/2.snapshot.json"));
  EXPECT_EQ(MakeHost("1.0.0").Updog({"check-update"}).exit_status, 3);
}

TEST_F(PublishTest, WarnsOfWhatARefreshCannotRenew) {
  ASSERT_EQ(
      Publish({releases_.Make("1.0.0"), "--schedule", "none", "--targets-expires", "in 3 days"})
          .exit_status,
      0);
  EXPECT_THAT(releases_.PublishWith({releases_.online_key()}, repo_, {"refresh"}).errors,
              MatchesRegex(".*targets expires [0-9TZ:-]+: its keys are needed soon\n"));
}

// A publisher comes back: what has expired is renewed, and hosts go on.
TEST_F(PublishTest, RenewsWhatHasExpired) {
  PublishAtOnce("1.0.0");
  ASSERT_EQ(releases_
                .PublishWith({releases_.online_key()}, repo_,
                             {"refresh", "--timestamp-expires", "in 1 second"})
                .exit_status,
            0);
  const Host host = MakeHost("1.0.0");
  const std::vector<std::pair<std::string, std::string>> later = {
      {"LD_PRELOAD", FixedClockPath()}, {"FIXED_CLOCK", std::to_string(time(nullptr) + 86'400)}};
  ProcessOptions check = host.UpdogOptions({"check-update"});
  check.environment = later;
  EXPECT_THAT(RunProcess(check).errors, HasSubstr("expired"));
  EXPECT_EQ(releases_.PublishWith({releases_.online_key()}, repo_, {"refresh"}, later).exit_status,
            0);
  EXPECT_EQ(RunProcess(check).exit_status, 3);
}

TEST_F(PublishTest, LeavesHostsWithWhatTheySeeWhereItIsRefused) {
  PublishAtOnce("1.0.0");
  const std::string before = Timestamp();
  const std::string release = releases_.Make("1.1.0");
  const auto expect_refusal = [&](const ProcessResult& result, const std::string& text) {
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_THAT(result.errors, HasSubstr(text));
    EXPECT_EQ(Timestamp(), before) << text;
  };
  expect_refusal(releases_.PublishWith({releases_.online_key()}, repo_, {release}),
                 "targets: the given keys are not enough");
  expect_refusal(releases_.PublishWith({releases_.online_key()}, repo_, {"halt"}),
                 "targets: the given keys are not enough");
  expect_refusal(Publish({releases_.Make("1.0.0")}), "1.0.0 for x86_64 is listed already");
  expect_refusal(Publish({release, "--targets-expires", "2020-01-01T00:00:00Z"}),
                 "not published: a new host could not take it");
  expect_refusal(Publish({"withdraw", "1.0.0"}), "no older version is listed");
  expect_refusal(Publish({"resume"}), "no update is halted");
  WriteAll(dir_ / "releases/1.1.0/demo-1.1.0-root.img.zst", "no zstd");
  expect_refusal(Publish({release}), "demo-1.1.0-root.img.zst");
  fs::remove(dir_ / "releases/1.1.0/demo-1.1.0-root.img.zst");
  expect_refusal(Publish({release}), "No such file");
  EXPECT_EQ(MakeHost("1.0.0").Updog({"check-update"}).exit_status, 3);
}

TEST_F(PublishTest, RefusesAnImageThatIsPublishedWithOtherBytes) {
  PublishAtOnce("1.0.0");
  std::string toml = ReadAll(releases_.Make("1.1.0"));
  const std::string old_name = "demo-1.0.0-root.img.zst";
  toml.replace(toml.find("demo-1.1.0-root.img.zst"), old_name.size(), old_name);
  WriteAll(dir_ / "releases/1.1.0/release.toml", toml);
  fs::rename(dir_ / "releases/1.1.0/demo-1.1.0-root.img.zst",
             dir_ / ("releases/1.1.0/" + old_name));
  EXPECT_THAT(Publish({dir_ / "releases/1.1.0/release.toml"}).errors,
              HasSubstr("is published already with other bytes"));
}

TEST_F(PublishTest, RefusesAReleaseToWhichNoMigrationsLead) {
  PublishAtOnce("1.0.0");
  const std::string release = releases_.Make("1.1.0");
  const std::string toml = ReadAll(release);
  fs::create_directories(dir_ / "releases/1.1.0/migrations");
  WriteAll(dir_ / "releases/1.1.0/migrations/migrate_a", "#!/bin/sh\n");
  WriteAll(release, toml + "[migrations]\n\"(1.0.5, 1.1.0)\" = [\"migrate_a\"]\n");
  EXPECT_THAT(Publish({release}).errors, HasSubstr("hosts on demo 1.0.0 could not take 1.1.0"));
  WriteAll(release, toml + "[migrations]\n\"(1.0.0, 1.1.0)\" = [\"migrate_a\"]\n");
  EXPECT_EQ(Publish({release, "--schedule", "none"}).exit_status, 0);
  EXPECT_EQ(Offered(MakeHost("1.0.0")), "demo 1.1.0\n");
}

// The last resort, for which nobody needs a key: no host begins anything without a timestamp.
TEST_F(PublishTest, StopsEveryHostWhereTheTimestampIsTakenAway) {
  PublishAtOnce("1.0.0");
  PublishAtOnce("1.1.0");
  const Host host = MakeHost("1.0.0");
  const std::string timestamp = repo_ + "/metadata/timestamp.json";
  fs::rename(timestamp, timestamp + ".stopped");
  const ProcessResult update = host.Updog({"update"});
  EXPECT_EQ(update.exit_status, 1);
  EXPECT_THAT(update.errors, HasSubstr("timestamp.json"));
  host.ExpectDiskUntouched();
  fs::rename(timestamp + ".stopped", timestamp);
  EXPECT_EQ(host.Updog({"update"}).output, "demo 1.1.0\n");
}

// A stage is filled, shown to nobody, and copied by plain rsync, in the order that is printed,
// while hosts download from the mirror without a pause: each of them gets a whole release, old or
// new.
TEST_F(PublishTest, IsMirroredByPlainRsyncWhileHostsDownload) {
  PublishAtOnce("1.0.0");
  PublishAtOnce("1.1.0");
  const std::string mirror = dir_ / "mirror";
  const auto rsync = [&](const std::string& from, const std::string& part) {
    return RunProcess(
        {.program = "rsync",
         .arguments = {"-a", "--bwlimit=800", from + "/" + part + "/", mirror + "/" + part + "/"}});
  };
  fs::create_directories(mirror);
  ASSERT_EQ(rsync(repo_, "targets").exit_status, 0);
  ASSERT_EQ(rsync(repo_, "metadata").exit_status, 0);
  const std::string stage = dir_ / "stage";
  fs::copy(repo_, stage, fs::copy_options::recursive);
  const ProcessResult staged =
      releases_.PublishWith({releases_.targets_key(), releases_.online_key()}, "",
                            {releases_.Make("1.2.0"), "--schedule", "none", "--stage", stage});
  ASSERT_EQ(staged.exit_status, 0) << staged.errors;
  EXPECT_THAT(staged.output, HasSubstr("nothing is visible yet"));

  const Nginx nginx(dir_ / "nginx", mirror);
  std::vector<Host> hosts;
  for (int i = 0; i < 12; ++i) hosts.push_back(MakeHost("1.0.0", nginx.Url()));
  bool copied = true;
  std::jthread copying([&] {
    copied = rsync(stage, "targets").exit_status == 0 && rsync(stage, "metadata").exit_status == 0;
  });
  std::vector<std::string> outputs;
  for (const Host& host : hosts) {
    const ProcessResult update = host.Updog({"update"});
    EXPECT_EQ(update.exit_status, 0) << update.errors;
    outputs.push_back(update.output);
  }
  copying.join();
  EXPECT_TRUE(copied);
  EXPECT_THAT(outputs, Each(AnyOf("demo 1.1.0\n", "demo 1.2.0\n")));
  EXPECT_EQ(MakeHost("1.0.0", nginx.Url()).Updog({"update"}).output, "demo 1.2.0\n");
}

TEST_F(PublishTest, LetsOneProcessPublishAtATime) {
  PublishAtOnce("1.0.0");
  const auto lock = base::FileLock::Acquire(repo_ + "/.publish.lock");
  EXPECT_THAT(Publish({"refresh"}).errors, HasSubstr("somebody else publishes"));
}

TEST_F(PublishTest, KnowsWhatItIsAskedFor) {
  EXPECT_EQ(Publish({}).exit_status, 2);
  EXPECT_EQ(Publish({"refresh", "--stage", repo_}).exit_status, 2);
  EXPECT_THAT(Publish({"halt"}).errors, HasSubstr("no manifest.json is published yet"));
  EXPECT_THAT(Publish({"refresh"}).errors, HasSubstr("nothing is published yet"));
  PublishAtOnce("1.0.0");
  EXPECT_EQ(Publish({"withdraw"}).exit_status, 2);
  EXPECT_EQ(Publish({"waves", "1.0.0"}).exit_status, 2);
  EXPECT_THAT(Publish({"waves", "1.0.0", "leisurely"}).errors,
              HasSubstr("accelerated, default, emergency"));
}

}  // namespace
}  // namespace test
