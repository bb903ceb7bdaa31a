#include "api/settings_schema.h"

#include <gmock/gmock.h>

#include <string>

#include "base/json.h"
#include "tests/support/matchers.h"

namespace api {
namespace {

using base::ErrorCode;
using base::json::Value;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::IsOkAnd;
using testing::AllOf;
using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

SettingsSchema Schema(std::string_view image_toml = "") {
  auto schema = SettingsSchema::Create(image_toml);
  EXPECT_THAT(schema, IsOk());
  return *std::move(schema);
}

std::string Json(const Settings& settings) {
  return base::json::Serialize(SettingsToJson(settings), base::json::Style::kCompact);
}

TEST(Settings, AreNestedInJsonAndComeBack) {
  const Settings settings = {{"updates.seed", Value::Integer(5)},
                             {"updates.ignore-waves", Value(true)},
                             {"network.no-proxy", Value(base::json::Array{"a"})}};
  EXPECT_EQ(Json(settings),
            R"({"network":{"no-proxy":["a"]},"updates":{"ignore-waves":true,"seed":5}})");
  EXPECT_THAT(SettingsFromJson(SettingsToJson(settings)), IsOkAnd(settings));
}

TEST(Settings, OfAPrefixAreThoseWhoseFullNameBeginsWithIt) {
  const Settings settings = {{"network.https-proxy", Value("")},
                             {"updates.seed", Value::Integer(5)},
                             {"updates.version-lock", Value("latest")}};
  EXPECT_EQ(SettingsWithPrefix(settings, ""), settings);
  EXPECT_EQ(SettingsWithPrefix(settings, "settings"), settings);
  for (const char* prefix : {"settings.updates.s", "updates.seed"}) {
    EXPECT_THAT(SettingsWithPrefix(settings, prefix),
                ElementsAre(Pair("updates.seed", Value::Integer(5))));
  }
  EXPECT_TRUE(SettingsWithPrefix(settings, "os").empty());
}

TEST(SettingsSchema, HasADefaultForAllButUrlsAndSeed) {
  const Settings defaults = Schema().defaults();
  EXPECT_EQ(defaults.at("updates.version-lock"), Value("latest"));
  EXPECT_EQ(defaults.at("agent.mode"), Value("off"));
  EXPECT_FALSE(defaults.contains("updates.metadata-base-url"));
  EXPECT_FALSE(defaults.contains("updates.targets-base-url"));
  EXPECT_FALSE(defaults.contains("updates.seed"));
  EXPECT_THAT(Schema().CheckAll(defaults), IsOk());
}

TEST(SettingsSchema, TakesChangesWithAndWithoutTheOuterName) {
  const SettingChanges wanted = {{"updates.seed", Value::Integer(2048)}};
  EXPECT_THAT(Schema().ParseChanges(R"({"updates":{"seed":2048}})"), IsOkAnd(wanted));
  EXPECT_THAT(Schema().ParseChanges(R"({"settings":{"updates":{"seed":2048}}})"), IsOkAnd(wanted));
  EXPECT_THAT(Schema().ParsePairs(R"(["updates.seed=2048"])"), IsOkAnd(wanted));
  EXPECT_THAT(Schema().ParsePairs(R"(["settings.updates.seed=2048"])"), IsOkAnd(wanted));
}

TEST(SettingsSchema, ReadsAPairAsItsSettingWantsIt) {
  EXPECT_THAT(
      Schema().ParsePairs(
          R"j(["updates.version-lock=1.2.3", "updates.ignore-waves=true",
                      "network.no-proxy=[\"a\",\"b\"]",
                      "updates.metadata-base-url=https://h/m=1/"])j"),
      IsOkAnd(UnorderedElementsAre(Pair("updates.version-lock", Value("1.2.3")),
                                   Pair("updates.ignore-waves", Value(true)),
                                   Pair("network.no-proxy", Value(base::json::Array{"a", "b"})),
                                   Pair("updates.metadata-base-url", Value("https://h/m=1/")))));
}

TEST(SettingsSchema, TakesTheAgentsDurationsUpToTheirBounds) {
  for (const char* pair :
       {"agent.check-every=10 minutes", "agent.check-every=30 days", "agent.jitter=0 seconds",
        "agent.jitter=1 day", "agent.window-duration=15 minutes", "agent.window-duration=1 day"}) {
    EXPECT_THAT(Schema().ParsePairs(base::json::Serialize(Value(base::json::Array{pair}),
                                                          base::json::Style::kCompact)),
                IsOk())
        << pair;
  }
}

TEST(SettingsSchema, LetsNullTakeASettingBackButNotTheSeed) {
  EXPECT_THAT(Schema().ParseChanges(R"({"updates":{"version-lock":null}})"), IsOk());
  EXPECT_THAT(Schema().ParseChanges(R"({"updates":{"seed":null}})"),
              AllOf(Fails(ErrorCode::kUsage), FailsSaying("always has one")));
}

struct Refusal {
  const char* pair;
  const char* why;
};

class SettingsSchemaRefuses : public testing::TestWithParam<Refusal> {};

TEST_P(SettingsSchemaRefuses, WithSettingAndReason) {
  const std::string body =
      base::json::Serialize(Value(base::json::Array{GetParam().pair}), base::json::Style::kCompact);
  const std::string pair = GetParam().pair;
  EXPECT_THAT(Schema().ParsePairs(body),
              AllOf(Fails(ErrorCode::kUsage), FailsSaying(GetParam().why),
                    FailsSaying("settings." + pair.substr(0, pair.find('=')))));
}

INSTANTIATE_TEST_SUITE_P(
    AllKinds, SettingsSchemaRefuses,
    testing::Values(
        Refusal{"updates.seed=2049", "not a whole number from 0 to 2047"},
        Refusal{"updates.seed=-1", "not a whole number from 0 to 2047"},
        Refusal{"updates.seed=seven", "not a whole number from 0 to 2047"},
        Refusal{"updates.seed=17.0", "not a whole number from 0 to 2047, in digits"},
        Refusal{"updates.seed=99999999999999999999", "not a whole number from 0 to 2047"},
        Refusal{"updates.seed=[1]", "not a whole number from 0 to 2047"},
        Refusal{"updates.seed=1.5", "not a whole number from 0 to 2047"},
        Refusal{"updates.metadata-base-url=ftp://h/", "is not an https, http or file URL"},
        Refusal{"updates.targets-base-url=", "is not an https, http or file URL"},
        Refusal{"updates.targets-base-url=https://h/?a=b", "has a query"},
        Refusal{"updates.version-lock=1.2", "1.2"},
        Refusal{"updates.ignore-waves=yes", "not true or false"},
        Refusal{"updates.sed=1", "there is no such setting"},
        Refusal{"updates.metadata-base-url=https://", "has no host"},
        Refusal{"network.https-proxy=proxy:3128", "is not an http or https URL"},
        Refusal{"network.https-proxy=http://p:99999", "a port that is not 1 to 65535"},
        Refusal{"network.no-proxy=localhost", "not a list of strings"},
        Refusal{"network.no-proxy=[1]", "not a list of strings"},
        Refusal{"kernel.lockdown=none", "the kernel's command line sets integrity"},
        Refusal{"kernel.lockdown=strict", "neither integrity nor confidentiality"},
        Refusal{"agent.mode=on", "none of off, check, apply"},
        Refusal{"agent.check-every=often", "not a duration"},
        Refusal{"agent.check-every=599 seconds", "not between 10 minutes and 30 days"},
        Refusal{"agent.check-every=31 days", "not between 10 minutes and 30 days"},
        Refusal{"agent.jitter=25 hours", "more than 1 day"},
        Refusal{"agent.window-start=24:00", "not a time of day"},
        Refusal{"agent.window-duration=0 hours", "not between 15 minutes and 24 hours"},
        Refusal{"agent.window-duration=25 hours", "not between 15 minutes and 24 hours"},
        Refusal{"agent.window-days=[]", "lists no day"},
        Refusal{"agent.window-days=[\"monday\"]", "is no day"},
        Refusal{"agent.before-reboot=../../bin/sh", "not the name of a program"},
        Refusal{"agent.before-reboot=two words", "not the name of a program"},
        Refusal{"updates.version-lock=1.2.3\n", "has a control character"}));

TEST(SettingsSchema, RefusesWhatIsNoChange) {
  EXPECT_THAT(Schema().ParseChanges("[]"), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(Schema().ParseChanges("{}"), FailsSaying("no setting"));
  EXPECT_THAT(Schema().ParseChanges(R"({"updates":{"seed":1,"seed":2}})"),
              Fails(ErrorCode::kMalformed));
  EXPECT_THAT(Schema().ParseChanges(R"({"updates.seed":1})"), FailsSaying("not a name"));
  EXPECT_THAT(Schema().ParsePairs(R"(["updates.seed"])"), FailsSaying("is not KEY=VALUE"));
  EXPECT_THAT(Schema().ParsePairs(R"(["updates.seed=1","settings.updates.seed=2"])"),
              FailsSaying("given twice"));
  EXPECT_THAT(Schema().ParsePairs(R"({"updates":{}})"), Fails(ErrorCode::kMalformed));
}

TEST(SettingsSchema, RefusesWhatIsTooLong) {
  const std::string path(3000, 'x');
  EXPECT_THAT(Schema().Check("updates.metadata-base-url", Value("https://h/" + path)),
              FailsSaying("longer than"));
  EXPECT_THAT(Schema().Check("network.no-proxy", Value(base::json::Array(200, "h"))),
              FailsSaying("more than"));
}

TEST(SettingsSchema, TakesDefaultsAndSettingsOfTheImage) {
  const SettingsSchema schema = Schema(R"(
      [updates]
      metadata-base-url = "https://updates.example/metadata"
      [agent]
      mode = "check"
      [greeting]
      text = "hello"
      loud = false
      names = ["a"]
      times = 1)");
  EXPECT_EQ(schema.defaults().at("updates.metadata-base-url"),
            Value("https://updates.example/metadata"));
  EXPECT_EQ(schema.defaults().at("agent.mode"), Value("check"));
  EXPECT_EQ(schema.defaults().at("greeting.times"), Value::Integer(1));
  EXPECT_THAT(schema.ParsePairs(R"(["greeting.text=good morning","greeting.loud=true"])"), IsOk());
  EXPECT_THAT(schema.ParsePairs(R"(["greeting.loud=maybe"])"), FailsSaying("true or false"));
  EXPECT_THAT(schema.ParsePairs(R"(["greeting.times=1.0"])"),
              FailsSaying("a whole number in digits"));
  EXPECT_THAT(schema.ParsePairs(R"(["greeting.other=1"])"), FailsSaying("no such setting"));
}

TEST(SettingsSchema, RefusesAnImagesFileThatCannotBeMeant) {
  EXPECT_THAT(SettingsSchema::Create("[updates"), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(SettingsSchema::Create("[updates]\nsed = 1"), FailsSaying("no such setting"));
  EXPECT_THAT(SettingsSchema::Create("[updates]\nseed = 1"), FailsSaying("each host's own"));
  EXPECT_THAT(SettingsSchema::Create("[agent]\nmode = 'on'"), FailsSaying("off, check, apply"));
  EXPECT_THAT(SettingsSchema::Create("[greeting]\nratio = 0.5"), FailsSaying("of no kind"));
  EXPECT_THAT(SettingsSchema::Create("greeting = 'hello'"), FailsSaying("not table.name"));
}

TEST(SettingsSchema, TakesUserDataThatSaysNothing) {
  for (const char* toml : {"", "\n", "# version-lock = '1.2.3'\n", "[settings]\n"}) {
    EXPECT_THAT(Schema().ParseUserData(toml), IsOkAnd(testing::IsEmpty())) << toml;
  }
}

TEST(SettingsSchema, TakesUserDataOfOneTableOnly) {
  EXPECT_THAT(Schema().ParseUserData("[settings.updates]\nseed = 3"),
              IsOkAnd(ElementsAre(Pair("updates.seed", Value::Integer(3)))));
  EXPECT_THAT(Schema().ParseUserData("[settings.updates]\nseed = 3\n[other]\na = 1"),
              FailsSaying("something else than the table [settings]"));
  EXPECT_THAT(Schema().ParseUserData("[updates]\nseed = 3"), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(Schema().ParseUserData("[settings.updates]\nseed = 'x'"),
              FailsSaying("settings.updates.seed"));
}

}  // namespace
}  // namespace api
