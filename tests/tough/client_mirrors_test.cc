// Several mirrors of one repository, of which some are down, behind or hostile (A11); and a cache
// that is looked at without any.
#include "tests/tough/client_fixture.h"

namespace tough {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::IsOkAnd;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kBad = "https://bad/";
constexpr const char* kGood = "https://good/";

class ClientMirrors : public ClientFixture {
 protected:
  ClientOptions MirroredOptions() const {
    ClientOptions options = Options();
    options.metadata_base_url = std::string(kBad) + "m";
    options.metadata_mirrors = {std::string(kGood) + "m"};
    options.targets_base_url = std::string(kBad) + "t";
    options.targets_mirrors = {std::string(kGood) + "t"};
    return options;
  }
  Client OpenMirrored() {
    auto client = Client::Open(trusted_root_, MirroredOptions(), mirrors_);
    EXPECT_THAT(client, IsOk());
    return *std::move(client);
  }
  // Whom `client` asked for files of this name, in order.
  std::vector<std::string> AskedFor(const std::string& file) const {
    std::vector<std::string> hosts;
    for (const std::string& url : mirrors_.requests()) {
      if (url.ends_with(file)) hosts.push_back(url.starts_with(kBad) ? "bad" : "good");
    }
    return hosts;
  }

  // What the bad mirror answers; the good one has the repository.
  std::function<Result<std::string>(const std::string& path)> bad_ =
      [](const std::string&) -> Result<std::string> {
    return Fail(ErrorCode::kNetwork, "connection refused");
  };

  Result<std::string> FromRepository(const std::string& path) const {
    const std::string name = TRY(PercentDecode(path.substr(2)));
    const auto& files = path.starts_with("m/") ? repository_.files() : repository_.target_files();
    const auto found = files.find(name);
    if (found == files.end()) return Fail(ErrorCode::kNotFound, path);
    return found->second;
  }

  test::MemoryTransport mirrors_{[this](const std::string& url) -> Result<std::string> {
    if (url.starts_with(kBad)) return bad_(url.substr(std::string(kBad).size()));
    return FromRepository(url.substr(std::string(kGood).size()));
  }};
};

TEST_F(ClientMirrors, ArePassedOverWhenTheyAreDown) {
  repository_.AddTarget("file", "content");
  repository_.PublishNextVersions();
  Client client = OpenMirrored();
  EXPECT_THAT(client.Refresh(test::kNow), IsOk());
  EXPECT_THAT(client.Fetch("file", 100, test::kNow), IsOkAnd("content"));
}

TEST_F(ClientMirrors, AreAskedLastOnceTheyFailed) {
  Client client = OpenMirrored();
  EXPECT_THAT(client.Refresh(test::kNow), IsOk());
  EXPECT_THAT(AskedFor(".root.json"), ElementsAre("bad", "good"));
  EXPECT_THAT(AskedFor("timestamp.json"), ElementsAre("good"));
}

TEST_F(ClientMirrors, ThatAllFailAreAnError) {
  repository_.RemoveFile("1.snapshot.json");
  EXPECT_THAT(OpenMirrored().Refresh(test::kNow), Fails(ErrorCode::kNotFound));
  bad_ = [](const std::string&) -> Result<std::string> { return "{}"; };
  repository_.RemoveFile("timestamp.json");
  EXPECT_THAT(OpenMirrored().Refresh(test::kNow), FailsSaying("mirror https://"));
}

TEST_F(ClientMirrors, WithoutANewerRootDoNotHideAnothers) {
  repository_.PublishNextRoot();
  repository_.PublishNextRoot();
  bad_ = [this](const std::string& path) -> Result<std::string> {
    if (path.ends_with("root.json")) return Fail(ErrorCode::kNotFound, path);
    return FromRepository(path);
  };
  EXPECT_THAT(OpenMirrored().Refresh(test::kNow), IsOk());
  EXPECT_EQ(Cached("root.json"), repository_.File("3.root.json"));
}

// R23 holds for all of them together: nobody has said that there is no newer root.
TEST_F(ClientMirrors, ThatAllFailToAnswerDoNotEndTheChainOfRoots) {
  ClientOptions options = MirroredOptions();
  options.metadata_mirrors = {std::string(kBad) + "m2"};
  auto client = Client::Open(trusted_root_, options, mirrors_);
  EXPECT_THAT(client->Refresh(test::kNow), Fails(ErrorCode::kNetwork));
}

TEST_F(ClientMirrors, ThatServeWhatDoesNotVerifyArePassedOver) {
  repository_.AddTarget("file", "content");
  repository_.PublishNextVersions();
  for (const char* file : {"2.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json"}) {
    std::filesystem::remove_all(cache_ / "metadata");
    bad_ = [this, file](const std::string& path) -> Result<std::string> {
      if (path.ends_with(file)) return R"({"signatures":[],"signed":{}})";
      return FromRepository(path);
    };
    EXPECT_THAT(OpenMirrored().Refresh(test::kNow), IsOk()) << file;
    EXPECT_EQ(Cached("targets.json"), repository_.File("2.targets.json")) << file;
  }
}

TEST_F(ClientMirrors, ThatServeAnOldTimestampArePassedOver) {
  const std::string old = repository_.File("timestamp.json");
  repository_.PublishNextVersions();
  EXPECT_THAT(OpenMirrored().Refresh(test::kNow), IsOk());
  bad_ = [this, old](const std::string& path) -> Result<std::string> {
    if (path.ends_with("timestamp.json")) return old;
    return FromRepository(path);
  };
  EXPECT_THAT(OpenMirrored().Refresh(test::kNow), IsOk());
  EXPECT_EQ(Cached("timestamp.json"), repository_.File("timestamp.json"));
}

TEST_F(ClientMirrors, GoOnWhereAnotherBrokeOff) {
  repository_.AddTarget("file", "the whole content");
  repository_.PublishNextVersions();
  Client client = OpenMirrored();
  EXPECT_THAT(client.Refresh(test::kNow), IsOk());
  bad_ = [](const std::string&) -> Result<std::string> { return "the whole"; };
  RecordingSink sink;
  EXPECT_THAT(client.Download("file", test::kNow, sink), IsOk());
  EXPECT_EQ(sink.text(), "the whole content");
  EXPECT_TRUE(sink.finished());
  EXPECT_THAT(AskedFor("file"), ElementsAre("bad", "good"));
}

TEST_F(ClientMirrors, WithAWrongTargetCostOnlyAStreamThatIsNotKeptBack) {
  repository_.AddTarget("file", "content");
  repository_.PublishNextVersions();
  Client client = OpenMirrored();
  EXPECT_THAT(client.Refresh(test::kNow), IsOk());
  bad_ = [](const std::string&) -> Result<std::string> { return "CONTENT"; };
  RecordingSink sink;
  EXPECT_THAT(client.Download("file", test::kNow, sink), Fails(ErrorCode::kMismatch));
  EXPECT_FALSE(sink.finished());
  RecordingSink second;
  EXPECT_THAT(client.Download("file", test::kNow, second), IsOk());
  EXPECT_THAT(AskedFor("file"), ElementsAre("bad", "good"));
}

TEST_F(ClientMirrors, WithAWrongTargetArePassedOverWhereNothingWasPassedOn) {
  repository_.AddTarget("file", "content");
  repository_.PublishNextVersions();
  bad_ = [this](const std::string& path) -> Result<std::string> {
    if (path.starts_with("t/")) return "CONTENT";
    return FromRepository(path);
  };
  Client client = OpenMirrored();
  EXPECT_THAT(client.Refresh(test::kNow), IsOk());
  EXPECT_THAT(client.Save("file", cache_ / "saved", test::kNow), IsOk());
  EXPECT_EQ(ReadAll(cache_ / "saved/file"), "content");
}

class ClientOffline : public ClientFixture {
 protected:
  ClientOffline() {
    repository_.Delegate("targets", "a");
    repository_.AddDelegatedTarget("a", "delegated", "by a");
    repository_.AddTarget("file", "content");
    repository_.PublishNextVersions();
    EXPECT_THAT(Ready().FindTarget("delegated"), IsOk());
    transport_.Forget();
  }
  Result<> Load(base::Time now = test::kNow) {
    Client client = TRY(Open());
    TRY(client.LoadOffline(now));
    TRY(client.FindTarget("file"));
    TRY(client.FindTarget("delegated"));
    return {};
  }
};

TEST_F(ClientOffline, FindsTargetsWithoutARequest) {
  const auto before = CacheContents();
  EXPECT_THAT(Load(test::kNow + std::chrono::days(1)), IsOk());
  EXPECT_THAT(Requests(), IsEmpty());
  EXPECT_EQ(CacheContents(), before);
}

TEST_F(ClientOffline, VerifiesEveryFileAgain) {
  for (const char* name : {"timestamp.json", "snapshot.json", "targets.json", "a.json"}) {
    const std::string good = Cached(name);
    std::string bad = good;
    bad[bad.rfind("2026")] = '3';
    WriteCache(name, bad);
    EXPECT_FALSE(Load().has_value()) << name;
    WriteCache(name, good);
  }
  EXPECT_THAT(Load(), IsOk());
}

TEST_F(ClientOffline, SaysWhatIsMissing) {
  std::filesystem::remove(CachePath("snapshot.json"));
  EXPECT_THAT(Load(), FailsSaying("2.snapshot.json is not in the cache"));
}

TEST_F(ClientOffline, CaresForExpiryUnlessToldNotTo) {
  EXPECT_THAT(Load(test::kExpiry), Fails(ErrorCode::kExpired));
  EXPECT_THAT(Load(base::Time::min()), IsOk());
  EXPECT_THAT(Load(test::kNow - std::chrono::hours(1)), FailsSaying("set the clock"));
}

TEST_F(ClientOffline, GoesOnFromTheRootsThatItHas) {
  repository_.PublishNextRoot();
  EXPECT_THAT(Refresh(), IsOk());
  EXPECT_THAT(Load(), IsOk());
}

}  // namespace
}  // namespace tough
