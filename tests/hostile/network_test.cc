// Networks that misbehave: A6, A7 and A17 of the list in docs/trust.md, seen from a whole refresh.
// What each does to a single transfer is told by the tests of the transport.

#include <filesystem>

#include "tests/hostile/hostile_test.h"

namespace hostile {
namespace {

using test::IsOk;
using test::Raw;
using test::RawThenForEver;
using test::RawThenStall;

constexpr const char* kOk = "HTTP/1.1 200 OK\r\n";

// The four files of a refresh: with the requests that lead to each, and what is kept before it.
struct Step {
  const char* name;
  Words requests;
  std::vector<Role> stored;
};
const std::vector<Step>& Steps() {
  static const std::vector<Step> steps = {
      {"2.root.json", {"2.root.json"}, {}},
      {"timestamp.json", {"2.root.json", "timestamp.json"}, {}},
      {"2.snapshot.json", {"2.root.json", "timestamp.json", "2.snapshot.json"}, {Role::kTimestamp}},
      {"2.targets.json",
       {"2.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json"},
       {Role::kTimestamp, Role::kSnapshot}},
  };
  return steps;
}

class NetworkTest : public HostileTest {
 protected:
  void SetUp() override {
    HostileTest::SetUp();
    repository_.PublishNextVersions();
    before_ = Cache();
  }
  // Each of the four files in turn is answered so. An answer that is tried again is asked for as
  // often as the client is ready to.
  void ExpectEachRefused(ErrorCode code, const test::Handler& answer, std::size_t attempts = 1) {
    for (const Step& step : Steps()) {
      SCOPED_TRACE(step.name);
      StartAgain();
      Answer(step.name, answer);
      Words requests = step.requests;
      requests.insert(requests.end(), attempts - 1, step.name);
      ExpectRefusal({code, requests, step.stored});
    }
  }
  // The server honest, the cache as after the first refresh.
  void StartAgain() {
    Serve();
    WriteCache(before_);
  }

  Files before_;
};

// --- A6: endless data.

class A6EndlessData : public NetworkTest {};

TEST_F(A6EndlessData, StopsABodyWithoutEnd) {
  ExpectEachRefused(ErrorCode::kTooLarge,
                    RawThenForEver(std::string(kOk) + "\r\n", std::string(1000, ' ')));
}

TEST_F(A6EndlessData, StopsChunksWithoutEnd) {
  ExpectEachRefused(
      ErrorCode::kTooLarge,
      RawThenForEver(std::string(kOk) + "Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n"));
}

TEST_F(A6EndlessData, StopsHeadersWithoutEnd) {
  ExpectEachRefused(ErrorCode::kTooLarge, RawThenForEver(kOk, "X: y\r\n"));
}

TEST_F(A6EndlessData, StopsInterimAnswersWithoutEnd) {
  ExpectEachRefused(ErrorCode::kTooLarge, RawThenForEver("", "HTTP/1.1 103 Early Hints\r\n\r\n"));
}

TEST_F(A6EndlessData, ReadsNotOneByteOverTheCap) {
  const tough::Limits limits;
  const std::map<std::string, std::uint64_t> caps = {
      {"2.root.json", limits.root_bytes},
      {"timestamp.json", limits.timestamp_bytes},
      {"2.snapshot.json", repository_.File("2.snapshot.json").size()},
      {"2.targets.json", repository_.File("2.targets.json").size()}};
  for (const Step& step : Steps()) {
    SCOPED_TRACE(step.name);
    StartAgain();
    const bool is_new = repository_.files().contains(step.name);
    std::string bytes = is_new ? repository_.File(step.name) : "{}";
    bytes.resize(caps.at(step.name) + 1, ' ');
    Answer(step.name, test::Answer(200, bytes));
    ExpectRefusal({ErrorCode::kTooLarge, step.requests, step.stored});
  }
}

TEST_F(A6EndlessData, TakesASignedLengthForNoLicence) {
  base::json::Object& listed =
      *repository_.Signed(Role::kTimestamp).Find("meta")->object()->Find("snapshot.json")->object();
  listed.Set("version", base::json::Value::Unsigned(3));
  listed.Set("length", base::json::Value::Unsigned(tough::kMaxInteger));
  repository_.SetVersion(Role::kTimestamp, 3);
  // Signed as it stands: PublishTimestamp() would list the snapshot that there is.
  const std::string timestamp =
      test::SignedDocument(repository_.Signed(Role::kTimestamp), {"timestamp"});
  options_.limits.listed_bytes = 100'000;
  Serve();
  Answer("timestamp.json", test::Answer(200, timestamp));
  Answer("3.snapshot.json", RawThenForEver(std::string(kOk) + "\r\n", std::string(1000, ' ')));
  const Files before = Cache();
  EXPECT_THAT(Refresh(), test::Fails(ErrorCode::kTooLarge));
  EXPECT_EQ(TakeRequests(), (Words{"2.root.json", "timestamp.json", "3.snapshot.json"}));
  Files expected = before;
  expected["timestamp.json"] = timestamp;
  EXPECT_EQ(Cache(), expected);
}

TEST_F(A6EndlessData, UnpacksNoCompressedBomb) {
  // Not looked into at all: what came is neither JSON nor what is listed.
  const test::Handler bomb =
      test::Answer(200, "\x1f\x8b\x08 and so on", {"Content-Encoding: gzip"});
  StartAgain();
  Answer("timestamp.json", bomb);
  ExpectRefusal({ErrorCode::kMalformed, Steps()[1].requests});
  Answer("timestamp.json", Raw(std::string(kOk) + "Transfer-Encoding: gzip\r\n\r\nbomb"));
  ExpectRefusal({ErrorCode::kNetwork, Steps()[1].requests});
}

TEST_F(A6EndlessData, FollowsFiveRedirectsAndNoMore) {
  const test::Handler around = test::RedirectTo(server_.Url("/m/again"));
  server_.On("/m/again", around);
  Answer("2.root.json", around);
  Words requests(6, "again");
  requests.front() = "2.root.json";
  ExpectRefusal({ErrorCode::kNetwork, requests});
}

TEST_F(A6EndlessData, ReadsNoMoreOfATargetThanIsListed) {
  repository_.AddTarget("image", "the image");
  repository_.PublishNextVersions();
  Serve();
  ASSERT_THAT(Refresh(), IsOk());
  TakeRequests();
  for (const auto& [target, bytes] : repository_.target_files())
    server_.On("/t/" + target, RawThenForEver(std::string(kOk) + "\r\n", "the image"));
  const Files before = Cache();
  EXPECT_THAT(Save("image"), test::Fails(ErrorCode::kTooLarge));
  EXPECT_EQ(Cache(), before);
  EXPECT_THAT(Saved(), testing::IsEmpty());
  EXPECT_EQ(TakeRequests().size(), 3U);
}

// --- A7: slow retrieval. The window is a second here, and one attempt is made.

class A7SlowRetrieval : public NetworkTest {
 protected:
  void SetUp() override {
    NetworkTest::SetUp();
    http_options_.attempts = 1;
  }
};

TEST_F(A7SlowRetrieval, LeavesAServerThatNeverAnswers) {
  ExpectEachRefused(ErrorCode::kNetwork, RawThenStall(""));
}

TEST_F(A7SlowRetrieval, LeavesAServerThatStopsInTheHeaders) {
  ExpectEachRefused(ErrorCode::kNetwork, RawThenStall(std::string(kOk) + "Content-Le"));
}

TEST_F(A7SlowRetrieval, LeavesAServerThatStopsInTheBody) {
  ExpectEachRefused(ErrorCode::kNetwork,
                    RawThenStall(std::string(kOk) + "Content-Length: 9\r\n\r\n{"));
}

TEST_F(A7SlowRetrieval, LeavesAServerThatTrickles) {
  http_options_.metadata_deadline = std::chrono::milliseconds(700);
  ExpectEachRefused(ErrorCode::kNetwork, [](const test::RecordedRequest&, test::Connection& to) {
    for (bool open = to.Send(std::string(kOk) + "\r\n"); open;) {
      open = to.Send(" ");
      to.Wait(std::chrono::milliseconds(100));
    }
  });
}

// --- A11: a bad mirror before a good one.

class A11BadMirror : public NetworkTest {
 protected:
  void SetUp() override {
    NetworkTest::SetUp();
    options_.metadata_mirrors = {server_.Url("/m")};
    options_.metadata_base_url = bad_.Url("/m");
  }
  void TearDown() override {
    options_.metadata_base_url = server_.Url("/m");
    NetworkTest::TearDown();
  }
  // With a mirror before it that answers everything so, the good one brings the update.
  void ExpectPassedOver(const test::Handler& answer) {
    StartAgain();
    bad_.Otherwise(answer);
    EXPECT_THAT(Refresh(), IsOk());
    EXPECT_EQ(Cache().at("timestamp.json"), repository_.File("timestamp.json"));
    EXPECT_EQ(Cache().at("snapshot.json"), repository_.File("2.snapshot.json"));
    EXPECT_EQ(Cache().at("targets.json"), repository_.File("2.targets.json"));
  }

  test::LoopbackServer bad_;
};

TEST_F(A11BadMirror, ThatFailsIsPassedOver) {
  for (const int status : {404, 403, 500, 503}) ExpectPassedOver(test::Answer(status));
  ExpectPassedOver(Raw(""));
}

TEST_F(A11BadMirror, ThatServesWhatDoesNotVerifyIsPassedOver) {
  ExpectPassedOver(test::Answer(200, "garbage"));
  ExpectPassedOver(test::Answer(200, before_.at("timestamp.json")));
  ExpectPassedOver(RawThenForEver(std::string(kOk) + "\r\n", std::string(1000, ' ')));
}

TEST_F(A11BadMirror, ThatStallsIsPassedOver) {
  http_options_.attempts = 1;
  ExpectPassedOver(RawThenStall(""));
}

TEST_F(A11BadMirror, ThatHasNoNewerRootHidesNobodyElses) {
  repository_.PublishNextRoot();
  honest_ = repository_;
  ExpectPassedOver(test::Answer(404));
  EXPECT_EQ(Cache().at("root.json"), repository_.File("2.root.json"));
}

TEST_F(A11BadMirror, ThatServesOtherTargetsIsPassedOver) {
  options_.targets_base_url = bad_.Url("/t");
  options_.targets_mirrors = {server_.Url("/t")};
  repository_.AddTarget("image", "the image");
  repository_.PublishNextVersions();
  for (const test::Handler& answer :
       {test::Answer(404), test::Answer(500), test::Answer(200, "THE IMAGE"),
        test::Answer(200, "the image, and more"),
        RawThenForEver(std::string(kOk) + "\r\n", "the image")}) {
    StartAgain();
    bad_.Otherwise(test::Answer(404));
    for (const auto& [path, bytes] : repository_.target_files()) bad_.On("/t/" + path, answer);
    bad_.Forget();
    server_.Forget();
    EXPECT_THAT(Save("image"), IsOk());
    EXPECT_EQ(Saved(), (Files{{"image", "the image"}}));
    EXPECT_THAT(bad_.Targets(), testing::Contains(testing::StartsWith("/t/")));
    EXPECT_THAT(server_.Targets(), testing::Contains(testing::StartsWith("/t/")));
    std::filesystem::remove_all(saved_);
  }
  options_.targets_base_url = server_.Url("/t");
}

TEST_F(A11BadMirror, ThatIsAloneIsNotBelieved) {
  options_.metadata_mirrors = {};
  StartAgain();
  bad_.Otherwise(test::Answer(200, "garbage"));
  ExpectRefusal({ErrorCode::kMalformed, {}});
}

// --- A17: HTTP.

class A17Http : public NetworkTest {};

TEST_F(A17Http, RefusesAPartThatNobodyAskedFor) {
  ExpectEachRefused(ErrorCode::kNetwork, test::Answer(206, "{}", {"Content-Range: bytes 0-1/2"}));
}

TEST_F(A17Http, RefusesNotModifiedWhereNothingWasCompared) {
  ExpectEachRefused(ErrorCode::kNetwork, test::Answer(304));
}

TEST_F(A17Http, RefusesAnEmptyAnswer) {
  ExpectEachRefused(ErrorCode::kNetwork, Raw("HTTP/1.1 204 No Content\r\n\r\n"));
}

TEST_F(A17Http, RefusesABodyThatIsShorterThanSaid) {
  const test::Handler cut = Raw(std::string(kOk) + "Content-Length: 100\r\n\r\n{}");
  ExpectEachRefused(ErrorCode::kNetwork, cut, http_options_.attempts);
}

TEST_F(A17Http, ReadsNotBeyondTheLengthThatIsSaid) {
  for (const Step& step : Steps()) {
    if (std::string(step.name) == "2.root.json") continue;
    SCOPED_TRACE(step.name);
    StartAgain();
    const std::string& bytes = repository_.File(step.name);
    Answer(step.name, Raw(std::string(kOk) + "Content-Length: " + std::to_string(bytes.size()) +
                          "\r\n\r\n" + bytes + "HTTP/1.1 200 OK\r\n\r\nmore"));
    EXPECT_THAT(Refresh(), IsOk());
    EXPECT_EQ(Cache().at("targets.json"), repository_.File("2.targets.json"));
    TakeRequests();
  }
}

TEST_F(A17Http, RefusesTrailingDataInTheBody) {
  for (const Step& step : Steps()) {
    if (std::string(step.name) != "timestamp.json") continue;
    StartAgain();
    Answer(step.name, test::Answer(200, repository_.File(step.name) + "{}"));
    ExpectRefusal({ErrorCode::kMalformed, step.requests, step.stored});
  }
}

TEST_F(A17Http, RefusesAWrongRangeOfARest) {
  // The connection breaks in the middle; what then comes as the rest is another part.
  const std::string timestamp = repository_.File("timestamp.json");
  const std::size_t half = timestamp.size() / 2;
  const std::string end = "-" + std::to_string(timestamp.size() - 1) + "/";
  const auto rest = [&](std::size_t first, std::size_t size) {
    return test::Answer(
        206, timestamp.substr(first),
        {"Content-Range: bytes " + std::to_string(first) + end + std::to_string(size)});
  };
  for (const test::Handler& wrong :
       {rest(half - 1, timestamp.size()), rest(half + 1, timestamp.size()),
        rest(half, timestamp.size() + 1), test::Answer(206, timestamp.substr(half))}) {
    StartAgain();
    server_.On("/m/timestamp.json", {test::CloseAfter(timestamp, half), wrong});
    ExpectRefusal({ErrorCode::kNetwork, {"2.root.json", "timestamp.json", "timestamp.json"}});
  }
}

TEST_F(A17Http, TakesAWholeFileInThePlaceOfARest) {
  const std::string timestamp = repository_.File("timestamp.json");
  StartAgain();
  server_.On("/m/timestamp.json", {test::CloseAfter(timestamp, timestamp.size() / 2),
                                   test::Answer(200, timestamp, {"ETag: \"v1\""})});
  EXPECT_THAT(Refresh(), IsOk());
  EXPECT_EQ(Cache().at("timestamp.json"), timestamp);
}

TEST_F(A17Http, TrustsNothingMoreForARedirectToAnotherHost) {
  test::LoopbackServer other;
  test::RepositoryBuilder evil;
  evil.SignWith(Role::kTimestamp, {"attacker"});
  evil.PublishNextVersions();
  other.On("/timestamp.json", test::Answer(200, evil.File("timestamp.json")));
  StartAgain();
  Answer("timestamp.json", test::RedirectTo(other.Url("/timestamp.json")));
  ExpectRefusal({ErrorCode::kUntrusted, Steps()[1].requests});
  EXPECT_EQ(other.Targets(), Words{"/timestamp.json"});
}

TEST_F(A17Http, FollowsToNoOtherScheme) {
  for (const char* url : {"file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x"}) {
    StartAgain();
    Answer("timestamp.json", test::RedirectTo(url));
    ExpectRefusal({ErrorCode::kNetwork, Steps()[1].requests});
  }
}

}  // namespace
}  // namespace hostile
