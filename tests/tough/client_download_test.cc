#include <sys/stat.h>

#include "base/digest.h"
#include "tests/tough/client_fixture.h"

namespace tough {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;
using std::chrono::seconds;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::IsOkAnd;
using test::kExpiry;
using test::kNow;
using testing::AllOf;
using testing::ElementsAre;
using testing::Eq;
using testing::IsEmpty;

std::string Sha256(std::string_view text) {
  return base::HexEncode(base::DigestOf(base::DigestAlgorithm::kSha256, base::AsBytes(text)));
}

class ClientDownload : public ClientFixture {
 protected:
  // Where the content is served, with the hash before the file name.
  static std::string UrlOf(const std::string& folder, const std::string& name,
                           const std::string& content) {
    return std::string(kBase) + "t/" + folder + Sha256(content) + "." + name;
  }
  Result<> DownloadTo(RecordingSink& sink, const std::string& name, base::Time now = kNow) {
    return Ready().Download(name, now, sink);
  }
};

TEST_F(ClientDownload, StreamsATargetAndFinishesIt) {
  PublishTarget("a", std::string(5000, 'x'));
  RecordingSink sink;
  EXPECT_THAT(DownloadTo(sink, "a"), IsOk());
  EXPECT_EQ(sink.text(), std::string(5000, 'x'));
  EXPECT_TRUE(sink.finished());
}

TEST_F(ClientDownload, StreamsAnEmptyTarget) {
  PublishTarget("empty", "");
  RecordingSink sink;
  EXPECT_THAT(DownloadTo(sink, "empty"), IsOk());
  EXPECT_TRUE(sink.finished());
}

TEST_F(ClientDownload, PutsTheHashBeforeTheFileName) {
  PublishTarget("dir/sub/a b", "content");
  Client client = Ready();
  RecordingSink sink;
  EXPECT_THAT(client.Download("dir/sub/a b", kNow, sink), IsOk());
  EXPECT_THAT(Requests(), ElementsAre("t/dir/sub/" + Sha256("content") + ".a%20b"));
}

TEST_F(ClientDownload, LeavesTheHashAwayWhereToldTo) {
  PublishTarget("dir/a", "content");
  ClientOptions options = Options();
  options.hash_prefix = HashPrefix::kOmit;
  auto client = Client::Open(trusted_root_, options, transport_);
  ASSERT_THAT(client, IsOk());
  ASSERT_THAT(client->Refresh(kNow), IsOk());
  transport_.Set("https://repository/t/dir/a", std::string("content"));
  EXPECT_THAT(client->Fetch("dir/a", 100, kNow), IsOkAnd(Eq("content")));
}

TEST_F(ClientDownload, LeavesTheHashAwayWithoutConsistentSnapshots) {
  repository_.SetConsistentSnapshot(false);
  repository_.PublishNextRoot();
  PublishTarget("dir/a", "content");
  Client client = Ready();
  EXPECT_THAT(client.Fetch("dir/a", 100, kNow), IsOkAnd(Eq("content")));
  EXPECT_THAT(Requests(), ElementsAre("t/dir/a"));
}

TEST_F(ClientDownload, KnowsATargetThatNobodyListsFromOneThatTheServerLacks) {
  PublishTarget("a", "content");
  Client client = Ready();
  EXPECT_THAT(client.FindTarget("b"), FailsSaying("no metadata lists it"));
  EXPECT_THAT(client.Fetch("b", 100, kNow), Fails(ErrorCode::kNotFound));
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_F(ClientDownload, KnowsNoTargetBeforeARefresh) {
  auto client = Open();
  ASSERT_THAT(client, IsOk());
  EXPECT_THAT(client->FindTarget("a"), Fails(ErrorCode::kState));
}

TEST_F(ClientDownload, NeverFinishesWhatIsNotThatTarget) {
  const std::string content = "the content";
  PublishTarget("a", content);
  for (const std::string& served : {std::string("The content"), std::string("the conten"),
                                    std::string(), std::string("the content, and more")}) {
    transport_.Set(UrlOf("", "a", content), served);
    RecordingSink sink;
    EXPECT_THAT(DownloadTo(sink, "a"), testing::Not(IsOk())) << served;
    EXPECT_FALSE(sink.finished()) << served;
  }
}

TEST_F(ClientDownload, ComparesEveryKnownHash) {
  for (const char* wrong : {"sha256", "sha512"}) {
    repository_.AddTarget("a", "content");
    base::json::Object& file =
        *repository_.Signed(Role::kTargets).Find("targets")->object()->Find("a")->object();
    std::string& hex = *file.Find("hashes")->object()->Find(wrong)->string();
    hex.back() = hex.back() == '0' ? '1' : '0';
    repository_.PublishNextVersions();
    transport_.Set(std::string(kBase) + "t/" + hex + ".a", std::string("content"));
    RecordingSink sink;
    EXPECT_THAT(DownloadTo(sink, "a"), FailsSaying(wrong));
    EXPECT_FALSE(sink.finished());
  }
}

// Compared as text, it would never match: said before anything is asked for.
TEST_F(ClientDownload, RefusesAHashThatIsNotLowerCaseHexadecimal) {
  repository_.AddTarget("a", "content");
  base::json::Object hashes;
  hashes.Set("sha256", "ED7002B439E9AC845F22357D822BAC1444730FBDB6016D3EC9432297B9EC9F73");
  repository_.Signed(Role::kTargets)
      .Find("targets")
      ->object()
      ->Find("a")
      ->object()
      ->Set("hashes", hashes);
  repository_.PublishNextVersions();
  RecordingSink sink;
  EXPECT_THAT(DownloadTo(sink, "a"),
              AllOf(Fails(ErrorCode::kMalformed), FailsSaying("64 lower-case hexadecimal")));
  EXPECT_FALSE(sink.finished());
}

TEST_F(ClientDownload, RefusesATargetWithUnknownHashesOnly) {
  repository_.AddTarget("a", "content");
  base::json::Object hashes;
  hashes.Set("md5", "9a0364b9e99bb480dd25e1f0284c8555");
  repository_.Signed(Role::kTargets)
      .Find("targets")
      ->object()
      ->Find("a")
      ->object()
      ->Set("hashes", hashes);
  repository_.PublishNextVersions();
  RecordingSink sink;
  EXPECT_THAT(DownloadTo(sink, "a"), Fails(ErrorCode::kUnsupported));
  EXPECT_FALSE(sink.finished());
}

TEST_F(ClientDownload, PassesTheSinksErrorOnUnchanged) {
  struct Full final : base::ByteSink {
    Result<> Write(base::ByteView) override { return Fail(ErrorCode::kNoSpace, "disk full"); }
    Result<> Finish() override { return {}; }
  } full;
  PublishTarget("a", "content");
  const Result<> downloaded = Ready().Download("a", kNow, full);
  ASSERT_THAT(downloaded, Fails(ErrorCode::kNoSpace));
  EXPECT_EQ(downloaded.error().message(), "disk full");
}

TEST_F(ClientDownload, PassesTheErrorOfTheSinksLastStepOn) {
  struct Unsynced final : base::ByteSink {
    Result<> Write(base::ByteView) override { return {}; }
    Result<> Finish() override { return Fail(ErrorCode::kFailed, "read-back differs"); }
  } unsynced;
  PublishTarget("a", "content");
  EXPECT_THAT(Ready().Download("a", kNow, unsynced), FailsSaying("read-back differs"));
}

TEST_F(ClientDownload, LooksAtExpiryAgainBeforeEachDownload) {
  PublishTarget("a", "content");
  Client client = Ready();
  EXPECT_THAT(client.Fetch("a", 100, kExpiry - seconds(1)), IsOk());
  transport_.Forget();
  EXPECT_THAT(client.Fetch("a", 100, kExpiry), Fails(ErrorCode::kExpired));
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_F(ClientDownload, GoesOnWithTheLastGoodRefreshWhenALaterOneFails) {
  PublishTarget("a", "content");
  Client client = Ready();
  transport_.Set("https://repository/m/timestamp.json", Fail(ErrorCode::kNetwork, "gone"));
  EXPECT_THAT(client.Refresh(kNow), Fails(ErrorCode::kNetwork));
  EXPECT_THAT(client.Fetch("a", 100, kNow), IsOkAnd(Eq("content")));
}

TEST_F(ClientDownload, AsksForNothingThatDoesNotFit) {
  PublishTarget("a", "content");
  Client client = Ready();
  EXPECT_THAT(client.Fetch("a", 6, kNow), Fails(ErrorCode::kTooLarge));
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_F(ClientDownload, AsksForNoTargetThatClimbs) {
  PublishTarget("../a", "content");
  Client client = Ready();
  RecordingSink sink;
  EXPECT_THAT(client.Download("../a", kNow, sink), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(Requests(), IsEmpty());
}

// --- Saved targets.

class ClientSave : public ClientDownload {
 protected:
  Result<> Save(const std::string& name) { return Ready().Save(name, folder_.path(), kNow); }
  std::string Saved(const std::string& name) const { return ReadAll(folder_ / name); }
  std::vector<std::string> Everything() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
      names.push_back(entry.path().lexically_relative(folder_.path()));
    }
    return names;
  }

  test::TempDir folder_;
};

TEST_F(ClientSave, SavesATargetUnderItsName) {
  PublishTarget("dir/sub/a", "content");
  EXPECT_THAT(Save("dir/sub/a"), IsOk());
  EXPECT_EQ(Saved("dir/sub/a"), "content");
  EXPECT_THAT(Everything(), testing::UnorderedElementsAre("dir", "dir/sub", "dir/sub/a"));
}

TEST_F(ClientSave, MakesItsDirectory) {
  PublishTarget("a", "content");
  EXPECT_THAT(Ready().Save("a", folder_ / "new/one", kNow), IsOk());
  EXPECT_EQ(Saved("new/one/a"), "content");
}

TEST_F(ClientSave, AsksNotAgainForAFileThatIsThere) {
  PublishTarget("dir/a", "content");
  Client client = Ready();
  ASSERT_THAT(client.Save("dir/a", folder_.path(), kNow), IsOk());
  transport_.Forget();
  EXPECT_THAT(client.Save("dir/a", folder_.path(), kNow), IsOk());
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_F(ClientSave, ReplacesAFileThatIsNotTheTarget) {
  PublishTarget("a", "content");
  for (const std::string other : {"", "Content", "conten", "content!"}) {
    std::ofstream(folder_ / "a") << other;
    EXPECT_THAT(Save("a"), IsOk());
    EXPECT_EQ(Saved("a"), "content") << other;
  }
}

TEST_F(ClientSave, KeepsTheOldFileAndNothingElseWhenItFails) {
  PublishTarget("a", "content");
  ASSERT_THAT(Save("a"), IsOk());
  PublishTarget("a", "CONTENT");
  transport_.Set(UrlOf("", "a", "CONTENT"), std::string("conTENT"));
  EXPECT_THAT(Save("a"), Fails(ErrorCode::kMismatch));
  EXPECT_EQ(Saved("a"), "content");
  EXPECT_THAT(Everything(), ElementsAre("a"));
}

TEST_F(ClientSave, LeavesNoNewFolderWhenItFails) {
  PublishTarget("dir/sub/a", "content");
  transport_.Set(UrlOf("dir/sub/", "a", "content"), std::string("CONTENT"));
  EXPECT_THAT(Save("dir/sub/a"), Fails(ErrorCode::kMismatch));
  EXPECT_THAT(Everything(), IsEmpty());
}

TEST_F(ClientSave, NeverLeavesItsDirectory) {
  const std::string too_long(300, 'x');
  for (const std::string& name :
       {std::string("../a"), std::string("/a"), std::string("a/../../b"), std::string("./a"),
        std::string(".."), std::string("."), std::string(), std::string("a//b"), std::string("a/"),
        std::string("a\\b"), std::string("a\nb"), std::string("a\x7f"), too_long}) {
    repository_.AddTarget(name, "content");
    repository_.PublishNextVersions();
    Client client = Ready();
    EXPECT_THAT(client.Save(name, folder_ / "x", kNow), testing::Not(IsOk())) << name;
    EXPECT_THAT(Requests(), IsEmpty()) << name;
    std::filesystem::remove(folder_ / "x");
    EXPECT_THAT(Everything(), IsEmpty()) << name;
  }
}

TEST_F(ClientSave, SavesUnusualNamesAsTheyAre) {
  for (const std::string name : {"%2e%2e%2f", "?", "#", "a b", "\xc3\xa9", "1.root", "timestamp",
                                 "...", "-rf", "a:b", ".hidden"}) {
    PublishTarget(name, "content of " + name);
    EXPECT_THAT(Save(name), IsOk()) << name;
    EXPECT_EQ(Saved(name), "content of " + name) << name;
  }
}

TEST_F(ClientSave, SavesUnderTheLongestNameThatAFileCanHave) {
  const std::string name(255, 'x');
  PublishTarget(name, "content");
  EXPECT_THAT(Save(name), IsOk());
  EXPECT_EQ(Saved(name), "content");
}

TEST_F(ClientSave, FollowsNoLinkToAFolder) {
  const test::TempDir outside;
  std::filesystem::create_directory_symlink(outside.path(), folder_ / "dir");
  PublishTarget("dir/a", "content");
  EXPECT_THAT(Save("dir/a"), testing::Not(IsOk()));
  EXPECT_TRUE(std::filesystem::is_empty(outside.path()));
}

TEST_F(ClientSave, ReplacesALinkInTheFilesPlace) {
  const test::TempDir outside;
  std::ofstream(outside / "file") << "content";
  std::filesystem::create_symlink(outside / "file", folder_ / "a");
  PublishTarget("a", "content");
  EXPECT_THAT(Save("a"), IsOk());
  EXPECT_FALSE(std::filesystem::is_symlink(folder_ / "a"));
  EXPECT_EQ(ReadAll(outside / "file"), "content");
}

TEST_F(ClientSave, IsNotHeldByAFifoInTheFilesPlace) {
  ASSERT_EQ(mkfifo((folder_ / "a").c_str(), 0600), 0);
  PublishTarget("a", "content");
  EXPECT_THAT(Save("a"), IsOk());
  EXPECT_EQ(Saved("a"), "content");
}

}  // namespace
}  // namespace tough
