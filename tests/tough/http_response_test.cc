#include "tough/http_response.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "tests/support/matchers.h"

namespace tough {
namespace {

using base::ErrorCode;
using base::Result;
using test::Fails;
using test::FailsSaying;
using test::IsOk;

struct Incoming {
  ResumableBody body{1000};
  base::StringSink out{"body", 1000};
  HttpResponse response{body, out};

  Result<> Lines(std::initializer_list<std::string_view> lines) {
    for (const std::string_view line : lines) {
      TRY(response.TakeHeaderLine(std::string(line) + "\r\n"));
    }
    return {};
  }
};

TEST(HttpResponse, TakesTheBodyAfterTheHeader) {
  Incoming in;
  EXPECT_THAT(in.Lines({"HTTP/1.1 200 OK", "content-LENGTH:  3 ", ""}), IsOk());
  EXPECT_THAT(in.response.TakeBody(base::AsBytes("abc")), IsOk());
  EXPECT_THAT(in.body.EndResponse(), IsOk());
  EXPECT_EQ(in.out.Take(), "abc");
}

TEST(HttpResponse, SkipsInterimResponses) {
  Incoming in;
  EXPECT_THAT(in.Lines({"HTTP/1.1 103 Early Hints", "Content-Length: 9", ""}), IsOk());
  EXPECT_EQ(in.response.status(), 0);
  EXPECT_THAT(in.Lines({"HTTP/1.1 200 OK", "Content-Length: 3", ""}), IsOk());
  EXPECT_EQ(in.response.status(), 200);
}

TEST(HttpResponse, EndsInterimResponsesThatNeverEnd) {
  Incoming in;
  Result<> taken;
  for (int i = 0; taken && i < 100'000; ++i) taken = in.Lines({"HTTP/1.1 100 Continue", ""});
  EXPECT_THAT(taken, Fails(ErrorCode::kTooLarge));
}

TEST(HttpResponse, EndsTrailersThatNeverEnd) {
  Incoming in;
  ASSERT_THAT(in.Lines({"HTTP/1.1 200 OK", "Transfer-Encoding: chunked", ""}), IsOk());
  Result<> taken;
  for (int i = 0; taken && i < 100'000; ++i) taken = in.Lines({"Trailer: x"});
  EXPECT_THAT(taken, Fails(ErrorCode::kTooLarge));
}

TEST(HttpResponse, RefusesLengthsThatContradictThemselves) {
  EXPECT_THAT(Incoming().Lines({"HTTP/1.1 200 OK", "Content-Length: 3", "Content-Length: 4"}),
              FailsSaying("two different"));
  for (const char* line : {"Content-Length: -1", "Content-Length: 3x",
                           "Content-Length:", "Content-Length: 99999999999999999999"}) {
    EXPECT_THAT(Incoming().Lines({"HTTP/1.1 200 OK", line}), Fails(ErrorCode::kNetwork)) << line;
  }
}

TEST(HttpResponse, RefusesACompressionThatNobodyAskedFor) {
  EXPECT_THAT(Incoming().Lines({"HTTP/1.1 200 OK", "Transfer-Encoding: gzip, chunked"}),
              FailsSaying("gzip"));
}

TEST(HttpResponse, RefusesAnUnreadableStatus) {
  for (const char* line : {"HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 2x0 OK", "HTTP/1.1 20"}) {
    EXPECT_THAT(Incoming().Lines({line}), Fails(ErrorCode::kNetwork)) << line;
  }
}

TEST(HttpResponse, DropsTheBodyOfAnErrorUpToALimit) {
  Incoming in;
  ASSERT_THAT(in.Lines({"HTTP/1.1 404 Not Found", ""}), IsOk());
  const std::string page(40'000, 'x');
  EXPECT_THAT(in.response.TakeBody(base::AsBytes(page)), IsOk());
  EXPECT_TRUE(in.response.worth_reading_on());
  EXPECT_THAT(in.response.TakeBody(base::AsBytes(page)), IsOk());
  EXPECT_FALSE(in.response.worth_reading_on());
  EXPECT_EQ(in.out.Take(), "");
}

}  // namespace
}  // namespace tough
