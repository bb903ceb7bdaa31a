#include "api/settings_start.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "api/datastore.h"
#include "tests/api/settings_host.h"
#include "tests/support/matchers.h"
#include "tests/support/system_call_faults.h"

namespace api {
namespace {

using base::ErrorCode;
using base::json::Value;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::RunKilledAtChange;
using test::SettingsHost;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> FilesIn(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    names.push_back(entry.path().filename());
  }
  return names;
}

TEST(StartSettings, DrawsTheSeedFromAllOfItsRange) {
  std::set<std::uint64_t> seeds;
  for (const std::uint32_t random : {0U, 1U, 2047U, 2048U, 4095U, 0xFFFFFFFFU}) {
    const SettingsHost host;
    ASSERT_THAT(StartSettings(host.paths(), random), IsOk());
    const Settings settings = *host.Open().Read();
    EXPECT_EQ(settings.at("updates.seed"), Value::Integer(random % 2048));
    EXPECT_THAT(host.config(), HasSubstr("seed = " + std::to_string(random % 2048)));
  }
}

TEST(StartSettings, KeepsTheSeedForGood) {
  const SettingsHost host;
  ASSERT_THAT(StartSettings(host.paths(), 17), IsOk());
  ASSERT_THAT(StartSettings(host.paths(), 18), IsOk());
  EXPECT_EQ(host.Open().Read()->at("updates.seed"), Value::Integer(17));
}

// A link that is lost is no first start: the seed and what was set stay.
TEST(StartSettings, LinksTheOnlyStoreAgainWhereTheLinkWasLost) {
  const SettingsHost host;
  ASSERT_THAT(StartSettings(host.paths(), 17), IsOk());
  std::filesystem::remove(host.paths().datastore + "/current");
  host.Write(host.paths().datastore + "/2.0.0.new/settings.json", "{}");  // of a cut
  ASSERT_THAT(StartSettings(host.paths(), 18), IsOk());
  EXPECT_EQ(host.Open().Read()->at("updates.seed"), Value::Integer(17));
  EXPECT_FALSE(std::filesystem::exists(host.paths().datastore + "/2.0.0.new"));
}

TEST(StartSettings, AsksWhichStoreCountsWhereTheLinkWasLostAndThereAreSeveral) {
  const SettingsHost host;
  ASSERT_THAT(StartSettings(host.paths(), 17), IsOk());
  const std::string datastore = host.paths().datastore;
  std::filesystem::remove(datastore + "/current");
  host.Write(datastore + "/2.0.0/settings.json", R"({"updates": {"seed": 2}})");
  EXPECT_THAT(StartSettings(host.paths(), 18),
              AllOf(Fails(ErrorCode::kState),
                    FailsSaying("current is missing, and there are settings of the versions 1.0.0, "
                                "2.0.0; say whose count: ln -s VERSION " +
                                datastore + "/current")));
  // As it asks for.
  std::filesystem::create_symlink("1.0.0", datastore + "/current");
  ASSERT_THAT(StartSettings(host.paths(), 18), IsOk());
  EXPECT_EQ(host.Open().Read()->at("updates.seed"), Value::Integer(17));
  EXPECT_FALSE(std::filesystem::exists(datastore + "/2.0.0"));
}

TEST(StartSettings, RemovesNoStoreBesideALinkThatLeadsNowhere) {
  const SettingsHost host;
  ASSERT_THAT(StartSettings(host.paths(), 17), IsOk());
  const std::string datastore = host.paths().datastore;
  std::filesystem::rename(datastore + "/1.0.0", datastore + "/0.9.0");
  EXPECT_THAT(StartSettings(host.paths(), 18), FailsSaying("1.0.0/settings.json"));
  EXPECT_TRUE(std::filesystem::exists(datastore + "/0.9.0/settings.json"));
}

TEST(StartSettings, TakesUserDataAtTheFirstStartOnly) {
  const SettingsHost host;
  host.Write(host.paths().user_data, "[settings.updates]\nseed = 99\nversion-lock = '1.2.3'\n");
  ASSERT_THAT(host.Start(), IsOk());
  EXPECT_EQ(host.Open().Read()->at("updates.seed"), Value::Integer(99));
  EXPECT_EQ(host.Open().Read()->at("updates.version-lock"), Value("1.2.3"));

  host.Write(host.paths().user_data, "[settings.updates]\nversion-lock = '4.5.6'\n");
  ASSERT_THAT(host.Start(), IsOk());
  EXPECT_EQ(host.Open().Read()->at("updates.version-lock"), Value("1.2.3"));
}

TEST(StartSettings, RefusesWrongUserDataAndReadsItAgainAtTheNextStart) {
  const SettingsHost host;
  host.Write(host.paths().user_data, "[settings.updates]\nseed = 9999\n");
  EXPECT_THAT(host.Start(), FailsSaying("user-data.toml: settings.updates.seed"));
  EXPECT_THAT(SettingsStore::Open(host.paths()), Fails(ErrorCode::kNotFound));
  host.Write(host.paths().user_data, "[settings.updates]\nseed = 99\n");
  EXPECT_THAT(host.Start(), IsOk());
}

TEST(StartSettings, RefusesAnotherVersionsStore) {
  const SettingsHost host;
  ASSERT_THAT(host.Start(), IsOk());
  host.SetVersion("2.0.0");
  EXPECT_THAT(host.Start(), Fails(ErrorCode::kState));
}

TEST(StartSettings, WaitsForNoCommitAndWritesNothingDuringOne) {
  const SettingsHost host;
  ASSERT_THAT(host.Start(), IsOk());
  std::filesystem::remove(host.paths().config);
  const auto lock = LockDatastore(host.paths().datastore);
  ASSERT_THAT(lock, IsOk());
  EXPECT_THAT(host.Start(), Fails(ErrorCode::kBusy));
  EXPECT_EQ(host.config(), "");
}

// A cut leaves no store, or the whole one; and the next start always comes up.
TEST(StartSettings, SurvivesACutAnywhere) {
  int cuts = 0;
  for (int status = test::kKilledStatus; status == test::kKilledStatus; ++cuts) {
    const SettingsHost host;
    host.Write(host.paths().user_data, "[settings.updates]\nversion-lock = '1.2.3'\n");
    status = RunKilledAtChange(cuts + 1, [&] { return host.Start() ? 0 : 1; });
    ASSERT_THAT(host.Start(), IsOk()) << "after a cut at change " << cuts + 1;
    EXPECT_EQ(host.Open().Read()->at("updates.version-lock"), Value("1.2.3"));
    EXPECT_THAT(host.config(), HasSubstr("version_lock = \"1.2.3\""));
  }
  EXPECT_GT(cuts, 10);
}

// Settings are the old ones or the new ones, and so is updog's configuration after the next start.
TEST(StartSettings, FindsOldOrNewSettingsAfterACutCommit) {
  int cuts = 0;
  for (int status = test::kKilledStatus; status == test::kKilledStatus; ++cuts) {
    const SettingsHost host;
    ASSERT_THAT(host.Start(), IsOk());
    SettingsStore store = host.Open();
    ASSERT_THAT(store.Stage("t", {{"updates.seed", Value::Integer(1)},
                                  {"updates.ignore-waves", Value(true)}}),
                IsOk());
    status = RunKilledAtChange(cuts + 1, [&] { return store.Commit("t") ? 0 : 1; });
    ASSERT_THAT(host.Start(), IsOk());
    EXPECT_THAT(FilesIn(host.paths().datastore + "/1.0.0"), ElementsAre("settings.json"));
    const Settings settings = *host.Open().Read();
    const bool is_new = settings.at("updates.seed") == Value::Integer(1);
    EXPECT_EQ(settings.at("updates.ignore-waves"), Value(is_new));
    EXPECT_THAT(host.config(), HasSubstr(is_new ? "seed = 1\n" : "seed = 17\n"));
    // Committing it again is always possible, and ends with the new ones.
    const auto again = host.Open().Commit("t");
    EXPECT_TRUE(again || again.error().code() == ErrorCode::kState);
    EXPECT_EQ(host.Open().Read()->at("updates.seed"), Value::Integer(1));
  }
  EXPECT_GT(cuts, 5);
}

}  // namespace
}  // namespace api
