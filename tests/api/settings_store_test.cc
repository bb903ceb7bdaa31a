#include "api/settings_store.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <string>

#include "api/datastore.h"
#include "tests/api/settings_host.h"
#include "tests/support/matchers.h"
#include "updog/config.h"

namespace api {
namespace {

using base::ErrorCode;
using base::json::Value;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::IsOkAnd;
using test::SettingsHost;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const SettingChanges kUrls = {{"updates.metadata-base-url", Value("https://h/metadata")},
                              {"updates.targets-base-url", Value("https://h/targets")}};

class SettingsStoreTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_THAT(host_.Start(), IsOk()); }

  base::Result<std::vector<std::string>> Set(const SettingChanges& changes) {
    SettingsStore store = host_.Open();
    TRY(store.Stage(kDefaultTransaction, changes));
    return store.Commit(kDefaultTransaction);
  }

  const SettingsHost host_;
};

TEST_F(SettingsStoreTest, HoldsWhatWasCommitted) {
  EXPECT_THAT(Set(kUrls), IsOkAnd(ElementsAre("settings.updates.metadata-base-url",
                                              "settings.updates.targets-base-url")));
  const auto settings = host_.Open().Read();
  ASSERT_THAT(settings, IsOk());
  EXPECT_EQ(settings->at("updates.metadata-base-url"), Value("https://h/metadata"));
  EXPECT_EQ(settings->at("updates.seed"), Value::Integer(17));
  EXPECT_EQ(settings->at("updates.version-lock"), Value("latest"));
}

TEST_F(SettingsStoreTest, ConfiguresUpdog) {
  host_.Write(host_.paths().base_config, "trusted_root = \"/root.json\"\nseed = 3\n");
  ASSERT_THAT(Set(kUrls), IsOk());
  const auto config = updog::LoadConfig(host_.paths().config);
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->metadata_base_url, "https://h/metadata");
  EXPECT_EQ(config->targets_base_url, "https://h/targets");
  EXPECT_EQ(config->seed, 17U);
  EXPECT_EQ(config->trusted_root, "/root.json");
}

TEST_F(SettingsStoreTest, ShowsWhatTheImagesConfigurationOfUpdogSays) {
  host_.Write(host_.paths().base_config,
              "version_lock = \"1.2.3\"\nignore_waves = true\nno_proxy = [\"a\"]\nseed = 3\n");
  host_.Write(host_.paths().image_settings, "[network]\nno-proxy = ['b']\n");
  ASSERT_THAT(host_.Start(), IsOk());
  const Settings settings = *host_.Open().Read();
  EXPECT_EQ(settings.at("updates.version-lock"), Value("1.2.3"));
  EXPECT_EQ(settings.at("updates.ignore-waves"), Value(true));
  EXPECT_EQ(settings.at("network.no-proxy"), Value(base::json::Array{"b"}));
  EXPECT_EQ(settings.at("updates.seed"), Value::Integer(17));
  // And that is what holds.
  const auto lines = {"version_lock = \"1.2.3\"", "ignore_waves = true", "no_proxy = [\"b\"]"};
  for (const char* line : lines) EXPECT_THAT(host_.config(), HasSubstr(line));

  EXPECT_THAT(Set({{"updates.ignore-waves", Value(false)}}),
              IsOkAnd(ElementsAre("settings.updates.ignore-waves")));
  EXPECT_THAT(host_.config(), HasSubstr("ignore_waves = false"));
  ASSERT_THAT(Set({{"updates.ignore-waves", Value()}}), IsOk());
  EXPECT_EQ(host_.Open().Read()->at("updates.ignore-waves"), Value(true));
  EXPECT_THAT(host_.config(), HasSubstr("ignore_waves = true"));
}

TEST_F(SettingsStoreTest, RefusesAnImagesConfigurationOfUpdogThatNoSettingCanBe) {
  host_.Write(host_.paths().base_config, "version_lock = \"newest\"\n");
  EXPECT_THAT(SettingsStore::Open(host_.paths()),
              AllOf(Fails(ErrorCode::kMalformed),
                    FailsSaying("etc/updog.toml: settings.updates.version-lock: 'newest'")));
}

TEST_F(SettingsStoreTest, FailsItsCheckWhereUpdogCouldNotReadWhatFollows) {
  EXPECT_THAT(host_.Open().Check(), IsOk());
  for (const std::string config : {"proxy = \"x\"", "client_key = \"/k\"", "[table]\nx = 1"}) {
    host_.Write(host_.paths().base_config, config + "\n");
    EXPECT_FALSE(host_.Open().Check()) << config;
  }
  // Where to look for updates may come from the settings.
  host_.Write(host_.paths().base_config, "ignore_waves = true\n");
  EXPECT_THAT(host_.Open().Check(), IsOk());
  host_.Write(host_.paths().datastore + "/1.0.0/settings.json", "no JSON");
  EXPECT_FALSE(host_.Open().Check());
}

TEST_F(SettingsStoreTest, RefusesMoreThanItsReaderTakes) {
  std::string image = "[list]\n";
  for (int i = 0; i < 6; ++i) image += "l" + std::to_string(i) + " = []\n";
  host_.Write(host_.paths().image_settings, image);
  const base::json::Array many(100, Value(std::string(2000, 'x')));
  for (int i = 0; i < 5; ++i) {
    ASSERT_THAT(Set({{"list.l" + std::to_string(i), Value(many)}}), IsOk()) << i;
  }
  EXPECT_THAT(Set({{"list.l5", Value(many)}}), Fails(ErrorCode::kTooLarge));
  EXPECT_THAT(host_.Open().Read(), IsOk());
}

TEST_F(SettingsStoreTest, KeepsAProxysPasswordFromOtherUsers) {
  ASSERT_THAT(Set({{"network.https-proxy", Value("http://user:password@proxy")}}), IsOk());
  ASSERT_THAT(host_.config(), HasSubstr("password"));
  for (const std::string& path :
       {host_.paths().config, host_.paths().datastore + "/1.0.0/settings.json"}) {
    EXPECT_EQ(std::filesystem::status(path).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)
        << path;
  }
}

TEST_F(SettingsStoreTest, WritesTextThatTomlWouldReadOtherwise) {
  ASSERT_THAT(Set(kUrls), IsOk());
  const std::string hard = R"(a"b\c#d'é)";
  ASSERT_THAT(Set({{"network.no-proxy", Value(base::json::Array{hard})}}), IsOk());
  const auto config = updog::LoadConfig(host_.paths().config);
  ASSERT_THAT(config, IsOk());
  EXPECT_THAT(config->no_proxy, ElementsAre(hard));
}

TEST_F(SettingsStoreTest, ChangesNothingBeforeTheCommit) {
  SettingsStore store = host_.Open();
  const auto before = store.Read();
  const std::string config = host_.config();
  ASSERT_THAT(store.Stage("mine", kUrls), IsOk());
  EXPECT_EQ(*store.Read(), *before);
  EXPECT_EQ(host_.config(), config);
}

TEST_F(SettingsStoreTest, KeepsTransactionsApart) {
  SettingsStore store = host_.Open();
  ASSERT_THAT(store.Stage("one", {{"updates.ignore-waves", Value(true)}}), IsOk());
  ASSERT_THAT(store.Stage("two", {{"updates.seed", Value::Integer(1)}}), IsOk());
  EXPECT_THAT(store.Commit("one"), IsOkAnd(ElementsAre("settings.updates.ignore-waves")));
  EXPECT_EQ(store.Read()->at("updates.seed"), Value::Integer(17));
  EXPECT_THAT(store.Commit("two"), IsOkAnd(ElementsAre("settings.updates.seed")));
}

TEST_F(SettingsStoreTest, GathersAllThatIsStagedAndTheLastWordWins) {
  SettingsStore store = host_.Open();
  ASSERT_THAT(store.Stage("t", {{"updates.seed", Value::Integer(1)}}), IsOk());
  ASSERT_THAT(store.Stage("t", {{"updates.seed", Value::Integer(2)}}), IsOk());
  // Another process: the server was restarted in between.
  ASSERT_THAT(host_.Open().Stage("t", {{"updates.ignore-waves", Value(true)}}), IsOk());
  EXPECT_THAT(host_.Open().Commit("t"),
              IsOkAnd(ElementsAre("settings.updates.ignore-waves", "settings.updates.seed")));
  EXPECT_EQ(host_.Open().Read()->at("updates.seed"), Value::Integer(2));
}

TEST_F(SettingsStoreTest, RemovesAtACommitWhatOneLeftThatWasCut) {
  const std::string left = host_.paths().datastore + "/1.0.0/.settings.json.Xy12Zq.tmp";
  host_.Write(left, "half of i");
  ASSERT_THAT(Set(kUrls), IsOk());
  EXPECT_FALSE(std::filesystem::exists(left));
}

TEST_F(SettingsStoreTest, CommitsATransactionOnce) {
  SettingsStore store = host_.Open();
  EXPECT_THAT(store.Commit("t"), Fails(ErrorCode::kState));
  ASSERT_THAT(store.Stage("t", kUrls), IsOk());
  ASSERT_THAT(store.Commit("t"), IsOk());
  EXPECT_THAT(store.Commit("t"), Fails(ErrorCode::kState));
}

TEST_F(SettingsStoreTest, NamesNoSettingThatStaysWhatItIs) {
  EXPECT_THAT(Set({{"updates.version-lock", Value("latest")}}), IsOkAnd(IsEmpty()));
}

TEST_F(SettingsStoreTest, TakesNullBackToTheDefault) {
  ASSERT_THAT(Set({{"updates.version-lock", Value("1.2.3")}}), IsOk());
  EXPECT_THAT(Set({{"updates.version-lock", Value()}}),
              IsOkAnd(ElementsAre("settings.updates.version-lock")));
  EXPECT_EQ(host_.Open().Read()->at("updates.version-lock"), Value("latest"));
  EXPECT_THAT(host_.config(), Not(HasSubstr("version_lock")));
}

TEST_F(SettingsStoreTest, RefusesAWrongValueAndStagesNothing) {
  SettingsStore store = host_.Open();
  EXPECT_THAT(store.Stage("t", {{"updates.seed", Value::Integer(1)},
                                {"updates.metadata-base-url", Value("gopher://h")}}),
              FailsSaying("settings.updates.metadata-base-url"));
  EXPECT_THAT(store.Commit("t"), Fails(ErrorCode::kState));
}

TEST_F(SettingsStoreTest, RefusesNamesOfTransactionsThatAreNoFileNames) {
  SettingsStore store = host_.Open();
  for (const std::string& name :
       std::vector<std::string>{"", "..", ".hidden", "a/b", "a b", "-", std::string(65, 'x')}) {
    EXPECT_THAT(store.Stage(name, kUrls), Fails(ErrorCode::kUsage)) << name;
    EXPECT_THAT(store.Commit(name), Fails(ErrorCode::kUsage)) << name;
  }
}

TEST_F(SettingsStoreTest, DropsTheOldestTransactionsWhereTooManyAreOpen) {
  SettingsStore store = host_.Open();
  for (int i = 0; i < 100; ++i) {
    const std::string name = "t" + std::to_string(i);
    ASSERT_THAT(store.Stage(name, {{"updates.ignore-waves", Value(true)}}), IsOk());
    // The clock of a file system may stand still for longer than this loop takes.
    std::filesystem::last_write_time(host_.paths().transactions + "/" + name + ".json",
                                     std::filesystem::file_time_type() + std::chrono::hours(i));
  }
  EXPECT_THAT(store.Commit("t35"), Fails(ErrorCode::kState));
  EXPECT_THAT(store.Commit("t36"), IsOk());
  EXPECT_THAT(store.Commit("t99"), IsOk());
}

TEST_F(SettingsStoreTest, IsBusyWhileAnotherProcessCommits) {
  SettingsStore store = host_.Open();
  ASSERT_THAT(store.Stage("t", kUrls), IsOk());
  const auto lock = LockDatastore(host_.paths().datastore);
  ASSERT_THAT(lock, IsOk());
  EXPECT_THAT(store.Commit("t"), Fails(ErrorCode::kBusy));
}

TEST_F(SettingsStoreTest, IsNotOpenedByAnotherVersion) {
  host_.SetVersion("2.0.0");
  EXPECT_THAT(SettingsStore::Open(host_.paths()), Fails(ErrorCode::kState));
}

TEST_F(SettingsStoreTest, SaysWhichFileIsDamaged) {
  const std::string path = host_.paths().datastore + "/1.0.0/settings.json";
  host_.Write(path, "{");
  EXPECT_THAT(host_.Open().Read(), FailsSaying(path));
  // What nobody stored through here is not believed either.
  host_.Write(path, R"({"updates":{"seed":9999}})");
  EXPECT_THAT(host_.Open().Read(), FailsSaying("settings.updates.seed"));
}

TEST_F(SettingsStoreTest, RaisesTheKernelsLockdownAtOnceAndNeverLowersIt) {
  const std::string path = host_.paths().lockdown;
  host_.Write(path, "none [integrity] confidentiality\n");
  ASSERT_THAT(Set({{"kernel.lockdown", Value("integrity")}}), IsOk());
  EXPECT_THAT(host_.Read(path), HasSubstr("[integrity]"));
  ASSERT_THAT(Set({{"kernel.lockdown", Value("confidentiality")}}), IsOk());
  // What was written is all that a plain file can show.
  EXPECT_THAT(host_.Read(path), testing::StartsWith("confidentiality"));
  host_.Write(path, "none integrity [confidentiality]\n");
  ASSERT_THAT(Set({{"kernel.lockdown", Value("integrity")}}), IsOk());
  EXPECT_EQ(host_.Read(path), "none integrity [confidentiality]\n");
}

TEST_F(SettingsStoreTest, AppliesAgainWhatACrashLeftOut) {
  ASSERT_THAT(Set(kUrls), IsOk());
  const std::string config = host_.config();
  std::filesystem::remove(host_.paths().config);
  const auto lock = LockDatastore(host_.paths().datastore);
  ASSERT_THAT(lock, IsOk());
  ASSERT_THAT(host_.Open().Apply(*lock), IsOk());
  EXPECT_EQ(host_.config(), config);
}

}  // namespace
}  // namespace api
