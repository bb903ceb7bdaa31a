#include "updog/manifest_editor.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/support/matchers.h"

namespace updog {
namespace {

using base::ErrorCode;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Version V(std::string_view text) {
  return Version::Parse(text).value();
}

NewUpdate MakeNew(std::string_view version, std::string_view variant = "demo") {
  return {.variant = std::string(variant),
          .arch = "x86_64",
          .version = V(version),
          .max_version = std::nullopt,
          .images = {.boot = "b", .root = "r", .hash = "h"}};
}

Selector OfVersion(std::string_view version) {
  return {.variant = {}, .arch = {}, .version = V(version)};
}

class ManifestEditorTest : public testing::Test {
 protected:
  void Add(std::string_view version, std::string_view variant = "demo") {
    EXPECT_THAT(editor_.AddUpdate(MakeNew(version, variant)), IsOk());
  }
  Manifest Result() const { return ParseManifest(editor_.Serialize()).value(); }
  // "1.0.0<=1.1.0" for each update.
  std::vector<std::string> Versions() const {
    std::vector<std::string> versions;
    for (const Update& update : Result().updates) {
      versions.push_back(update.version.text() + "<=" + update.max_version.text());
    }
    return versions;
  }
  ManifestEditor editor_ = ManifestEditor::Create();
};

TEST_F(ManifestEditorTest, StartsWithAManifestThatOffersNothing) {
  EXPECT_EQ(editor_.Serialize(), "{\n  \"migrations\": {},\n  \"updates\": []\n}\n");
  EXPECT_THAT(FindFaults(editor_.Serialize()), IsEmpty());
}

TEST_F(ManifestEditorTest, AddsAnUpdateWithEmptyWaves) {
  Add("1.0.0");
  const Manifest manifest = Result();
  ASSERT_THAT(manifest.updates, SizeIs(1));
  EXPECT_EQ(manifest.updates[0].variant, "demo");
  EXPECT_EQ(manifest.updates[0].images.hash, "h");
  EXPECT_THAT(editor_.Serialize(), HasSubstr("\"waves\": {}"));
  EXPECT_THAT(FindFaults(editor_.Serialize()), IsEmpty());
}

TEST_F(ManifestEditorTest, KeepsOneMaximumForAVariantAndArchitecture) {
  Add("1.0.0");
  Add("1.1.0");
  Add("1.0.5");
  Add("7.0.0", "other");
  EXPECT_THAT(Versions(),
              ElementsAre("1.0.0<=1.1.0", "1.1.0<=1.1.0", "1.0.5<=1.1.0", "7.0.0<=7.0.0"));
  NewUpdate update = MakeNew("1.2.0");
  update.max_version = V("2.0.0");
  EXPECT_THAT(editor_.AddUpdate(update), IsOk());
  EXPECT_THAT(Versions(), ElementsAre("1.0.0<=2.0.0", "1.1.0<=2.0.0", "1.0.5<=2.0.0",
                                      "7.0.0<=7.0.0", "1.2.0<=2.0.0"));
  EXPECT_THAT(FindFaults(editor_.Serialize()), IsEmpty());
}

TEST_F(ManifestEditorTest, DoesNotListAVersionTwice) {
  Add("1.0.0");
  EXPECT_THAT(editor_.AddUpdate(MakeNew("1.0.0")), Fails(ErrorCode::kState));
  EXPECT_THAT(editor_.AddUpdate(MakeNew("1.0.0")),
              FailsSaying("demo 1.0.0 for x86_64 is listed already"));
}

TEST_F(ManifestEditorTest, RemovesOneVersionOfAllVariantsOrOfOne) {
  Add("1.0.0");
  Add("1.1.0");
  Add("1.0.0", "other");
  EXPECT_THAT(editor_.RemoveUpdates({}), Fails(ErrorCode::kUsage));
  EXPECT_THAT(editor_.RemoveUpdates(OfVersion("3.0.0")), Fails(ErrorCode::kNotFound));
  Selector selector = OfVersion("1.0.0");
  selector.variant = "other";
  EXPECT_THAT(editor_.RemoveUpdates(selector), IsOk());
  EXPECT_THAT(Versions(), ElementsAre("1.0.0<=1.1.0", "1.1.0<=1.1.0"));
  EXPECT_THAT(editor_.RemoveUpdates(OfVersion("1.0.0")), IsOk());
  EXPECT_THAT(Versions(), ElementsAre("1.1.0<=1.1.0"));
  EXPECT_THAT(editor_.RemoveUpdates({}), IsOk());
  EXPECT_THAT(Versions(), IsEmpty());
}

TEST_F(ManifestEditorTest, SetsWavesOfOneVersion) {
  Add("1.0.0");
  Add("1.1.0");
  const Waves waves = {{0, base::Time(std::chrono::seconds(5))}};
  EXPECT_THAT(editor_.SetWaves({}, waves), Fails(ErrorCode::kUsage));
  EXPECT_THAT(editor_.SetWaves(OfVersion("1.1.0"), waves), IsOk());
  EXPECT_THAT(Result().updates[0].waves, IsEmpty());
  EXPECT_EQ(Result().updates[1].waves, waves);
}

TEST_F(ManifestEditorTest, WithdrawsByLoweringTheMaximum) {
  Add("1.0.0");
  Add("1.1.0");
  EXPECT_THAT(editor_.SetMaxVersion({}, V("1.0.0")), IsOk());
  EXPECT_THAT(Versions(), ElementsAre("1.0.0<=1.0.0", "1.1.0<=1.0.0"));
  EXPECT_THAT(FindFaults(editor_.Serialize()), IsEmpty());
}

TEST_F(ManifestEditorTest, DoesNotOfferAWithdrawnVersionAgainByTheWay) {
  Add("1.0.0");
  Add("1.1.0");
  ASSERT_THAT(editor_.SetMaxVersion({}, V("1.0.0")), IsOk());
  EXPECT_THAT(editor_.AddUpdate(MakeNew("1.2.0")), FailsSaying("demo 1.1.0 is withdrawn"));
  EXPECT_THAT(editor_.AddUpdate(MakeNew("1.2.0")), Fails(ErrorCode::kState));
  EXPECT_THAT(editor_.AddUpdate(MakeNew("1.2.0", "other")), IsOk());
  EXPECT_THAT(editor_.DropWithdrawn({}), ElementsAre("demo 1.1.0"));
  EXPECT_THAT(editor_.AddUpdate(MakeNew("1.2.0")), IsOk());
  EXPECT_THAT(Versions(), ElementsAre("1.0.0<=1.2.0", "1.2.0<=1.2.0", "1.2.0<=1.2.0"));
}

base::Time At(std::int64_t second) {
  return base::Time(std::chrono::seconds(second));
}

TEST_F(ManifestEditorTest, HaltsTheNewestOfEachKindAndKeepsIt) {
  Add("1.0.0");
  Add("1.1.0");
  Add("3.0.0", "other");
  EXPECT_THAT(editor_.Halt({}, At(1000)), IsOk());
  EXPECT_THAT(Versions(), ElementsAre("1.0.0<=1.1.0"));
  EXPECT_THAT(editor_.Serialize(), HasSubstr("\"since\": \"1970-01-01T00:16:40Z\""));
  EXPECT_THAT(FindFaults(editor_.Serialize()), IsEmpty());
}

TEST_F(ManifestEditorTest, HaltsTheVersionThatIsNamed) {
  Add("1.0.0");
  Add("1.1.0");
  EXPECT_THAT(editor_.Halt(OfVersion("2.0.0"), At(0)), Fails(ErrorCode::kNotFound));
  EXPECT_THAT(editor_.Halt(OfVersion("1.0.0"), At(0)), IsOk());
  EXPECT_THAT(Versions(), ElementsAre("1.1.0<=1.1.0"));
}

// Whose turn had come stays ready; everybody else waits as long as was left.
TEST_F(ManifestEditorTest, ResumesWithTheWavesWhereTheyStoodStill) {
  Add("1.0.0");
  ASSERT_THAT(editor_.SetWaves({}, {{0, At(0)}, {2048, At(2048)}}), IsOk());
  ASSERT_THAT(editor_.Halt({}, At(100)), IsOk());
  EXPECT_THAT(editor_.Resume({}, At(5100)), IsOk());
  const Waves waves = Result().updates.at(0).waves;
  EXPECT_THAT(waves, ElementsAre(Wave{0, At(5000)}, Wave{2048, At(7048)}));
  EXPECT_LE(TurnOf(waves, 100)->at, At(5100));
  EXPECT_EQ(TurnOf(waves, 101)->at, At(5101));
  EXPECT_THAT(editor_.Resume({}, At(5200)), Fails(ErrorCode::kNotFound));
}

TEST_F(ManifestEditorTest, ResumesUnderTheMaximumOfTheDay) {
  Add("1.0.0");
  Add("1.1.0");
  ASSERT_THAT(editor_.Halt({}, At(0)), IsOk());
  Add("1.2.0");
  EXPECT_THAT(editor_.Resume({}, At(10)), IsOk());
  EXPECT_THAT(Versions(), ElementsAre("1.0.0<=1.2.0", "1.2.0<=1.2.0", "1.1.0<=1.2.0"));
  ASSERT_THAT(editor_.Halt(OfVersion("1.1.0"), At(0)), IsOk());
  Add("1.1.0");
  EXPECT_THAT(editor_.Resume({}, At(10)), Fails(ErrorCode::kState));
}

TEST_F(ManifestEditorTest, WithdrawsToTheNewestOlderVersion) {
  Add("1.0.0");
  Add("1.1.0");
  Add("1.2.0");
  Add("7.0.0", "other");
  EXPECT_THAT(editor_.Withdraw(OfVersion("1.2.0")), IsOk());
  EXPECT_THAT(Versions(),
              ElementsAre("1.0.0<=1.1.0", "1.1.0<=1.1.0", "1.2.0<=1.1.0", "7.0.0<=7.0.0"));
  EXPECT_THAT(editor_.Withdraw({}), Fails(ErrorCode::kUsage));
  EXPECT_THAT(editor_.Withdraw(OfVersion("9.0.0")), Fails(ErrorCode::kNotFound));
  EXPECT_THAT(editor_.Withdraw(OfVersion("7.0.0")), FailsSaying("no older version is listed"));
}

// The way of an incident: first nobody more, then everybody back.
TEST_F(ManifestEditorTest, WithdrawsWhatIsHalted) {
  Add("1.0.0");
  Add("1.1.0");
  ASSERT_THAT(editor_.Halt({}, At(0)), IsOk());
  EXPECT_THAT(editor_.Withdraw(OfVersion("1.1.0")), IsOk());
  EXPECT_THAT(Versions(), ElementsAre("1.0.0<=1.0.0", "1.1.0<=1.0.0"));
  EXPECT_THAT(editor_.Resume({}, At(0)), Fails(ErrorCode::kNotFound));
}

TEST_F(ManifestEditorTest, SetsTheWavesAnewOfWhatIsOffered) {
  Add("1.0.0");
  Add("1.1.0");
  EXPECT_THAT(editor_.Reschedule({}, {}, At(0)), Fails(ErrorCode::kUsage));
  EXPECT_THAT(editor_.Reschedule(OfVersion("2.0.0"), {}, At(0)), Fails(ErrorCode::kNotFound));
  EXPECT_THAT(editor_.Reschedule(OfVersion("1.1.0"), {{0, At(7)}}, At(0)), IsOk());
  EXPECT_THAT(Result().updates.at(0).waves, IsEmpty());
  EXPECT_THAT(Result().updates.at(1).waves, ElementsAre(Wave{0, At(7)}));
}

// The same release, halted for one variant and offered to the other.
TEST_F(ManifestEditorTest, SetsTheWavesAnewOfWhatIsHaltedForItsResumption) {
  Add("1.0.0");
  Add("1.0.0", "other");
  const Selector halted{.variant = "other", .arch = {}, .version = {}};
  ASSERT_THAT(editor_.Halt(halted, At(100)), IsOk());
  const Waves waves = {{0, At(7000)}, {2048, At(9000)}};
  EXPECT_THAT(editor_.Reschedule(OfVersion("1.0.0"), waves, At(5000)), IsOk());
  EXPECT_THAT(Versions(), SizeIs(1)) << "nobody begins what is halted";
  EXPECT_THAT(editor_.Resume(halted, At(6000)), IsOk());
  EXPECT_EQ(Result().updates.at(0).waves, waves);
  EXPECT_THAT(Result().updates.at(1).waves, ElementsAre(Wave{0, At(8000)}, Wave{2048, At(10'000)}));
}

TEST_F(ManifestEditorTest, SetsNoWavesOfWhatIsWithdrawn) {
  Add("1.0.0");
  Add("1.1.0");
  ASSERT_THAT(editor_.Withdraw(OfVersion("1.1.0")), IsOk());
  EXPECT_THAT(editor_.Reschedule(OfVersion("1.1.0"), {}, At(0)),
              FailsSaying("demo 1.1.0 is withdrawn"));
}

TEST(ManifestEditor, RefusesAHaltedUpdateThatIsNone) {
  const std::string text = R"({"updates": [], "halted": [{"since": "now", "update": {}}]})";
  EXPECT_THAT(ManifestEditor::Parse(text), FailsSaying("halted[0]: since: 'now' is not a time"));
  EXPECT_THAT(FindFaults(text),
              testing::Each(testing::Field(&Fault::place, HasSubstr("halted[0]"))));
  EXPECT_THAT(ParseManifest(text), IsOk()) << "hosts do not read it";
}

TEST_F(ManifestEditorTest, TakesMigrationsFromARelease) {
  EXPECT_THAT(editor_.SetMigrations("version = '1.1.0'\n[migrations]\n"
                                    "'(1.0.0, 1.1.0)' = ['migrate_a', 'migrate_b']\n"
                                    "'(0.9.0, 1.0.0)' = []\n"),
              IsOk());
  const Manifest manifest = Result();
  ASSERT_THAT(manifest.migrations, SizeIs(2));
  EXPECT_THAT(manifest.migrations[1].names, ElementsAre("migrate_a", "migrate_b"));
}

TEST_F(ManifestEditorTest, RefusesAReleaseThatIsNone) {
  EXPECT_THAT(editor_.SetMigrations("[migrations]"), FailsSaying("version: missing"));
  EXPECT_THAT(editor_.SetMigrations("version = 'x'\n[migrations]"), FailsSaying("version: 'x'"));
  EXPECT_THAT(editor_.SetMigrations("version = '1.0.0'"), FailsSaying("migrations: missing"));
  EXPECT_THAT(editor_.SetMigrations("version = '1.0.0'\n[migrations]\n'1.0' = []"),
              FailsSaying("migrations: '1.0': not a pair"));
}

TEST(ManifestEditor, KeepsWhatItDoesNotKnow) {
  const std::string text = R"({"extra": [1.50, {"a": null}], "updates": [
      {"variant": "demo", "arch": "x86_64", "version": "1.0.0", "max_version": "1.0.0",
       "images": {"boot": "b", "root": "r", "hash": "h", "initrd": "i"}, "colour": "green"}]})";
  auto editor = ManifestEditor::Parse(text);
  ASSERT_THAT(editor, IsOk());
  ASSERT_THAT(editor->AddUpdate(MakeNew("1.1.0")), IsOk());
  const auto document = base::json::Parse(editor->Serialize()).value();
  const auto original = base::json::Parse(text).value();
  EXPECT_EQ(*document.object()->Find("extra"), *original.object()->Find("extra"));
  const auto& update = *document.object()->Find("updates")->array()->at(0).object();
  EXPECT_EQ(*update.Find("colour")->string(), "green");
  EXPECT_EQ(*update.Find("images")->object()->Find("initrd")->string(), "i");
}

TEST(ManifestEditor, MendsUnusableWaves) {
  auto editor = ManifestEditor::Parse(R"({"updates": [
      {"variant": "demo", "arch": "x86_64", "version": "1.0.0", "max_version": "1.0.0",
       "images": {"boot": "b", "root": "r", "hash": "h"},
       "waves": {"5": "2020-01-01T00:00:00Z", "5": "2020-01-01T00:00:00Z"}}]})");
  ASSERT_THAT(editor, IsOk());
  EXPECT_THAT(FindFaults(editor->Serialize()), SizeIs(1));
  EXPECT_THAT(editor->SetWaves({}, {}), IsOk());
  EXPECT_THAT(FindFaults(editor->Serialize()), IsEmpty());
}

TEST(ManifestEditor, RefusesAMalformedManifest) {
  EXPECT_THAT(ManifestEditor::Parse("{}"), FailsSaying("updates: missing"));
}

}  // namespace
}  // namespace updog
