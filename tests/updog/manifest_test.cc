#include "updog/manifest.h"

#include <gmock/gmock.h>

#include <string>

#include "tests/support/matchers.h"

namespace updog {
namespace {

using base::ErrorCode;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// The example of the specification, with a member that nobody knows.
constexpr std::string_view kExample = R"json({
  "updates": [ {
      "variant": "aws-k8s-1.15", "arch": "x86_64", "version": "1.13.0", "max_version": "1.20.0",
      "waves": { "0": "2019-10-06T15:00:00Z", "500": "2019-10-07T15:00:00Z",
                 "1024": "2019-10-08T15:00:00Z" },
      "images": { "boot": "b.ext4.lz4", "root": "r.ext4.lz4", "hash": "h.verity.lz4" },
      "colour": "green" } ],
  "migrations": { "(1.11.0, 1.12.0)": ["migrate_1.12.0_foo"],
                  "(1.12.0, 1.13.0)": ["migrate_1.13.0_bar"] },
  "extra": [1.5e3, null]
})json";

// The example with `from`, which occurs once, replaced.
std::string ExampleWith(std::string_view from, std::string_view to) {
  std::string text(kExample);
  const std::size_t place = text.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  return text.replace(place, from.size(), to);
}

TEST(ParseManifest, ReadsTheExample) {
  const auto manifest = ParseManifest(kExample);
  ASSERT_THAT(manifest, IsOk());
  ASSERT_THAT(manifest->updates, SizeIs(1));
  const Update& update = manifest->updates[0];
  EXPECT_EQ(update.variant, "aws-k8s-1.15");
  EXPECT_EQ(update.arch, "x86_64");
  EXPECT_EQ(update.version.text(), "1.13.0");
  EXPECT_EQ(update.max_version.text(), "1.20.0");
  EXPECT_THAT(update.waves, SizeIs(3));
  EXPECT_EQ(update.waves_fault, std::nullopt);
  EXPECT_EQ(update.images.boot, "b.ext4.lz4");
  EXPECT_EQ(update.images.root, "r.ext4.lz4");
  EXPECT_EQ(update.images.hash, "h.verity.lz4");
  ASSERT_THAT(manifest->migrations, SizeIs(2));
  EXPECT_EQ(manifest->migrations[0].to.text(), "1.12.0");
  EXPECT_THAT(manifest->migrations[0].names, ElementsAre("migrate_1.12.0_foo"));
  EXPECT_THAT(FindFaults(kExample), IsEmpty());
}

TEST(ParseManifest, KeepsUnknownMembersInTheSource) {
  const Manifest manifest = ParseManifest(kExample).value();
  EXPECT_EQ(*manifest.updates[0].source.object()->Find("colour")->string(), "green");
}

TEST(ParseManifest, TakesAnUpdateWithoutWavesAndAManifestWithoutMigrations) {
  const auto manifest = ParseManifest(
      R"({"updates": [{"variant": "v", "arch": "a", "version": "1.0.0", "max_version": "1.0.0",
                       "images": {"boot": "b", "root": "r", "hash": "h"}}]})");
  ASSERT_THAT(manifest, IsOk());
  EXPECT_THAT(manifest->updates[0].waves, IsEmpty());
  EXPECT_EQ(manifest->updates[0].waves_fault, std::nullopt);
  EXPECT_THAT(ParseManifest(R"({"updates": []})"), IsOk());
}

struct Damage {
  std::string from;
  std::string to;
  std::string line;  // place and fault
};

class DamagedManifest : public testing::TestWithParam<Damage> {};

TEST_P(DamagedManifest, IsRefusedWithThePlace) {
  const std::string text = ExampleWith(GetParam().from, GetParam().to);
  EXPECT_THAT(ParseManifest(text), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(ParseManifest(text), FailsSaying(GetParam().line));
  ASSERT_THAT(FindFaults(text), testing::Not(IsEmpty()));
  EXPECT_THAT(FindFaults(text)[0].Line(), HasSubstr(GetParam().line));
}

INSTANTIATE_TEST_SUITE_P(
    Manifest, DamagedManifest,
    testing::Values(
        Damage{"\"updates\"", "\"update\"", "updates: missing"},
        Damage{"\"updates\": [", "\"updates\": [7, ", "updates[0]: not an object"},
        Damage{"\"variant\"", "\"Variant\"", "updates[0]: variant: missing"},
        Damage{"\"aws-k8s-1.15\"", "\"\"", "updates[0]: variant: empty"},
        Damage{"\"x86_64\"", "64", "updates[0]: arch: not a string"},
        Damage{"\"1.13.0\"", "\"v1.13.0\"", "updates[0]: version: 'v1.13.0' is not a version"},
        Damage{"\"1.13.0\"", "\"1.13\"", "updates[0]: version: '1.13' is not a version"},
        Damage{"\"max_version\": \"1.20.0\",", "", "updates[0]: max_version: missing"},
        Damage{"\"images\": {", "\"images\": 1, \"pictures\": {",
               "updates[0]: images: not an object"},
        Damage{"\"boot\"", "\"boots\"", "updates[0].images: boot: missing"},
        Damage{"\"r.ext4.lz4\"", "null", "updates[0].images: root: not a string"},
        Damage{"\"h.verity.lz4\"", "[]", "updates[0].images: hash: not a string"},
        // Duplicate names, wherever they are.
        Damage{"\"extra\"", "\"updates\"", "name 'updates' occurs twice"},
        Damage{"\"colour\"", "\"arch\"", "updates[0]: name 'arch' occurs twice"},
        Damage{"\"colour\": \"green\"", "\"waves\": {}", "updates[0]: name 'waves' occurs twice"},
        Damage{"\"colour\": \"green\"", "\"colour\": {\"a\": 1, \"a\": 1}",
               "updates[0].colour: name 'a' occurs twice"},
        Damage{"\"root\"", "\"boot\"", "updates[0].images: name 'boot' occurs twice"},
        Damage{"\"extra\": [1.5e3, null]", "\"extra\": [0, {\"waves\": {\"a\": 1, \"a\": 1}}]",
               "extra[1].waves: name 'a' occurs twice"},
        Damage{"(1.11.0, 1.12.0)", "(1.12.0, 1.13.0)",
               "migrations: name '(1.12.0, 1.13.0)' occurs twice"},
        // Migrations.
        Damage{"\"migrations\": {", "\"migrations\": 1, \"m\": {", "migrations: not an object"},
        Damage{"(1.11.0, 1.12.0)", "1.11.0, 1.12.0", "'1.11.0, 1.12.0': not a pair"},
        Damage{"(1.11.0, 1.12.0)", "(1.11.0,1.12.0)", "not a pair"},
        Damage{"(1.11.0, 1.12.0)", "(, )", "'' is not a version"},
        Damage{"(1.11.0, 1.12.0)", "(1.11.0, )", "'' is not a version"},
        Damage{"(1.11.0, 1.12.0)", "(1.11.0, 1.12)", "'1.12' is not a version"},
        Damage{"(1.11.0, 1.12.0)", "(1.12.0, 1.11.0)", "is not above the first"},
        Damage{"(1.11.0, 1.12.0)", "(1.12.0, 1.12.0)", "is not above the first"},
        Damage{"[\"migrate_1.12.0_foo\"]", "\"foo\"", "(1.11.0, 1.12.0)': not an array"},
        Damage{"[\"migrate_1.12.0_foo\"]", "[5]", "'(1.11.0, 1.12.0)'[0]: not a string"},
        Damage{"\"extra\"", "extra", "not valid JSON"}));

TEST(ParseManifest, RefusesWhatIsNoObject) {
  EXPECT_THAT(ParseManifest("[]"), FailsSaying("not an object"));
  EXPECT_THAT(ParseManifest(""), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(ParseManifest(R"({"updates": {}})"), FailsSaying("updates: not an array"));
}

// A slip in one schedule stops one release, not the fleet.
TEST(ParseManifest, LosesOnlyTheUpdateWhoseWavesAreUnusable) {
  for (const std::string_view waves :
       {R"("500": "2019-10-07T15:00:00Z", "500": "2019-10-07T15:00:00Z")",
        R"("x": "2019-10-07T15:00:00Z")", R"("500": "2018-10-07T15:00:00Z")"}) {
    const std::string text = ExampleWith(R"("500": "2019-10-07T15:00:00Z")", waves);
    const auto manifest = ParseManifest(text);
    ASSERT_THAT(manifest, IsOk()) << waves;
    EXPECT_NE(manifest->updates[0].waves_fault, std::nullopt);
    EXPECT_THAT(FindFaults(text), ElementsAre(Field(&Fault::place, "updates[0].waves")));
  }
}

TEST(FindFaults, NamesThemAll) {
  const std::string text = R"text({"updates": [
      {"variant": "v", "version": "1", "max_version": "1.0.0",
       "waves": {"x": 1, "7": 1, "9": "2020-01-02T00:00:00Z", "10": "2020-01-01T00:00:00Z"},
       "images": {"boot": "b"}},
      {"variant": "v", "arch": "a", "version": "1.0.0", "max_version": "1.0.0",
       "images": {"boot": "b", "root": "r", "hash": "h"}, "waves": []}],
      "migrations": {"x": [], "(1, 2)": [7, "a", ""], "(1.2.0, 1.1.0)": "a"},
      "halted": [{"since": "now", "update": {"version": "1.0.0", "max_version": 1, "variant": "v",
                  "arch": "a", "images": {}, "waves": {"x": 1}}}, 7]})text";
  std::vector<std::string> lines;
  for (const Fault& fault : FindFaults(text)) lines.push_back(fault.Line());
  EXPECT_THAT(
      lines,
      ElementsAre(
          "updates[0]: arch: missing", HasSubstr("updates[0]: version: '1' is not a version"),
          "updates[0].images: root: missing", "updates[0].images: hash: missing",
          HasSubstr("migrations: '(1, 2)': '1' is not a version"),
          HasSubstr("migrations: '(1, 2)': '2' is not a version"),
          "migrations: '(1, 2)'[0]: not a string", "migrations: '(1, 2)'[2]: empty",
          "migrations: '(1.2.0, 1.1.0)': the second version is not above the first",
          "migrations: '(1.2.0, 1.1.0)': not an array", HasSubstr("migrations: 'x': not a pair"),
          HasSubstr("halted[0]: since: 'now' is not a time"),
          "halted[0].update: max_version: not a string", "halted[0].update.images: boot: missing",
          "halted[0].update.images: root: missing", "halted[0].update.images: hash: missing",
          "halted[1]: not an object", "updates[0].waves: 7: not a time",
          HasSubstr("updates[0].waves: 'x'"), "updates[0].waves: x: not a time",
          "updates[0].waves: 10 starts before 9 does", "updates[1].waves: not an object",
          HasSubstr("halted[0].update.waves: 'x'"), "halted[0].update.waves: x: not a time"));
}

std::string MinimalUpdate(std::string_view version, std::string_view max_version) {
  std::string text = R"({"variant": "v", "arch": "a", "version": "V", "max_version": "M",
                         "images": {"boot": "b", "root": "r", "hash": "h"}})";
  text.replace(text.find("\"V\"") + 1, 1, version);
  return text.replace(text.find("\"M\"") + 1, 1, max_version);
}

std::string MinimalManifest(const std::string& first, const std::string& second) {
  return R"({"updates": [)" + first + "," + second + "]}";
}

TEST(FindFaults, FindsAnUpdateThatIsListedTwice) {
  const std::string update = MinimalUpdate("1.0.0", "1.0.0");
  EXPECT_THAT(FindFaults(MinimalManifest(update, update)),
              ElementsAre(AllOf(Field(&Fault::place, "updates[1]"),
                                Field(&Fault::what, HasSubstr("listed already as updates[0]")))));
}

// A fault elsewhere hides no contradiction.
TEST(FindFaults, FindsContradictionsBesideOtherFaults) {
  const std::string update = MinimalUpdate("1.0.0", "1.0.0");
  EXPECT_THAT(FindFaults(MinimalManifest("7", update + "," + update)),
              ElementsAre(Field(&Fault::place, "updates[0]"),
                          Field(&Fault::what, HasSubstr("listed already as updates[1]"))));
}

TEST(FindFaults, FindsMaximaBetweenWhichHostsWouldGoBackAndForth) {
  EXPECT_THAT(
      FindFaults(MinimalManifest(MinimalUpdate("1.0.0", "1.0.0"), MinimalUpdate("1.1.0", "1.1.0"))),
      ElementsAre(AllOf(Field(&Fault::place, "updates[0]"),
                        Field(&Fault::what, HasSubstr("back and forth")))));
}

TEST(FindFaults, TakesAWithdrawnUpdate) {
  EXPECT_THAT(
      FindFaults(MinimalManifest(MinimalUpdate("1.0.0", "1.0.0"), MinimalUpdate("1.1.0", "1.0.0"))),
      IsEmpty());
}

// No host takes what is halted, so a fault in it costs nothing.
TEST(ParseManifest, ReadsWhatIsHaltedAsFarAsItCan) {
  for (const char* halted : {"5", "[5]", "[{}]", R"([{"since": "x", "update": {}}])"}) {
    const auto manifest =
        ParseManifest(std::string(R"({"updates": [], "halted": )") + halted + "}");
    EXPECT_TRUE(manifest.has_value()) << halted;
  }
  const auto manifest = ParseManifest(
      R"({"updates": [], "halted": [{"update": {"variant": "demo", "version": "1.1.0"}}]})");
  ASSERT_TRUE(manifest.has_value());
  ASSERT_EQ(manifest->halted.size(), 1U);
  EXPECT_EQ(manifest->halted[0].version.text(), "1.1.0");
}

}  // namespace
}  // namespace updog
