#include "api/apiclient/http_client.h"

#include <gmock/gmock.h>

#include <string>

#include "api/apiclient/client.h"
#include "tests/support/matchers.h"

namespace {

using base::ErrorCode;
using test::Fails;
using test::FailsSaying;
using test::IsOk;

TEST(HttpClient, ReadsStatusAndBody) {
  const auto reply = api::ParseReply("GET", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody");
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->status, 200U);
  EXPECT_EQ(reply->body, "body");
}

TEST(HttpClient, ReadsABodyOfUntoldLengthToTheEnd) {
  EXPECT_EQ(api::ParseReply("GET", "HTTP/1.0 500 No\r\n\r\nall of it")->body, "all of it");
  EXPECT_EQ(api::ParseReply("GET", "HTTP/1.1 204 No Content\r\n\r\n")->body, "");
  EXPECT_EQ(api::ParseReply("HEAD", "HTTP/1.1 405 No\r\nContent-Length: 5\r\n\r\n")->status, 405U);
}

TEST(HttpClient, PassesOverWhatComesBeforeTheAnswer) {
  EXPECT_EQ(api::ParseReply("GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n")->status,
            204U);
  // As many as fit into an answer are no deeper than one.
  std::string many;
  for (int i = 0; i < 1'000'000; ++i) many += "HTTP/1.1 100\r\n\r\n";
  EXPECT_EQ(api::ParseReply("GET", many + "HTTP/1.1 204 No\r\n\r\n")->status, 204U);
}

TEST(HttpClient, RefusesWhatIsCutOff) {
  EXPECT_THAT(api::ParseReply("GET", ""), Fails(ErrorCode::kNetwork));
  EXPECT_THAT(api::ParseReply("GET", "HTTP/1.1 200 OK\r\nContent-Le"), Fails(ErrorCode::kNetwork));
  EXPECT_THAT(api::ParseReply("GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbody"),
              FailsSaying("within its answer"));
}

TEST(HttpClient, RefusesWhatIsNoHttp) {
  EXPECT_THAT(api::ParseReply("GET", "SSH-2.0-x\r\n\r\n"), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(api::ParseReply("GET", "HTTP/1.1 000 OK\r\n\r\n"), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(api::ParseReply("GET", "HTTP/1.1 2x0 OK\r\n\r\n"), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(api::ParseReply("GET", "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"),
              Fails(ErrorCode::kMalformed));
  EXPECT_THAT(
      api::ParseReply("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
      Fails(ErrorCode::kUnsupported));
}

TEST(HttpClient, EscapesQueries) {
  EXPECT_EQ(api::EscapeQuery("settings.a-b_c~1"), "settings.a-b_c~1");
  EXPECT_EQ(api::EscapeQuery("a&b=c d/\xc3\xa9"), "a%26b%3Dc%20d%2F%C3%A9");
}

TEST(ApiClientLines, AreOneLineWhateverTheBodyHolds) {
  EXPECT_EQ(api::FailureLine("GET", "/x", api::Reply{.status = 423, .body = "Update lock held\n"}),
            "Failed GET request to '/x': Status 423 when GETing /x: Update lock held");
  EXPECT_EQ(api::FailureLine("GET", "/x", api::Reply{.status = 400, .body = "<html>\n\x1b[2J"}),
            "Failed GET request to '/x': Status 400 when GETing /x: <html>?"
            "?[2J");
}

}  // namespace
