#include "api/migrator/migrator.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <string>

#include "api/datastore.h"
#include "base/compress.h"
#include "tests/api/settings_host.h"
#include "tests/support/matchers.h"
#include "tests/support/memory_transport.h"
#include "tests/support/process.h"
#include "tests/support/repository_builder.h"
#include "tests/support/system_call_faults.h"
#include "updog/config.h"
#include "updog/saved_migrations.h"

namespace api {
namespace {

using base::ErrorCode;
using base::json::Value;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::IsOkAnd;
using test::kNow;
using testing::AllOf;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr std::string_view kMetadataUrl = "http://x/m";
constexpr std::string_view kTargetsUrl = "http://x/t";

std::string ReadProgram(const std::string& path_in_build) {
  return base::ReadFile(test::Program(path_in_build), std::uint64_t{256} << 20).value();
}

// A host whose image knows greeting.text, and a publisher whose 2.0.0 calls it greeting.message.
class MigratorTest : public testing::Test {
 protected:
  MigratorTest() {
    host_.Write(host_.root() + "/usr/share/updog/root.json", repository_.File("1.root.json"));
    SetImage("1.0.0", "text = 'hello'");
    EXPECT_THAT(host_.Start(), IsOk());
  }

  // What the running image is, and what its table [greeting] has.
  void SetImage(const std::string& version, const std::string& greeting) const {
    host_.SetVersion(version);
    host_.Write(host_.paths().image_settings, "[greeting]\n" + greeting + "\n");
  }
  void Set(const SettingChanges& changes) const {
    SettingsStore store = host_.Open();
    ASSERT_THAT(store.Stage("t", changes), IsOk());
    ASSERT_THAT(store.Commit("t"), IsOk());
  }

  // What updog does before the reboot.
  void Save(const std::string& pairs, const std::string& to = "2.0.0") {
    repository_.AddTarget("manifest.json", R"({"updates": [], "migrations": {)" + pairs + "}}");
    repository_.PublishNextVersions();
    const updog::MigrationPlaces places = {.usual = migrations(),
                                           .substitute = host_.root() + "/no"};
    const updog::VersionChange change = {.from = updog::Version::Parse("1.0.0").value(),
                                         .to = updog::Version::Parse(to).value()};
    ASSERT_THAT(updog::FetchMigrations(transport_,
                                       {.trusted_root = repository_.File("1.root.json"),
                                        .metadata_base_url = std::string(kMetadataUrl),
                                        .targets_base_url = std::string(kTargetsUrl)},
                                       change, places, kNow),
                IsOk());
    ASSERT_THAT(updog::PutMigrationsInPlace(places), IsOk());
  }
  // A release whose one migration renames the setting.
  void SaveRename(const std::string& program = "tests/api/small_migration") {
    repository_.AddTarget("rename", ReadProgram(program));
    Save(R"j("(1.0.0, 2.0.0)": ["rename"])j");
  }

  MigratorOptions options() const { return {.paths = host_.paths(), .root = host_.root()}; }
  std::string migrations() const { return host_.root() + "/var/cache/updog/migrations"; }
  // What the store that counts holds, read without a schema, and whose it is.
  std::string StoreVersion() const {
    return CurrentVersion(host_.paths().datastore).value().value().text();
  }
  Settings Stored() const { return ReadSettings(host_.paths().datastore + "/current").value(); }

  base::Result<std::string> Serve(const std::string& url) const {
    for (const auto& [base_url, files] : {std::pair(kMetadataUrl, &repository_.files()),
                                          std::pair(kTargetsUrl, &repository_.target_files())}) {
      if (!url.starts_with(base_url)) continue;
      const auto file = files->find(url.substr(base_url.size() + 1));
      if (file != files->end()) return file->second;
    }
    return base::Fail(ErrorCode::kNotFound, url + ": not there");
  }

  const test::SettingsHost host_;
  test::RepositoryBuilder repository_;
  test::MemoryTransport transport_{[this](const std::string& url) { return Serve(url); }};
};

TEST_F(MigratorTest, DoesNothingWithoutAStoreOrWithTheRunningVersions) {
  EXPECT_THAT(Migrate(options()), IsOk());
  EXPECT_EQ(StoreVersion(), "1.0.0");
  const test::SettingsHost fresh;
  MigratorOptions of_fresh = options();
  of_fresh.paths = fresh.paths();
  EXPECT_THAT(Migrate(of_fresh), IsOk());
  EXPECT_THAT(CurrentVersion(fresh.paths().datastore), IsOkAnd(testing::Eq(std::nullopt)));
}

TEST_F(MigratorTest, CarriesSettingsForwardAndBackAgain) {
  Set({{"greeting.text", Value("good day")}, {"updates.seed", Value::Integer(5)}});
  SaveRename("test-repo/rename_greeting");

  SetImage("2.0.0", "message = 'hello'");
  ASSERT_THAT(Migrate(options()), IsOk());
  EXPECT_EQ(StoreVersion(), "2.0.0");
  EXPECT_THAT(Stored(), UnorderedElementsAre(Pair("greeting.message", Value("good day")),
                                             Pair("updates.seed", Value::Integer(5))));
  EXPECT_THAT(host_.Start(), IsOk());

  SetImage("1.0.0", "text = 'hello'");
  ASSERT_THAT(Migrate(options()), IsOk());
  EXPECT_EQ(StoreVersion(), "1.0.0");
  EXPECT_EQ(Stored().at("greeting.text"), Value("good day"));
  EXPECT_THAT(host_.Start(), IsOk());
}

TEST_F(MigratorTest, RunsOneAfterTheOtherInTheirOrderAndBackInTheReverse) {
  SetImage("1.0.0", "text = 'hello'\nlanguages = ''");
  Set({{"greeting.text", Value("good day")}, {"greeting.languages", Value(" de  en ")}});
  repository_.AddTarget("rename", ReadProgram("test-repo/rename_greeting"));
  repository_.AddTarget("list", ReadProgram("test-repo/list_languages"));
  Save(R"j("(1.0.0, 2.0.0)": ["rename"], "(2.0.0, 3.0.0)": ["list"])j", "3.0.0");

  SetImage("3.0.0", "message = 'hello'\nlanguages = []");
  ASSERT_THAT(Migrate(options()), IsOk());
  EXPECT_EQ(Stored().at("greeting.languages"), Value(base::json::Array{"de", "en"}));
  EXPECT_EQ(Stored().at("greeting.message"), Value("good day"));

  SetImage("1.0.0", "text = 'hello'\nlanguages = ''");
  ASSERT_THAT(Migrate(options()), IsOk());
  EXPECT_EQ(Stored().at("greeting.languages"), Value("de en"));
  EXPECT_EQ(Stored().at("greeting.text"), Value("good day"));
}

TEST_F(MigratorTest, RunsProgramsThatWerePublishedCompressed) {
  Set({{"greeting.text", Value("good day")}});
  const std::string compressed = host_.root() + "/rename.zst";
  ASSERT_THAT(base::CompressFile(test::Program("tests/api/small_migration"), compressed, {}),
              IsOk());
  repository_.AddTarget("rename.zst", host_.Read(compressed));
  Save(R"j("(1.0.0, 2.0.0)": ["rename.zst"])j");
  SetImage("2.0.0", "message = 'hello'");
  ASSERT_THAT(Migrate(options()), IsOk());
  EXPECT_EQ(Stored().at("greeting.message"), Value("good day"));
}

TEST_F(MigratorTest, TakesSettingsAsTheyAreWhereTheRepositoryHasNoMigrations) {
  Set({{"greeting.text", Value("good day")}});
  Save("");
  SetImage("2.0.0", "text = 'hello'");
  ASSERT_THAT(Migrate(options()), IsOk());
  EXPECT_EQ(StoreVersion(), "2.0.0");
  EXPECT_EQ(Stored().at("greeting.text"), Value("good day"));
}

TEST_F(MigratorTest, LooksWhereTheImagesConfigurationSays) {
  Set({{"greeting.text", Value("good day")}});
  SaveRename();
  std::filesystem::rename(migrations(), host_.root() + "/elsewhere");
  std::filesystem::rename(host_.root() + "/usr/share/updog/root.json",
                          host_.root() + "/usr/share/root.json");
  SetImage("2.0.0", "message = 'hello'");
  EXPECT_THAT(Migrate(options()), Fails(ErrorCode::kNotFound));
  host_.Write(host_.paths().base_config,
              "migrations_dir = '/elsewhere/'\ntrusted_root = '/usr/share/root.json'\n");
  ASSERT_THAT(Migrate(options()), IsOk());
  EXPECT_EQ(Stored().at("greeting.message"), Value("good day"));
}

TEST_F(MigratorTest, LooksInThePrivatePartitionToo) {
  SaveRename();
  std::filesystem::rename(migrations(), host_.root() + "/var/lib/updog/migrations");
  SetImage("2.0.0", "message = 'hello'");
  ASSERT_THAT(Migrate(options()), IsOk());
  EXPECT_EQ(StoreVersion(), "2.0.0");
}

// Everything that is refused leaves the store as it was.
class MigratorRefuses : public MigratorTest {
 protected:
  void ExpectRefusal(const testing::Matcher<base::Result<>>& error) {
    const Settings before = Stored();
    SetImage("2.0.0", "message = 'hello'");
    EXPECT_THAT(Migrate(options()), AllOf(error, FailsSaying("settings stay version 1.0.0's")));
    EXPECT_EQ(StoreVersion(), "1.0.0");
    EXPECT_EQ(Stored(), before);
    // Nothing is left lying about either.
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(host_.paths().datastore)) {
      names.push_back(entry.path().filename());
    }
    EXPECT_THAT(names, UnorderedElementsAre("1.0.0", "current", "lock"));
  }
};

TEST_F(MigratorRefuses, WhereNothingWasSaved) {
  ExpectRefusal(Fails(ErrorCode::kNotFound));
}

TEST_F(MigratorRefuses, WhereNoMigrationsLeadToTheRunningVersion) {
  Save(R"j("(1.0.0, 1.5.0)": [])j", "1.5.0");
  ExpectRefusal(AllOf(Fails(ErrorCode::kNotFound), FailsSaying("from version 1.5.0")));
}

TEST_F(MigratorRefuses, AMissingMigrationBeforeAnyIsRun) {
  Set({{"greeting.text", Value("fail")}});  // would say so if it ran
  repository_.AddTarget("rename", ReadProgram("tests/api/small_migration"));
  repository_.AddTarget("second", "lost");
  Save(R"j("(1.0.0, 2.0.0)": ["rename", "second"])j");
  std::filesystem::remove(migrations() + "/targets/second");
  ExpectRefusal(AllOf(Fails(ErrorCode::kNotFound), FailsSaying("migration second")));
}

TEST_F(MigratorRefuses, AChangedMigration) {
  SaveRename();
  const std::string path = migrations() + "/targets/rename";
  std::string program = host_.Read(path);
  program.back() ^= 1;
  host_.Write(path, program);
  ExpectRefusal(Fails(ErrorCode::kMismatch));
}

TEST_F(MigratorRefuses, MigrationsOfAnotherPublisher) {
  SaveRename();
  test::RepositoryBuilder other;
  using tough::Role;
  for (const Role role : {Role::kRoot, Role::kTargets, Role::kSnapshot, Role::kTimestamp}) {
    other.SetKeys(role, {"somebody else's"});
  }
  other.PublishRoot();
  host_.Write(host_.root() + "/usr/share/updog/root.json", other.File("1.root.json"));
  ExpectRefusal(Fails(ErrorCode::kUntrusted));
}

TEST_F(MigratorRefuses, AMigrationThatFails) {
  SaveRename();
  Set({{"greeting.text", Value("fail")}});
  ExpectRefusal(FailsSaying("migration rename: exit status 3: cannot carry this"));
}

TEST_F(MigratorRefuses, AMigrationThatFailsAfterItHasWrittenWhereItWasToRead) {
  SaveRename();
  Set({{"greeting.text", Value("spoil")}});
  ExpectRefusal(FailsSaying("migration rename: exit status 3"));
}

TEST_F(MigratorRefuses, AMigrationThatHangs) {
  SaveRename();
  Set({{"greeting.text", Value("hang")}});
  MigratorOptions impatient = options();
  impatient.time_limit = std::chrono::seconds(1);
  SetImage("2.0.0", "message = 'hello'");
  EXPECT_THAT(Migrate(impatient), FailsSaying("not done within the time limit"));
  EXPECT_EQ(StoreVersion(), "1.0.0");
}

TEST_F(MigratorRefuses, WhatIsNoProgram) {
  repository_.AddTarget("rename", "just text");
  Save(R"j("(1.0.0, 2.0.0)": ["rename"])j");
  ExpectRefusal(FailsSaying("migration rename: cannot be started"));
}

TEST_F(MigratorRefuses, WhatTheRunningVersionCannotRead) {
  SaveRename();
  Set({{"greeting.text", Value("nonsense")}});
  ExpectRefusal(AllOf(Fails(ErrorCode::kUsage), FailsSaying("settings.greeting.other")));
}

TEST_F(MigratorTest, MigratesTheOnlyStoreWhereTheLinkWasLost) {
  Set({{"greeting.text", Value("good day")}, {"updates.seed", Value::Integer(5)}});
  SaveRename();
  std::filesystem::remove(host_.paths().datastore + "/current");
  SetImage("2.0.0", "message = 'hello'");
  ASSERT_THAT(Migrate(options()), IsOk());
  EXPECT_THAT(Stored(), UnorderedElementsAre(Pair("greeting.message", Value("good day")),
                                             Pair("updates.seed", Value::Integer(5))));
}

TEST_F(MigratorTest, TouchesNoStoreWhereTheLinkWasLostAndThereAreSeveral) {
  const std::string datastore = host_.paths().datastore;
  std::filesystem::remove(datastore + "/current");
  host_.Write(datastore + "/0.9.0/settings.json", "{}");
  EXPECT_THAT(Migrate(options()), AllOf(Fails(ErrorCode::kState), FailsSaying("0.9.0, 1.0.0")));
  EXPECT_TRUE(std::filesystem::exists(datastore + "/0.9.0/settings.json"));
  EXPECT_TRUE(std::filesystem::exists(datastore + "/1.0.0/settings.json"));
}

// /etc is filled from the image at each start, and settings of another version do not go over it.
TEST_F(MigratorTest, LeavesUpdogTheImagesConfigurationWhereItFails) {
  Set({{"updates.seed", Value::Integer(5)}});
  const std::string of_image =
      "metadata_base_url = \"https://image/m\"\ntargets_base_url = \"https://image/t\"\nseed = 3\n";
  SetImage("2.0.0", "message = 'hello'");
  host_.Write(host_.paths().base_config, of_image);
  host_.Write(host_.paths().config, of_image);
  EXPECT_THAT(Migrate(options()), Fails(ErrorCode::kNotFound));
  EXPECT_THAT(host_.Start(), Fails(ErrorCode::kState));
  EXPECT_EQ(host_.config(), of_image);
  const auto config = updog::LoadConfig(host_.paths().config);
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->seed, 3U);
}

// The data partition is lost: no migrations lead back any more.
class MigratorWithoutMigrations : public MigratorTest {
 protected:
  MigratorWithoutMigrations() {
    Set({{"greeting.text", Value("good day")}, {"updates.seed", Value::Integer(5)}});
    SaveRename();
    SetImage("2.0.0", "message = 'hello'");
    EXPECT_THAT(Migrate(options()), IsOk());
    Set({{"updates.seed", Value::Integer(6)}});
    std::filesystem::remove_all(migrations());
  }
};

TEST_F(MigratorWithoutMigrations, TakesUpWhatTheVersionHadBeforeWhenGoingBack) {
  SetImage("1.0.0", "text = 'hello'");
  ASSERT_THAT(Migrate(options()), IsOk());
  EXPECT_EQ(StoreVersion(), "1.0.0");
  EXPECT_THAT(Stored(), UnorderedElementsAre(Pair("greeting.text", Value("good day")),
                                             Pair("updates.seed", Value::Integer(5))));
  EXPECT_THAT(host_.Start(), IsOk());
  // And back once more: nothing that the newer one had is lost either.
  SetImage("2.0.0", "message = 'hello'");
  ASSERT_THAT(Migrate(options()), IsOk());
  EXPECT_EQ(Stored().at("updates.seed"), Value::Integer(6));
}

TEST_F(MigratorWithoutMigrations, GivesAVersionOnTrialNoSettingsOfBefore) {
  SetImage("1.0.0", "text = 'hello'");
  MigratorOptions on_trial = options();
  on_trial.on_trial = true;
  EXPECT_THAT(Migrate(on_trial),
              AllOf(Fails(ErrorCode::kNotFound), FailsSaying("settings stay version 2.0.0's")));
  EXPECT_EQ(StoreVersion(), "2.0.0");
}

TEST_F(MigratorWithoutMigrations, GivesNoVersionAnothersSettings) {
  SetImage("0.9.0", "text = 'hello'");
  EXPECT_THAT(Migrate(options()), FailsSaying("settings stay version 2.0.0's"));
  EXPECT_EQ(Stored().at("updates.seed"), Value::Integer(6));
}

TEST_F(MigratorWithoutMigrations, TakesUpNoSettingsThatTheVersionCannotRead) {
  SetImage("1.0.0", "other = 'hello'");
  EXPECT_THAT(Migrate(options()), FailsSaying("settings stay version 2.0.0's"));
  EXPECT_EQ(StoreVersion(), "2.0.0");
}

TEST_F(MigratorWithoutMigrations, StartsAndMigratesWhateverBearsThePreviousLinksName) {
  const std::string previous = host_.paths().datastore + "/previous";
  std::filesystem::remove(previous);
  host_.Write(previous + "/file", "");
  EXPECT_THAT(host_.Start(), IsOk());
  SaveRename();
  SetImage("1.0.0", "text = 'hello'");
  ASSERT_THAT(Migrate(options()), IsOk());
  EXPECT_EQ(Stored().at("updates.seed"), Value::Integer(6));
}

TEST_F(MigratorWithoutMigrations, KnowsWhichStoreCountsWhereTheLinkWasLost) {
  std::filesystem::remove(host_.paths().datastore + "/current");
  ASSERT_THAT(Migrate(options()), IsOk());
  EXPECT_EQ(StoreVersion(), "2.0.0");
  EXPECT_EQ(Stored().at("updates.seed"), Value::Integer(6));
}

TEST_F(MigratorWithoutMigrations, SurvivesACutAnywhereOnTheWayBack) {
  int cuts = 0;
  for (int status = test::kKilledStatus; status == test::kKilledStatus; ++cuts) {
    const std::string saved = host_.root() + "/saved";
    std::filesystem::remove_all(saved);
    std::filesystem::copy(
        host_.paths().datastore, saved,
        std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
    SetImage("1.0.0", "text = 'hello'");
    status = test::RunKilledAtChange(cuts + 1, [&] { return Migrate(options()) ? 0 : 1; });
    ASSERT_THAT(Migrate(options()), IsOk()) << "after a cut at change " << cuts + 1;
    EXPECT_EQ(StoreVersion(), "1.0.0");
    EXPECT_EQ(Stored().at("updates.seed"), Value::Integer(5));
    std::filesystem::remove_all(host_.paths().datastore);
    std::filesystem::rename(saved, host_.paths().datastore);
  }
  EXPECT_GT(cuts, 5);
}

// A cut anywhere leaves the old store or the new one; the next start always ends with the new one.
TEST_F(MigratorTest, SurvivesACutAnywhere) {
  Set({{"greeting.text", Value("good day")}});
  SaveRename();
  bool was_new = false;
  int cuts = 0;
  for (int status = test::kKilledStatus; status == test::kKilledStatus; ++cuts) {
    SetImage("2.0.0", "message = 'hello'");
    status = test::RunKilledAtChange(cuts + 1, [&] { return Migrate(options()) ? 0 : 1; });
    const bool is_new = StoreVersion() == "2.0.0";
    EXPECT_EQ(Stored().at(is_new ? "greeting.message" : "greeting.text"), Value("good day"));
    EXPECT_TRUE(is_new || !was_new) << "a later cut leaves an older store";
    was_new = is_new;

    ASSERT_THAT(Migrate(options()), IsOk()) << "after a cut at change " << cuts + 1;
    EXPECT_EQ(StoreVersion(), "2.0.0");
    EXPECT_EQ(Stored().at("greeting.message"), Value("good day"));
    SetImage("1.0.0", "text = 'hello'");
    ASSERT_THAT(Migrate(options()), IsOk());
  }
  EXPECT_TRUE(was_new);
  EXPECT_GT(cuts, 20);
}

TEST_F(MigratorTest, IsAProgram) {
  Set({{"greeting.text", Value("good day")}});
  SaveRename();
  const auto run = [&] {
    return test::RunProcess(
        {.program = test::Program("api/migrator"), .arguments = {"--root", host_.root()}});
  };
  EXPECT_EQ(run().exit_status, 0);
  EXPECT_EQ(StoreVersion(), "1.0.0");
  SetImage("2.0.0", "message = 'hello'");
  EXPECT_EQ(run().exit_status, 0);
  EXPECT_EQ(StoreVersion(), "2.0.0");
  SetImage("3.0.0", "message = 'hello'");
  const test::ProcessResult refused = run();
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.errors, HasSubstr("migrator: settings stay version 2.0.0's: no migration"));
}

TEST(DemonstrationMigrations, AreUsedAsMigrationsAre) {
  const test::SettingsHost host;
  const auto run = [&](const std::vector<std::string>& arguments) {
    return test::RunProcess(
        {.program = test::Program("test-repo/rename_greeting"), .arguments = arguments});
  };
  EXPECT_EQ(run({"--help"}).exit_status, 0);
  EXPECT_EQ(run({"--forward"}).exit_status, 2);
  EXPECT_EQ(run({"--forward", "--backward", "--source-datastore", "/a", "--target-datastore", "/b"})
                .exit_status,
            2);
  EXPECT_EQ(run({"--source-datastore", "/a", "--target-datastore", "/b"}).exit_status, 2);
  host.Write(host.root() + "/source/settings.json",
             R"({"greeting": {"text": "a", "message": "b"}})");
  const test::ProcessResult both = run({"--forward", "--source-datastore", host.root() + "/source",
                                        "--target-datastore", host.root()});
  EXPECT_EQ(both.exit_status, 1);
  EXPECT_THAT(both.errors, HasSubstr("both greeting.text and greeting.message are set"));
}

}  // namespace
}  // namespace api
