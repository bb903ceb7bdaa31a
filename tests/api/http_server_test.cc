// The HTTP server against clients of every kind, on a clock of the test's own.
#include "api/http_server.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "api/listener.h"
#include "api/unix_socket.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AllOf;
using testing::EndsWith;
using testing::IsEmpty;
using testing::StartsWith;

constexpr const char* kGet = "GET /hello?to=a%20b HTTP/1.1\r\nHost: x\r\n\r\n";

class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() {
    auto listener = api::MakeListener(path_, std::nullopt);
    EXPECT_THAT(listener, test::IsOk());
    auto server = api::HttpServer::Create(
        *std::move(listener), {.header_bytes = 4096, .body_bytes = 1000, .connections = 8},
        [this](const api::Request& request) {
          requests_.push_back(request);
          return api::Response{
              .status = 200, .body = request.path + " " + request.body, .then = then_};
        });
    EXPECT_THAT(server, test::IsOk());
    server_ = *std::move(server);
  }

  // Has the server do all that is to be done now.
  void Pump() {
    for (int turn = 0; turn < 20; ++turn) server_->Run(now_);
  }
  void Pass(milliseconds time) {
    now_ += time;
    Pump();
  }
  base::UniqueFd Connect() {
    auto fd = api::ConnectUnixSocket(path_);
    EXPECT_THAT(fd, test::IsOk());
    return *std::move(fd);
  }
  static void Say(const base::UniqueFd& fd, const std::string& text) {
    (void)send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  // What has been answered by now.
  static std::string Hear(const base::UniqueFd& fd) {
    std::string text(std::size_t{1} << 16, '\0');
    const ssize_t size = recv(fd.get(), text.data(), text.size(), MSG_DONTWAIT);
    text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return text;
  }
  static bool IsClosed(const base::UniqueFd& fd) {
    char byte = 0;
    return recv(fd.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
  }
  std::string Ask(const base::UniqueFd& fd, const std::string& text) {
    Say(fd, text);
    Pump();
    return Hear(fd);
  }
  bool IsTaken(const std::string& target, const std::string& fields);
  bool Answers() { return Ask(Connect(), kGet).starts_with("HTTP/1.1 200"); }

  test::TempDir dir_;
  std::string path_ = dir_ / "socket";
  std::unique_ptr<api::HttpServer> server_;
  std::vector<api::Request> requests_;
  std::function<void()> then_;
  api::HttpServer::Instant now_{seconds(1000)};
};

TEST_F(HttpServerTest, HandsOverRequestsWithWhoMadeThem) {
  const auto fd = Connect();
  EXPECT_THAT(Ask(fd, "PATCH /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"),
              AllOf(StartsWith("HTTP/1.1 200"), EndsWith("\r\n\r\n/a body")));
  EXPECT_THAT(Ask(fd, kGet), EndsWith("/hello "));
  ASSERT_EQ(requests_.size(), 2U);
  EXPECT_EQ(requests_[0].method, "PATCH");
  EXPECT_EQ(requests_[0].peer.pid, getpid());
  EXPECT_EQ(requests_[0].peer.uid, getuid());
  EXPECT_EQ(requests_[0].peer.gid, getgid());
  EXPECT_EQ(requests_[1].query.at("to"), "a b");
}

TEST_F(HttpServerTest, HandsOverThePathAsItWasSent) {
  for (const std::string path : {"/hello%00x", "%2fhello", "/h%65llo", "/hello%"}) {
    EXPECT_THAT(Ask(Connect(), "GET " + path + "?a=b HTTP/1.1\r\nHost: x\r\n\r\n"),
                EndsWith("\r\n" + path + " "));
  }
}

TEST_F(HttpServerTest, GoesOnToWhatComesAfterTheAnswerOnceItIsSent) {
  const auto fd = Connect();
  std::string heard;
  then_ = [&] { heard = Hear(fd); };
  EXPECT_EQ(Ask(fd, kGet), "");
  EXPECT_THAT(heard, AllOf(StartsWith("HTTP/1.1 200"), EndsWith("/hello ")));
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInTheirOrder) {
  std::string many;
  for (int i = 0; i < 5; ++i) {
    many += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  const auto fd = Connect();
  const std::string answers = Ask(fd, many);
  std::size_t position = 0;
  for (int i = 0; i < 5; ++i) {
    position = answers.find("\r\n\r\n/" + std::to_string(i) + " ", position);
    ASSERT_NE(position, std::string::npos) << answers;
  }
}

TEST_F(HttpServerTest, RefusesABodyThatIsTooLongBeforeItComes) {
  const auto fd = Connect();
  EXPECT_THAT(Ask(fd, "PATCH /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n"),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(Ask(Connect(),
                  "PATCH /a HTTP/1.1\r\nHost: x\r\n"
                  "Content-Length: 99999999999999999999\r\n\r\n"),
              testing::Not(StartsWith("HTTP/1.1 200")));
  EXPECT_THAT(requests_, IsEmpty());
  EXPECT_TRUE(Answers());
}

TEST_F(HttpServerTest, TakesABodyOfTheGreatestLength) {
  const std::string body(1000, 'b');
  EXPECT_THAT(Ask(Connect(), "PATCH /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + body),
              EndsWith(body));
}

TEST_F(HttpServerTest, RefusesABodyOfUntoldLength) {
  EXPECT_THAT(Ask(Connect(),
                  "PATCH /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "4\r\nbody\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 411"));
  EXPECT_THAT(requests_, IsEmpty());
  EXPECT_TRUE(Answers());
}

TEST_F(HttpServerTest, RefusesAHeaderThatIsTooLong) {
  const auto fd = Connect();
  const std::string answer =
      Ask(fd, "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(8000, 'x') + "\r\n\r\n");
  EXPECT_THAT(answer, testing::AnyOf(IsEmpty(), StartsWith("HTTP/1.1 4")));
  EXPECT_THAT(requests_, IsEmpty());
  EXPECT_TRUE(Answers());
}

// Whether the request is handed over; if so it is answered, and if not, it is not said to be well.
bool HttpServerTest::IsTaken(const std::string& target, const std::string& fields) {
  const std::size_t before = requests_.size();
  const std::string answer =
      Ask(Connect(), "GET " + target + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n");
  const bool taken = requests_.size() > before;
  EXPECT_THAT(answer, taken ? testing::Matcher<std::string>(StartsWith("HTTP/1.1 200"))
                            : testing::AnyOf(IsEmpty(), StartsWith("HTTP/1.1 4")));
  return taken;
}

TEST_F(HttpServerTest, AnswersWhateverItHandsOver) {
  for (std::size_t size = 3000; size < 9000; size += 10) {
    EXPECT_EQ(IsTaken("/", "X: " + std::string(size, 'x') + "\r\n"), size + 32 <= 4096) << size;
  }
  std::string arguments = "/?a";
  std::string fields;
  for (int count = 1; count < 300; ++count) {
    EXPECT_EQ(IsTaken(arguments, ""), count < 64) << count;
    EXPECT_EQ(IsTaken("/", fields), count < 65) << count;
    arguments += "&a";
    fields += "X: y\r\n";
  }
}

TEST_F(HttpServerTest, SaysThatAHeaderIsTooLong) {
  const std::string head = " HTTP/1.1\r\nHost: x\r\n\r\n";
  EXPECT_THAT(Ask(Connect(), "GET /" + std::string(5000, 'x') + head), StartsWith("HTTP/1.1 4"));
  std::string many = "GET /?a";
  for (int count = 0; count < 80; ++count) many += "&a";
  EXPECT_THAT(Ask(Connect(), many + head),
              AllOf(StartsWith("HTTP/1.1 431"), EndsWith("too many fields")));
  EXPECT_THAT(Ask(Connect(), "GET / HTTP/2.0\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 505"));
  EXPECT_THAT(requests_, IsEmpty());
}

TEST_F(HttpServerTest, AnswersAfterWhatIsNoHttp) {
  for (const std::string& text :
       {std::string("\r\n\r\n\r\n"), std::string("GET\r\n\r\n"), std::string(3000, '\0'),
        std::string("GET / HTTP/9.9\r\n\r\n"), std::string("GET / HTTP/1.1\r\n: \r\n\r\n"),
        std::string("\x16\x03\x01\x02"), std::string("GET / HTTP/1.1\r\n\r\n")}) {
    (void)Ask(Connect(), text);
    EXPECT_TRUE(Answers()) << text;
  }
}

TEST_F(HttpServerTest, ClosesAConnectionThatHasHadItsTime) {
  const auto silent = Connect();
  const auto half = Connect();
  Say(half, "GET / HTTP/1.1\r\nHo");
  Pump();
  Pass(seconds(29));
  EXPECT_FALSE(IsClosed(silent));
  EXPECT_FALSE(IsClosed(half));
  Pass(seconds(2));
  EXPECT_TRUE(IsClosed(silent));
  EXPECT_TRUE(IsClosed(half));
  EXPECT_FALSE(server_->HasConnections());
}

TEST_F(HttpServerTest, GivesNoMoreTimeForAByteNowAndThen) {
  const auto slow = Connect();
  Say(slow, "GET / HTTP/1.1\r\nHost: x\r\nX: ");
  for (int i = 0; i < 32; ++i) {
    Say(slow, "x");
    Pass(seconds(1));
  }
  EXPECT_TRUE(IsClosed(slow));
}

TEST_F(HttpServerTest, AnswersAClientThatHasClosedItsHalf) {
  const auto fd = Connect();
  Say(fd, kGet);
  EXPECT_EQ(shutdown(fd.get(), SHUT_WR), 0);
  Pump();
  EXPECT_THAT(Hear(fd), StartsWith("HTTP/1.1 200"));
  Pass(seconds(31));
  EXPECT_FALSE(server_->HasConnections());
}

TEST_F(HttpServerTest, WaitsForAClientThatDoesNotReadItsAnswersAndNoLonger) {
  const auto deaf = Connect();
  const std::string body(1000, 'b');
  const std::string request = "PATCH /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + body;
  // Until nothing more is taken.
  std::size_t handled = 0;
  do {
    handled = requests_.size();
    for (int i = 0; i < 50; ++i) Say(deaf, request);
    Pump();
  } while (requests_.size() > handled);
  EXPECT_TRUE(Answers());

  Pass(seconds(31));

  EXPECT_FALSE(server_->HasConnections());
}

TEST_F(HttpServerTest, CountsTheTimeFromTheLastAnswer) {
  const auto fd = Connect();
  for (int i = 0; i < 4; ++i) {
    EXPECT_THAT(Ask(fd, kGet), StartsWith("HTTP/1.1 200"));
    Pass(seconds(25));
  }
  EXPECT_FALSE(IsClosed(fd));
}

TEST_F(HttpServerTest, LetsTheLongestWaitingGiveWayToNewClients) {
  std::vector<base::UniqueFd> held;
  for (int i = 0; i < 8; ++i) {
    held.push_back(Connect());
    Pass(milliseconds(10));
  }
  // It has asked, so it waits for less long than the others.
  EXPECT_THAT(Ask(held[0], kGet), StartsWith("HTTP/1.1 200"));

  EXPECT_TRUE(Answers());

  EXPECT_FALSE(IsClosed(held[0]));
  EXPECT_TRUE(IsClosed(held[1]));
  EXPECT_FALSE(IsClosed(held[2]));
}

TEST_F(HttpServerTest, AnswersBesideAThousandConnections) {
  std::vector<base::UniqueFd> held;
  for (int i = 0; i < 1000; ++i) {
    held.push_back(Connect());
    Say(held.back(), "GET / HTTP/1.1\r\nX: ");
    Pass(milliseconds(1));
  }
  EXPECT_TRUE(Answers());
  std::size_t open = 0;
  for (const base::UniqueFd& fd : held) open += IsClosed(fd) ? 0U : 1U;
  EXPECT_LE(open, 8U);
}

TEST_F(HttpServerTest, SurvivesClientsThatGoAwayInTheMiddle) {
  for (const char* text : {"", "GET", "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                           "PATCH / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"}) {
    Say(Connect(), text);
    Pump();
  }
  EXPECT_TRUE(Answers());
  Pump();
  EXPECT_FALSE(server_->HasConnections());
}

TEST_F(HttpServerTest, FinishesWhatIsThereWhenItAcceptsNoMore) {
  const auto there = Connect();
  Pump();
  server_->StopAccepting();
  EXPECT_THAT(Ask(there, kGet), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(api::ConnectUnixSocket(path_), test::FailsSaying("refused"));
}

}  // namespace
