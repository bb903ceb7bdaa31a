// The main job, end to end: what a user does, on real programs, a real server and a disk image.
#include <gmock/gmock.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "partitions/boot_flags.h"
#include "tests/e2e/nginx.h"
#include "tests/e2e/world.h"
#include "tests/support/paths.h"

namespace test {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class UpdateTest : public WorldTest {};

TEST_F(UpdateTest, BringsTheReleaseOntoTheInactiveSetAndMakesItNext) {
  const Host host = MakeHost({.fill = Fill::kPattern});
  const ProcessResult check = host.Updog({"check-update"});
  EXPECT_EQ(check.exit_status, 0) << check.errors;
  EXPECT_EQ(check.output, "demo 1.1.0\n");
  host.ExpectDiskUntouched();

  const ProcessResult update = host.Updog({"update"});
  EXPECT_EQ(update.exit_status, 0) << update.errors;
  EXPECT_EQ(update.output, "demo 1.1.0\n");
  EXPECT_EQ(host.Next(), "B");
  EXPECT_TRUE(Holds(host, "1.1.0"));
  host.ExpectActiveSetUnchanged();
  const partitions::BootFlags flags = partitions::BootFlagsOf(host.disk().attributes(kBootB));
  EXPECT_EQ(flags, (partitions::BootFlags{.priority = 2, .tries_left = 1, .successful = false}));
}

TEST_F(UpdateTest, WritesNothingOutsideOfTheInactiveSetAndTheTable) {
  const Host host = MakeHost({.fill = Fill::kPattern});
  const std::string before = host.disk().Read();
  ASSERT_EQ(host.Updog({"update"}).exit_status, 0);
  const std::string after = host.disk().Read();
  // The pattern still stands behind each image, and in what belongs to nobody here.
  for (const std::uint32_t number : {kEsp, kPrivate, kData, kBootA, kRootA, kHashA}) {
    const partitions::Extent extent = host.disk().extent(number);
    EXPECT_TRUE(after.substr(extent.offset_bytes, extent.size_bytes) ==
                before.substr(extent.offset_bytes, extent.size_bytes))
        << "partition " << number;
  }
}

TEST_F(UpdateTest, GoesInTwoStepsAndBack) {
  const Host host = MakeHost();
  EXPECT_EQ(host.Updog({"update-image"}).output, "demo 1.1.0\n");
  EXPECT_EQ(host.Next(), "A");
  EXPECT_TRUE(Holds(host, "1.1.0"));
  const ProcessResult apply = host.Updog({"update-apply"});
  EXPECT_EQ(apply.exit_status, 0) << apply.errors;
  EXPECT_EQ(apply.output, "demo 1.1.0\n");
  EXPECT_EQ(host.Next(), "B");
  EXPECT_EQ(host.Updog({"update-revert"}).exit_status, 0);
  EXPECT_EQ(host.Next(), "A");
  EXPECT_EQ(host.Updog({"update-apply"}).exit_status, 0);
  EXPECT_EQ(host.Next(), "B");
}

TEST_F(UpdateTest, SwitchesToAVersionByNameAndToNoOther) {
  const Host host = MakeHost();
  const auto apply = [&host](const std::string& version) {
    return host.Updog({"update-apply", "--image", version});
  };
  ExpectRefusal(apply("1.1.0"), 1, "1.1.0 is not what the inactive set holds, but nothing");
  ASSERT_EQ(host.Updog({"update-image"}).exit_status, 0);
  ExpectRefusal(apply("1.2.0"), 1, "1.2.0 is not what the inactive set holds, but 1.1.0");
  EXPECT_EQ(host.Next(), "A");
  // Whoever asks for a state may ask twice.
  for (int times = 0; times < 2; ++times) {
    EXPECT_EQ(apply("1.1.0").output, "demo 1.1.0\n");
    EXPECT_EQ(host.Next(), "B");
  }
  ExpectRefusal(apply("one"), 2, "--image: ");
}

TEST_F(UpdateTest, DoesNotDownloadAgainWhatIsStaged) {
  const Host host = MakeHost();
  ASSERT_EQ(host.Updog({"update-image"}).exit_status, 0);
  server_.Forget();
  EXPECT_EQ(host.Updog({"update-image"}).output, "demo 1.1.0\n");
  EXPECT_EQ(host.Updog({"update"}).output, "demo 1.1.0\n");
  EXPECT_EQ(host.Next(), "B");
  EXPECT_EQ(host.Updog({"update"}).exit_status, 0);
  EXPECT_THAT(server_.Targets(), Each(Not(HasSubstr(".img"))));
}

TEST_F(UpdateTest, DownloadsAgainWhatWasPublishedAnewUnderTheSameVersion) {
  const Host host = MakeHost();
  ASSERT_EQ(host.Updog({"update-image"}).exit_status, 0);
  publisher_.Updata("remove-update", {"--version", "1.1.0"});
  publisher_.AddRelease({.version = "1.1.0", .boot_bytes = 100'000});
  PublishAndServe();
  ASSERT_EQ(host.Updog({"update-image"}).exit_status, 0);
  EXPECT_TRUE(Holds(host, "1.1.0"));
}

TEST_F(UpdateTest, ReplacesAnOlderStagedVersion) {
  const Host host = MakeHost();
  ASSERT_EQ(host.Updog({"update"}).exit_status, 0);
  publisher_.AddRelease({.version = "1.2.0"});
  PublishAndServe();
  EXPECT_EQ(host.Updog({"update"}).output, "demo 1.2.0\n");
  EXPECT_EQ(host.Next(), "B");
  EXPECT_TRUE(Holds(host, "1.2.0"));
}

TEST_F(UpdateTest, ForgetsWhatWasStagedOnceItIsOverwritten) {
  const Host host = MakeHost();
  ASSERT_EQ(host.Updog({"update-image"}).exit_status, 0);
  publisher_.AddRelease({.version = "1.2.0"});
  PublishAndServe();
  const std::string root_image = publisher_.PathOf("1.2.0-root.img.zst");
  server_.On("/" + root_image, Answer(404));
  ASSERT_EQ(host.Updog({"update-image"}).exit_status, 1);
  // An operator blesses half an image by hand; updog must not take it for the older version.
  ASSERT_EQ(host.Signpost({"mark-inactive-valid"}).exit_status, 0);
  EXPECT_EQ(host.Updog({"update-image", "--image", "1.1.0"}).output, "demo 1.1.0\n");
  EXPECT_TRUE(Holds(host, "1.1.0"));
}

TEST_F(UpdateTest, TakesLz4AndRawImages) {
  for (const std::string& ending : std::vector<std::string>{"lz4", ""}) {
    const std::string version = ending.empty() ? "1.3.0" : "1.2.0";
    publisher_.AddRelease({.version = version, .ending = ending});
    PublishAndServe();
    const Host host = MakeHost();
    EXPECT_EQ(host.Updog({"update"}).output, "demo " + version + "\n");
    EXPECT_TRUE(Holds(host, version));
  }
}

TEST_F(UpdateTest, TellsTheServerWhoAsksForWhat) {
  const Host host = MakeHost();
  ASSERT_EQ(host.Updog({"update"}).exit_status, 0);
  std::vector<std::string> images;
  for (const std::string& target : server_.Targets()) {
    EXPECT_THAT(target, HasSubstr("seed=42"));
    EXPECT_THAT(target, HasSubstr("version=1.0.0"));
    if (target.find(".img.zst") != std::string::npos) images.push_back(target);
  }
  EXPECT_THAT(images, testing::SizeIs(3));
  EXPECT_THAT(images, Each(testing::EndsWith("?migrations=&seed=42&target=1.1.0&version=1.0.0")));
}

TEST_F(UpdateTest, WorksWithARealWebServerWhoseLogShowsTheRelease) {
  const Nginx nginx(dir_ / "nginx", publisher_.repository());
  const Host host(dir_ / "nginx-host", publisher_.root_path(), nginx.Url());
  const ProcessResult update = host.Updog({"update"});
  EXPECT_EQ(update.exit_status, 0) << update.errors;
  EXPECT_TRUE(Holds(host, "1.1.0"));
  const std::string log = nginx.AccessLog();
  EXPECT_THAT(log, HasSubstr("GET /metadata/2.root.json?seed=42&version=1.0.0 404\n"));
  EXPECT_THAT(log, HasSubstr("GET /metadata/timestamp.json?seed=42&version=1.0.0 200\n"));
  EXPECT_THAT(log, HasSubstr("root.img.zst?migrations=&seed=42&target=1.1.0&version=1.0.0 200\n"));
}

TEST_F(UpdateTest, WorksFromAFolderToo) {
  Host host = MakeHost();
  host.SetConfig("metadata_base_url", "\"file://" + publisher_.repository() + "/metadata\"");
  host.SetConfig("targets_base_url", "\"file://" + publisher_.repository() + "/targets/\"");
  const ProcessResult update = host.Updog({"update"});
  EXPECT_EQ(update.exit_status, 0) << update.errors;
  EXPECT_TRUE(Holds(host, "1.1.0"));
  EXPECT_THAT(server_.Targets(), IsEmpty());
}

TEST_F(UpdateTest, SaysThatNoUpdateIsRequired) {
  publisher_.Updata("remove-update", {"--version", "1.1.0"});
  publisher_.AddRelease({.version = "1.0.0"});
  PublishAndServe();
  const Host host = MakeHost();
  const ProcessResult update = host.Updog({"update"});
  EXPECT_EQ(update.exit_status, 0);
  EXPECT_EQ(update.output, "No update required\n");
  EXPECT_EQ(update.errors, "updog: already newest: version 1.0.0 is running\n");
  const ProcessResult json = host.Updog({"update", "--json"});
  EXPECT_EQ(json.exit_status, 0);
  EXPECT_EQ(json.output, "");
  EXPECT_THAT(json.errors, HasSubstr("No update required"));
  const ProcessResult check = host.Updog({"check-update"});
  EXPECT_EQ(check.exit_status, 3);
  EXPECT_EQ(check.output, "");
  EXPECT_EQ(check.errors, "updog: no update available: already newest: version 1.0.0 is running\n");
  host.ExpectDiskUntouched();
}

TEST_F(UpdateTest, ListsAllCandidatesNewestFirst) {
  publisher_.AddRelease({.version = "0.9.0"});
  publisher_.AddRelease({.version = "1.2.0"});
  publisher_.AddRelease({.version = "1.3.0", .variant = "other"});
  PublishAndServe();
  const Host host = MakeHost();
  EXPECT_EQ(host.Updog({"check-update", "--all"}).output, "demo 1.2.0\ndemo 1.1.0\ndemo 0.9.0\n");
  EXPECT_EQ(host.Updog({"whats", "-a"}).output, "demo 1.2.0\ndemo 1.1.0\ndemo 0.9.0\n");
  EXPECT_EQ(host.Updog({"check-update", "--variant", "other"}).output, "other 1.3.0\n");
}

TEST_F(UpdateTest, PrintsTheManifestsUpdateAsJson) {
  const Host host = MakeHost();
  const auto one = base::json::Parse(host.Updog({"check-update", "--json"}).output);
  ASSERT_TRUE(one.has_value());
  ASSERT_NE(one->object(), nullptr);
  EXPECT_EQ(*one->object()->Find("version")->string(), "1.1.0");
  EXPECT_EQ(*one->object()->Find("images")->object()->Find("boot")->string(),
            "demo-1.1.0-boot.img.zst");
  const auto all = base::json::Parse(host.Updog({"check-update", "-a", "-j"}).output);
  ASSERT_TRUE(all.has_value());
  ASSERT_NE(all->array(), nullptr);
  EXPECT_EQ(all->array()->size(), 1U);
  const auto update = base::json::Parse(host.Updog({"update", "-j"}).output);
  ASSERT_TRUE(update.has_value());
  EXPECT_EQ(*update, *one);
}

TEST_F(UpdateTest, WaitsForTheWaveUnlessToldNotTo) {
  publisher_.Updata("set-waves", {"--wave-file", test::SourcePath("updog/waves/default.toml")});
  PublishAndServe();
  const Host host = MakeHost();
  const ProcessResult check = host.Updog({"check-update"});
  EXPECT_EQ(check.exit_status, 3);
  EXPECT_THAT(check.errors, HasSubstr("wave 2 starts "));
  EXPECT_EQ(host.Updog({"check-update", "--all"}).exit_status, 3);
  EXPECT_EQ(host.Updog({"update"}).output, "No update required\n");
  host.ExpectDiskUntouched();
  EXPECT_EQ(host.Updog({"check-update", "--ignore-waves"}).output, "demo 1.1.0\n");
  EXPECT_EQ(host.Updog({"update", "--now"}).output, "demo 1.1.0\n");
}

TEST_F(UpdateTest, GoesBackFromAWithdrawnRelease) {
  publisher_.AddRelease({.version = "0.9.0"});
  publisher_.AddRelease({.version = "1.0.0"});
  publisher_.Updata("remove-update", {"--version", "1.1.0"});
  publisher_.Updata("set-max-version", {"--max-version", "0.9.0"});
  PublishAndServe();
  const Host host = MakeHost();
  EXPECT_EQ(host.Updog({"update"}).output, "demo 0.9.0\n");
  EXPECT_TRUE(Holds(host, "0.9.0"));
}

TEST_F(UpdateTest, TakesTheVersionThatIsAskedFor) {
  publisher_.AddRelease({.version = "0.9.0"});
  PublishAndServe();
  Host host = MakeHost();
  host.SetConfig("version_lock", "\"v1.1.0\"");
  EXPECT_EQ(host.Updog({"check-update"}).output, "demo 1.1.0\n");
  EXPECT_EQ(host.Updog({"update", "--image", "0.9.0"}).output, "demo 0.9.0\n");
  EXPECT_TRUE(Holds(host, "0.9.0"));
}

TEST_F(UpdateTest, NeedsAPathOfMigrationsWhereThereAreAny) {
  WriteAll(dir_ / "Release.toml",
           "version = '1.1.0'\n[migrations]\n'(1.0.0, 1.1.0)' = ['migrate_1.1.0_a']\n");
  publisher_.Updata("set-migrations", {"--from", dir_ / "Release.toml"});
  publisher_.AddTarget("migrate_1.1.0_a", "a program");
  publisher_.AddRelease({.version = "1.2.0"});
  PublishAndServe();
  const Host host = MakeHost();
  ExpectRefusal(host.Updog({"update"}), 1,
                "no migration leads on from version 1.1.0 towards 1.2.0");
  host.ExpectDiskUntouched();
  server_.Forget();
  EXPECT_EQ(host.Updog({"update", "--image", "1.1.0"}).exit_status, 0);
  EXPECT_THAT(server_.Targets(), testing::Contains(HasSubstr("?migrations=migrate_1.1.0_a&")));
  EXPECT_EQ(ReadAll(host.migrations_dir() + "/targets/migrate_1.1.0_a"), "a program");
}

TEST_F(UpdateTest, TakesBackOnlyTheVersionThatIsNamed) {
  const Host host = MakeHost();
  ASSERT_EQ(host.Updog({"update"}).exit_status, 0);
  EXPECT_EQ(host.Updog({"update-revert", "--image", "1.2.0"}).exit_status, 0);
  EXPECT_EQ(host.Next(), "B");
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(host.Updog({"update-revert", "--image", "1.1.0"}).exit_status, 0);
    EXPECT_EQ(host.Next(), "A");
  }
}

// A host that has staged a release of two migrations and waits for its restart.
class StagedUpdateTest : public WorldTest {
 protected:
  StagedUpdateTest() {
    publisher_.AddTarget("migrate_1.1.0_a", "a program");
    publisher_.AddTarget("migrate_1.1.0_b", "another");
    PublishWithMigrations("['migrate_1.1.0_a', 'migrate_1.1.0_b']");
    EXPECT_EQ(host_.Updog({"update-image"}).exit_status, 0);
    server_.Forget();
  }
  void PublishWithMigrations(const std::string& names) {
    WriteAll(dir_ / "Release.toml",
             "version = '1.1.0'\n[migrations]\n'(1.0.0, 1.1.0)' = " + names + "\n");
    publisher_.Updata("set-migrations", {"--from", dir_ / "Release.toml"});
    PublishAndServe();
  }
  std::string Saved(const std::string& name) const {
    return ReadAll(host_.migrations_dir() + "/targets/" + name);
  }

  const Host host_ = MakeHost();
};

TEST_F(StagedUpdateTest, IsNotAppliedWithoutItsMigrations) {
  for (const std::string what : {"/targets/migrate_1.1.0_b", ""}) {
    std::filesystem::remove_all(host_.migrations_dir() + what);
    ExpectRefusal(host_.Updog({"update-apply"}), 1, "updog update-image fetches it again");
    ExpectRefusal(host_.Updog({"update-apply", "--image", "1.1.0"}), 1,
                  "what carries the settings to 1.1.0 is not there");
    EXPECT_EQ(host_.Next(), "A");

    EXPECT_EQ(host_.Updog({"update-image"}).output, "demo 1.1.0\n");
    EXPECT_EQ(Saved("migrate_1.1.0_b"), "another");
  }
  // The images are still there.
  EXPECT_THAT(server_.Targets(), Not(testing::Contains(HasSubstr("root.img"))));
  EXPECT_EQ(host_.Updog({"update-apply"}).exit_status, 0);
  EXPECT_EQ(host_.Next(), "B");
}

TEST_F(StagedUpdateTest, TakesMigrationsThatArePublishedAnew) {
  publisher_.AddTarget("migrate_1.1.0_b", "mended");
  PublishAndServe();
  EXPECT_EQ(host_.Updog({"update-image"}).exit_status, 0);
  EXPECT_EQ(Saved("migrate_1.1.0_b"), "mended");
  PublishWithMigrations("['migrate_1.1.0_b']");
  EXPECT_EQ(host_.Updog({"update"}).exit_status, 0);
  EXPECT_FALSE(std::filesystem::exists(host_.migrations_dir() + "/targets/migrate_1.1.0_a"));
  EXPECT_EQ(host_.Next(), "B");
  EXPECT_THAT(server_.Targets(), Not(testing::Contains(HasSubstr("root.img"))));
}

TEST_F(StagedUpdateTest, TakesThemWhereItIsNextToBootToo) {
  EXPECT_EQ(host_.Updog({"update-apply"}).exit_status, 0);
  publisher_.AddTarget("migrate_1.1.0_b", "mended");
  PublishAndServe();
  EXPECT_EQ(host_.Updog({"update"}).exit_status, 0);
  EXPECT_EQ(Saved("migrate_1.1.0_b"), "mended");
  EXPECT_EQ(host_.Next(), "B");
}

TEST_F(UpdateTest, WritesNothingWhereAMigrationCannotBeHad) {
  WriteAll(dir_ / "Release.toml",
           "version = '1.1.0'\n[migrations]\n'(1.0.0, 1.1.0)' = ['migrate_1.1.0_a']\n");
  publisher_.Updata("set-migrations", {"--from", dir_ / "Release.toml"});
  PublishAndServe();
  const Host host = MakeHost();
  ExpectRefusal(host.Updog({"update"}), 1, "migrate_1.1.0_a: no metadata lists it");
  host.ExpectDiskUntouched();
}

TEST_F(UpdateTest, ReportsProgressAsJson) {
  const Host host = MakeHost();
  const ProcessResult update = host.Updog({"update", "--progress", "json"});
  ASSERT_EQ(update.exit_status, 0) << update.errors;
  std::string_view rest = update.errors;
  std::vector<std::string> seen;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const auto line = base::json::Parse(rest.substr(0, end));
    ASSERT_TRUE(line.has_value()) << rest;
    const std::string step =
        *line->object()->Find("image")->string() + " " + *line->object()->Find("phase")->string();
    if (seen.empty() || seen.back() != step) seen.push_back(step);
    rest.remove_prefix(end + 1);
  }
  EXPECT_THAT(seen, testing::IsSupersetOf({"boot download", "root download", "hash download"}));
}

TEST_F(UpdateTest, DrawsABarOnATerminal) {
  const Host host = MakeHost();
  const ProcessResult update = RunProcess(
      {.program = "script",
       .arguments = {"--quiet", "--return", "--command",
                     Program("updog/updog") + " --config " + host.config_path() + " update",
                     "/dev/null"}});
  EXPECT_EQ(update.exit_status, 0);
  EXPECT_THAT(update.output, HasSubstr("root"));
  EXPECT_THAT(update.output, HasSubstr("100 %  ["));
  EXPECT_THAT(update.output, HasSubstr("\x1b[K\r\n"));
  EXPECT_THAT(update.output, testing::EndsWith("demo 1.1.0\r\n"));
}

TEST_F(UpdateTest, KeepsQuietIfAskedTo) {
  const Host host = MakeHost();
  EXPECT_EQ(host.Updog({"update", "--progress", "none"}).errors, "");
}

}  // namespace
}  // namespace test
