#include "tough/http_transport.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "tests/support/loopback_server.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_authority.h"

namespace tough {
namespace {

using base::ErrorCode;
using base::Result;
using test::Answer;
using test::CloseAfter;
using test::Fails;
using test::FailsSaying;
using test::Handler;
using test::IsOk;
using test::IsOkAnd;
using test::LoopbackServer;
using test::Raw;
using test::RawThenForEver;
using test::RawThenStall;
using test::RedirectTo;
using test::ServeFile;
using testing::ElementsAre;
using testing::Eq;
using testing::SizeIs;

constexpr std::uint64_t kMaxBytes = 100'000;

HttpOptions Impatient() {
  HttpOptions options;
  options.first_pause = std::chrono::milliseconds(0);
  options.low_speed_window = std::chrono::seconds(1);
  return options;
}

Result<std::string> Get(Transport& transport, const std::string& url,
                        FetchKind kind = FetchKind::kMetadata,
                        std::uint64_t max_bytes = kMaxBytes) {
  base::StringSink sink("body", 100 * kMaxBytes);
  TRY(transport.Fetch({.url = url, .max_bytes = max_bytes, .kind = kind}, sink));
  return sink.Take();
}

Result<std::string> Get(const std::string& url, FetchKind kind = FetchKind::kMetadata,
                        std::uint64_t max_bytes = kMaxBytes, HttpOptions options = Impatient()) {
  const auto transport = TRY(HttpTransport::Create(std::move(options)));
  return Get(*transport, url, kind, max_bytes);
}

// Bytes that are different at every offset for a good while.
std::string Pattern(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i) + ",";
  text.resize(size);
  return text;
}

TEST(HttpTransport, FetchesAFile) {
  LoopbackServer server;
  server.On("/a", Answer(200, "hello"));
  EXPECT_THAT(Get(server.Url("/a?seed=3&version=1.0")), IsOkAnd(Eq("hello")));
  EXPECT_THAT(server.Targets(), ElementsAre("/a?seed=3&version=1.0"));
}

TEST(HttpTransport, KeepsItsConnectionEvenAfterAnErrorPage) {
  LoopbackServer server;
  server.On("/missing", Answer(404, std::string(30'000, 'x')));
  server.On("/a", Answer(200, "hello"));
  const auto transport = HttpTransport::Create(Impatient());
  ASSERT_THAT(transport, IsOk());
  EXPECT_THAT(Get(**transport, server.Url("/missing")), Fails(ErrorCode::kNotFound));
  EXPECT_THAT(Get(**transport, server.Url("/a")), IsOk());
  EXPECT_THAT(Get(**transport, server.Url("/a")), IsOk());
  EXPECT_EQ(server.Connections(), 1);
}

TEST(HttpTransport, AsksForNoCompressionAndUndoesNone) {
  LoopbackServer server;
  server.On("/a", Answer(200, "\x1f\x8b not really gzip", {"Content-Encoding: gzip"}));
  EXPECT_THAT(Get(server.Url("/a")), IsOkAnd(Eq("\x1f\x8b not really gzip")));
  EXPECT_EQ(server.Requests().at(0).Header("accept-encoding"), "identity");
}

TEST(HttpTransport, SendsPathsAsTheyAreNamed) {
  LoopbackServer server;
  server.On("/m/../x/./%2E%2E", Answer(200, "hello"));
  EXPECT_THAT(Get(server.Url("/m/../x/./%2E%2E")), IsOk());
}

TEST(HttpTransport, SaysNotFoundForTwoStatusesOnly) {
  LoopbackServer server;
  for (const int status : {403, 404}) {
    server.On("/a", Answer(status));
    EXPECT_THAT(Get(server.Url("/a")), Fails(ErrorCode::kNotFound)) << status;
  }
  for (const int status : {204, 304, 400, 401, 410, 416, 429, 500, 503}) {
    server.On("/a", Answer(status));
    EXPECT_THAT(Get(server.Url("/a")), Fails(ErrorCode::kNetwork)) << status;
  }
}

TEST(HttpTransport, NamesTheUrlWithoutItsCredentials) {
  LoopbackServer server;
  std::string url = server.Url("/a");
  url.insert(7, "me:secret@");
  EXPECT_THAT(Get(url), FailsSaying(server.Url("/a") + ": HTTP status 404"));
}

TEST(HttpTransport, TriesAgainAfterAServerError) {
  LoopbackServer server;
  server.On("/a", {Answer(503), Answer(500), Answer(200, "hello")});
  EXPECT_THAT(Get(server.Url("/a")), IsOkAnd(Eq("hello")));
  EXPECT_THAT(server.Requests(), SizeIs(3));
}

TEST(HttpTransport, GivesUpAfterItsAttempts) {
  LoopbackServer server;
  server.On("/a", Answer(503));
  EXPECT_THAT(Get(server.Url("/a")), FailsSaying("HTTP status 503"));
  EXPECT_THAT(server.Requests(), SizeIs(4));
}

TEST(HttpTransport, DoesNotRepeatARequestThatWasAnswered) {
  LoopbackServer server;
  EXPECT_THAT(Get(server.Url("/a")), Fails(ErrorCode::kNotFound));
  EXPECT_THAT(server.Requests(), SizeIs(1));
}

TEST(HttpTransport, SaysThatNobodyIsThere) {
  std::string url;
  {
    const LoopbackServer gone;
    url = gone.Url("/a");
  }
  EXPECT_THAT(Get(url), Fails(ErrorCode::kNetwork));
}

// --- Going on after a cut.

TEST(HttpTransport, GoesOnWhereTheConnectionBroke) {
  const std::string body = Pattern(50'000);
  LoopbackServer server;
  server.On("/a", {CloseAfter(body, 20'000), ServeFile(body)});
  EXPECT_THAT(Get(server.Url("/a"), FetchKind::kTarget), IsOkAnd(Eq(body)));
  EXPECT_EQ(server.Requests().at(1).Header("range"), "bytes=20000-");
  EXPECT_EQ(server.Requests().at(1).Header("if-range"), "\"v1\"");
}

TEST(HttpTransport, ReadsAgainWhatAServerWithoutRangesSends) {
  const std::string body = Pattern(50'000);
  LoopbackServer server;
  server.On("/a", {CloseAfter(body, 20'000), Answer(200, body, {"ETag: \"v1\""})});
  EXPECT_THAT(Get(server.Url("/a"), FetchKind::kTarget), IsOkAnd(Eq(body)));
}

TEST(HttpTransport, RefusesAFileThatChangedBetweenTwoPieces) {
  const std::string body = Pattern(50'000);
  LoopbackServer server;
  server.On("/a", {CloseAfter(body, 20'000), ServeFile(body, "\"v2\"")});
  EXPECT_THAT(Get(server.Url("/a"), FetchKind::kTarget), FailsSaying("changed while it was read"));
}

TEST(HttpTransport, RefusesAnotherRangeThanTheRest) {
  const std::string body = Pattern(50'000);
  LoopbackServer server;
  server.On("/a", {CloseAfter(body, 20'000),
                   Answer(206, body.substr(10'000), {"Content-Range: bytes 10000-49999/50000"})});
  EXPECT_THAT(Get(server.Url("/a"), FetchKind::kTarget), FailsSaying("Content-Range"));
}

TEST(HttpTransport, RefusesAPartThatNobodyAskedFor) {
  LoopbackServer server;
  server.On("/a", Answer(206, "hello", {"Content-Range: bytes 0-4/5"}));
  EXPECT_THAT(Get(server.Url("/a")), FailsSaying("206"));
  EXPECT_THAT(server.Requests(), SizeIs(1));
}

// Serves what is asked for, but never more than a part of it.
Handler ServeInParts(const std::string& body, std::size_t part) {
  return [=](const test::RecordedRequest& request, test::Connection& connection) {
    const std::string range = request.Header("range");
    const std::size_t first = range.empty() ? 0 : std::stoul(range.substr(6));
    const std::string size = std::to_string(body.size());
    std::string head = "HTTP/1.1 200 OK\r\n";
    if (first > 0) {
      head = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes " + std::to_string(first) + "-" +
             std::to_string(body.size() - 1) + "/" + size + "\r\n";
    }
    head += "ETag: \"v1\"\r\nContent-Length: " + std::to_string(body.size() - first) + "\r\n\r\n";
    connection.Send(head + body.substr(first, part));
    connection.CloseAfterwards();
  };
}

TEST(HttpTransport, OutlastsAnyNumberOfCutsThatBringItForward) {
  const std::string body = Pattern(9'000'000);
  LoopbackServer server;
  server.On("/a", ServeInParts(body, 1'100'000));
  EXPECT_THAT(Get(server.Url("/a"), FetchKind::kTarget, body.size()), IsOkAnd(Eq(body)));
  EXPECT_THAT(server.Requests(), SizeIs(9));
}

TEST(HttpTransport, GivesUpOnCutsThatBringNothing) {
  LoopbackServer server;
  server.On("/a", ServeInParts(Pattern(50'000), 10));
  EXPECT_THAT(Get(server.Url("/a"), FetchKind::kTarget), Fails(ErrorCode::kNetwork));
  EXPECT_THAT(server.Requests(), SizeIs(4));
}

// --- Caps (A6).

TEST(HttpTransport, TakesExactlyTheCap) {
  LoopbackServer server;
  server.On("/a", Answer(200, std::string(1000, 'x')));
  EXPECT_THAT(Get(server.Url("/a"), FetchKind::kMetadata, 1000), IsOk());
  EXPECT_THAT(Get(server.Url("/a"), FetchKind::kMetadata, 999), Fails(ErrorCode::kTooLarge));
}

TEST(HttpTransport, StopsABodyThatNeverEnds) {
  LoopbackServer server;
  server.On("/plain", RawThenForEver("HTTP/1.1 200 OK\r\n\r\n", std::string(1000, 'x')));
  server.On("/chunked", RawThenForEver("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                                       "3\r\nxxx\r\n"));
  EXPECT_THAT(Get(server.Url("/plain")), Fails(ErrorCode::kTooLarge));
  EXPECT_THAT(Get(server.Url("/chunked")), Fails(ErrorCode::kTooLarge));
}

TEST(HttpTransport, StopsHeadersThatNeverEnd) {
  LoopbackServer server;
  server.On("/lines", RawThenForEver("HTTP/1.1 200 OK\r\n", "X: y\r\n"));
  server.On("/line", RawThenForEver("HTTP/1.1 200 OK\r\nX: ", "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"));
  server.On("/interim", RawThenForEver("", "HTTP/1.1 100 Continue\r\n\r\n"));
  EXPECT_THAT(Get(server.Url("/lines")), Fails(ErrorCode::kTooLarge));
  EXPECT_THAT(Get(server.Url("/line")), testing::Not(IsOk()));
  EXPECT_THAT(Get(server.Url("/interim")), Fails(ErrorCode::kTooLarge));
}

TEST(HttpTransport, LeavesAnErrorPageThatNeverEnds) {
  LoopbackServer server;
  server.On("/a", RawThenForEver("HTTP/1.1 404 Not Found\r\n\r\n", std::string(1000, 'x')));
  EXPECT_THAT(Get(server.Url("/a")), Fails(ErrorCode::kNotFound));
}

TEST(HttpTransport, UndoesNoTransferCompression) {
  LoopbackServer server;
  server.On("/a", Raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nbomb"));
  EXPECT_THAT(Get(server.Url("/a")), FailsSaying("gzip"));
}

// --- Redirects.

TEST(HttpTransport, FollowsFiveRedirectsAndNoMore) {
  LoopbackServer server;
  for (int i = 1; i <= 6; ++i) {
    server.On("/" + std::to_string(i), RedirectTo("/" + std::to_string(i - 1), 300 + i % 2 + 1));
  }
  server.On("/0", Answer(200, "hello"));
  EXPECT_THAT(Get(server.Url("/5")), IsOkAnd(Eq("hello")));
  EXPECT_THAT(Get(server.Url("/6")), FailsSaying("more than 5 redirects"));
}

TEST(HttpTransport, FollowsToAnotherHost) {
  LoopbackServer here;
  LoopbackServer there;
  here.On("/a", RedirectTo(there.Url("/b"), 307));
  there.On("/b", Answer(200, "hello"));
  EXPECT_THAT(Get(here.Url("/a")), IsOkAnd(Eq("hello")));
}

TEST(HttpTransport, FollowsToNoOtherScheme) {
  LoopbackServer server;
  for (const char* url : {"file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x"}) {
    server.On("/a", RedirectTo(url));
    EXPECT_THAT(Get(server.Url("/a")), FailsSaying("refused")) << url;
  }
}

TEST(HttpTransport, TakesNoBodyFromARedirectWithoutATarget) {
  LoopbackServer server;
  server.On("/a", Answer(302, "not the file"));
  EXPECT_THAT(Get(server.Url("/a")), FailsSaying("HTTP status 302"));
}

// --- Slowness (A7): the window is one second here.

TEST(HttpTransport, LeavesAServerThatStalls) {
  LoopbackServer server;
  server.On("/silent", RawThenStall(""));
  server.On("/header", RawThenStall("HTTP/1.1 200 OK\r\nContent-Len"));
  server.On("/body", RawThenStall("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"));
  HttpOptions options = Impatient();
  options.attempts = 1;
  for (const char* path : {"/silent", "/header", "/body"}) {
    for (const FetchKind kind : {FetchKind::kMetadata, FetchKind::kTarget}) {
      EXPECT_THAT(Get(server.Url(path), kind, kMaxBytes, options), Fails(ErrorCode::kNetwork))
          << path;
    }
  }
}

TEST(HttpTransport, GoesOnAfterAStall) {
  const std::string body = Pattern(50'000);
  LoopbackServer server;
  server.On("/a", {RawThenStall("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 50000\r\n\r\n" +
                                body.substr(0, 20'000)),
                   ServeFile(body)});
  EXPECT_THAT(Get(server.Url("/a"), FetchKind::kTarget), IsOkAnd(Eq(body)));
}

TEST(HttpTransport, LeavesAServerThatTrickles) {
  LoopbackServer server;
  server.On("/a", [](const test::RecordedRequest&, test::Connection& connection) {
    bool open = connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    while (open) {
      open = connection.Send("x");
      connection.Wait(std::chrono::milliseconds(100));
    }
  });
  HttpOptions options = Impatient();
  options.attempts = 1;
  EXPECT_THAT(Get(server.Url("/a"), FetchKind::kTarget, kMaxBytes, options),
              Fails(ErrorCode::kNetwork));
}

TEST(HttpTransport, EndsMetadataAtItsDeadlineWhateverTheServerDoes) {
  LoopbackServer server;
  server.On("/a", RawThenForEver("HTTP/1.1 200 OK\r\n\r\n", std::string(1000, 'x')));
  HttpOptions options = Impatient();
  options.metadata_deadline = std::chrono::milliseconds(200);
  const auto transport = HttpTransport::Create(options);
  ASSERT_THAT(transport, IsOk());
  struct Hole final : base::ByteSink {
    Result<> Write(base::ByteView) override { return {}; }
    Result<> Finish() override { return {}; }
  } hole;
  EXPECT_THAT((*transport)->Fetch({.url = server.Url("/a"), .max_bytes = UINT64_MAX}, hole),
              Fails(ErrorCode::kNetwork));
  EXPECT_THAT(server.Requests(), SizeIs(1));
}

// --- The sink.

TEST(HttpTransport, PassesTheSinksErrorOnUnchangedAndAtOnce) {
  struct Full final : base::ByteSink {
    Result<> Write(base::ByteView) override {
      return base::Fail(ErrorCode::kNoSpace, "the disk is full");
    }
    Result<> Finish() override { return {}; }
  } full;
  LoopbackServer server;
  server.On("/a", Answer(200, "hello"));
  const auto transport = HttpTransport::Create(Impatient());
  ASSERT_THAT(transport, IsOk());
  const Result<> fetched = (*transport)->Fetch({.url = server.Url("/a"), .max_bytes = 5}, full);
  ASSERT_THAT(fetched, Fails(ErrorCode::kNoSpace));
  EXPECT_EQ(fetched.error().message(), "the disk is full");
  EXPECT_THAT(server.Requests(), SizeIs(1));
}

TEST(HttpTransport, StopsAnExceptionAtTheBorderOfC) {
  struct Throwing final : base::ByteSink {
    Result<> Write(base::ByteView) override { throw std::bad_alloc(); }
    Result<> Finish() override { return {}; }
  } throwing;
  LoopbackServer server;
  server.On("/a", Answer(200, "hello"));
  const auto transport = HttpTransport::Create(Impatient());
  ASSERT_THAT(transport, IsOk());
  EXPECT_THAT((*transport)->Fetch({.url = server.Url("/a"), .max_bytes = 5}, throwing),
              FailsSaying("bad_alloc"));
}

// --- TLS and proxies.

class HttpsTransport : public testing::Test {
 protected:
  static const test::TestAuthority& Authority() {
    static const test::TestAuthority authority;
    return authority;
  }
  static test::TlsFiles ServerFiles(std::string client_ca = "") {
    static const test::TestAuthority::Files files = Authority().Issue("server");
    return {.certificate = files.certificate, .key = files.key, .client_ca = std::move(client_ca)};
  }
  static HttpOptions Trusting() {
    HttpOptions options = Impatient();
    options.ca_bundle = Authority().certificate();
    return options;
  }
  static Result<std::string> GetTrusting(const std::string& url, HttpOptions options = Trusting()) {
    return Get(url, FetchKind::kMetadata, kMaxBytes, std::move(options));
  }
};

TEST_F(HttpsTransport, TrustsTheGivenAuthority) {
  LoopbackServer server(ServerFiles());
  server.On("/a", Answer(200, "hello"));
  EXPECT_THAT(GetTrusting(server.Url("/a")), IsOkAnd(Eq("hello")));
}

TEST_F(HttpsTransport, TrustsNoOtherAuthorityAndDoesNotAskTwice) {
  LoopbackServer server(ServerFiles());
  server.On("/a", Answer(200, "hello"));
  EXPECT_THAT(Get(server.Url("/a")), Fails(ErrorCode::kNetwork));
  EXPECT_THAT(server.Requests(), SizeIs(0));
  EXPECT_EQ(server.Connections(), 1);
}

TEST_F(HttpsTransport, RefusesTheWayBackToHttp) {
  LoopbackServer open;
  open.On("/a", Answer(200, "from anybody"));
  LoopbackServer server(ServerFiles());
  server.On("/a", RedirectTo(open.Url("/a")));
  EXPECT_THAT(GetTrusting(server.Url("/a")), FailsSaying("refused"));
  EXPECT_THAT(open.Requests(), SizeIs(0));
}

TEST_F(HttpsTransport, RefusesTheWayBackToHttpAfterARedirectToHttps) {
  LoopbackServer open;
  LoopbackServer server(ServerFiles());
  open.On("/start", RedirectTo(server.Url("/a")));
  open.On("/a", Answer(200, "from anybody"));
  server.On("/a", RedirectTo(open.Url("/a")));
  EXPECT_THAT(GetTrusting(open.Url("/start")), FailsSaying("refused"));
}

TEST_F(HttpsTransport, ShowsItsClientCertificate) {
  LoopbackServer server(ServerFiles(Authority().certificate()));
  server.On("/a", Answer(200, "hello"));
  EXPECT_THAT(GetTrusting(server.Url("/a")), Fails(ErrorCode::kNetwork));
  const test::TestAuthority::Files client = Authority().Issue("client");
  HttpOptions options = Trusting();
  options.client_certificate = client.certificate;
  options.client_key = client.key;
  EXPECT_THAT(GetTrusting(server.Url("/a"), options), IsOkAnd(Eq("hello")));
}

TEST_F(HttpsTransport, GoesThroughTheProxyForHttpsAndPastItWhereToldTo) {
  LoopbackServer server(ServerFiles());
  server.On("/a", Answer(200, "hello"));
  LoopbackServer plain;
  plain.On("/a", Answer(200, "plain"));
  LoopbackServer proxy;
  proxy.On("CONNECT", [&](const test::RecordedRequest&, test::Connection& connection) {
    connection.Send("HTTP/1.1 200 Connected\r\nX-Proxy: yes\r\n\r\n");
    connection.TunnelTo(server.port());
  });
  HttpOptions options = Trusting();
  options.https_proxy = proxy.Url();
  EXPECT_THAT(GetTrusting(server.Url("/a"), options), IsOkAnd(Eq("hello")));
  EXPECT_THAT(proxy.Targets(), ElementsAre("127.0.0.1:" + std::to_string(server.port())));
  EXPECT_THAT(GetTrusting(plain.Url("/a"), options), IsOkAnd(Eq("plain")));
  options.no_proxy = {"example.org", "127.0.0.0/8"};
  EXPECT_THAT(GetTrusting(server.Url("/a"), options), IsOkAnd(Eq("hello")));
  EXPECT_THAT(proxy.Requests(), SizeIs(1));
}

TEST_F(HttpsTransport, LooksAtNoEnvironment) {
  LoopbackServer server(ServerFiles());
  server.On("/a", Answer(200, "hello"));
  LoopbackServer trap;
  setenv("https_proxy", trap.Url().c_str(), 1);
  setenv("ALL_PROXY", trap.Url().c_str(), 1);
  EXPECT_THAT(GetTrusting(server.Url("/a")), IsOk());
  unsetenv("https_proxy");
  unsetenv("ALL_PROXY");
  EXPECT_THAT(trap.Requests(), SizeIs(0));
}

TEST_F(HttpsTransport, NamesTheOptionThatCannotBeUsed) {
  HttpOptions options;
  options.ca_bundle = "/no/such/bundle.pem";
  EXPECT_THAT(HttpTransport::Create(options), FailsSaying("CA bundle: /no/such/bundle.pem"));
  options = {};
  options.client_key = "/no/such/key.pem";
  EXPECT_THAT(HttpTransport::Create(options), Fails(ErrorCode::kUsage));
  options = {};
  options.client_certificate = Authority().certificate();
  EXPECT_THAT(HttpTransport::Create(options), FailsSaying("together"));
  options = {};
  options.https_proxy = "http://[::1";
  EXPECT_THAT(HttpTransport::Create(options), FailsSaying("https proxy"));
}

// --- Files.

TEST(FileTransport, ReadsAFileUnderTheCap) {
  const test::TempDir directory;
  std::ofstream(directory / "a b.json") << "hello";
  const std::string url = "file://" + (directory / "a%20b.json");
  EXPECT_THAT(Get(url), IsOkAnd(Eq("hello")));
  EXPECT_THAT(Get(url, FetchKind::kMetadata, 5), IsOk());
  EXPECT_THAT(Get(url, FetchKind::kMetadata, 4), Fails(ErrorCode::kTooLarge));
}

TEST(FileTransport, SaysNotFoundForWhatIsNotThere) {
  const test::TempDir directory;
  EXPECT_THAT(Get("file://" + (directory / "2.root.json")), Fails(ErrorCode::kNotFound));
  EXPECT_THAT(Get("file://" + (directory / "..%2F..%2Fetc%2Fpasswd")), Fails(ErrorCode::kNotFound));
}

TEST(FileTransport, ReadsNothingButRegularFiles) {
  const test::TempDir directory;
  ASSERT_EQ(mkfifo((directory / "fifo").c_str(), 0600), 0);
  EXPECT_THAT(Get("file://" + (directory / "fifo")), Fails(ErrorCode::kMismatch));
  EXPECT_THAT(Get("file://" + directory.path()), Fails(ErrorCode::kMismatch));
}

TEST(FileTransport, StopsAtTheCapEvenIfTheSizeSaysLess) {
  EXPECT_THAT(Get("file:///proc/self/maps", FetchKind::kMetadata, 10), Fails(ErrorCode::kTooLarge));
}

}  // namespace
}  // namespace tough
