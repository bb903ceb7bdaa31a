#include "tough/url.h"

#include <gtest/gtest.h>

#include "tests/support/matchers.h"

namespace tough {
namespace {

using base::ErrorCode;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::IsOkAnd;
using testing::Eq;

TEST(Url, EncodesEveryByteButTheUnreserved) {
  EXPECT_EQ(PercentEncode("AZaz09_.-~"), "AZaz09_.-~");
  EXPECT_EQ(PercentEncode("a/b c%2e?#\\é\n"), "a%2Fb%20c%252e%3F%23%5C%C3%A9%0A");
}

TEST(Url, DecodesWhatItEncodes) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  EXPECT_THAT(PercentDecode(PercentEncode(all)), IsOkAnd(Eq(all)));
  EXPECT_THAT(PercentDecode("a%2"), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(PercentDecode("a%zz"), Fails(ErrorCode::kMalformed));
}

TEST(Url, JoinsBaseAndMetadataNameByOneSlash) {
  EXPECT_EQ(MetadataUrl("http://h/m", "2.root.json"), "http://h/m/2.root.json");
  EXPECT_EQ(MetadataUrl("http://h/m/", "2.root.json"), "http://h/m/2.root.json");
  EXPECT_EQ(MetadataUrl("http://h/m/", "1.../role.json"), "http://h/m/1...%2Frole.json");
}

TEST(Url, KeepsTheFoldersOfATarget) {
  EXPECT_THAT(TargetUrl("https://h/t", "dir/a b.txt"), IsOkAnd(Eq("https://h/t/dir/a%20b.txt")));
  EXPECT_THAT(TargetUrl("https://h/t", "//other/x"), IsOkAnd(Eq("https://h/t///other/x")));
  EXPECT_THAT(TargetUrl("https://h/t", "http://other/x"),
              IsOkAnd(Eq("https://h/t/http%3A//other/x")));
  EXPECT_THAT(TargetUrl("https://h/t", "%2e%2e%2f"), IsOkAnd(Eq("https://h/t/%252e%252e%252f")));
}

TEST(Url, RefusesTargetsThatClimb) {
  EXPECT_THAT(TargetUrl("https://h/t", "../x"), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(TargetUrl("https://h/t", "a/../x"), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(TargetUrl("https://h/t", "a/./x"), FailsSaying("a/./x"));
}

TEST(Url, FindsThePathOfAFileUrl) {
  EXPECT_THAT(PathOfFileUrl("file:///a/../b%20c"), IsOkAnd(Eq("/a/../b c")));
  EXPECT_THAT(PathOfFileUrl("file://localhost/a?seed=3"), IsOkAnd(Eq("/a")));
  EXPECT_THAT(PathOfFileUrl("file://host/a"), Fails(ErrorCode::kUsage));
}

TEST(Url, LetsNoEncodedNameClimbInAFileUrl) {
  for (const char* name : {"%2E%2E", "..%2Fx", "a%2Fb", "a%00b", "%2e."}) {
    EXPECT_THAT(PathOfFileUrl(std::string("file:///m/") + name), Fails(ErrorCode::kNotFound))
        << name;
  }
}

TEST(Url, SpeaksThreeSchemes) {
  EXPECT_THAT(SchemeOf("HTTPS://h/"), IsOkAnd(Eq(UrlScheme::kHttps)));
  EXPECT_THAT(SchemeOf("http://h/"), IsOkAnd(Eq(UrlScheme::kHttp)));
  EXPECT_THAT(SchemeOf("file:///x"), IsOkAnd(Eq(UrlScheme::kFile)));
  EXPECT_THAT(SchemeOf("ftp://h/"), Fails(ErrorCode::kUsage));
  EXPECT_THAT(SchemeOf("/var/www"), FailsSaying("/var/www"));
}

TEST(Url, LetsARedirectLeaveHttpButNotHttps) {
  EXPECT_THAT(CheckRedirect("http://a/", "http://b/"), IsOk());
  EXPECT_THAT(CheckRedirect("http://a/", "https://b/"), IsOk());
  EXPECT_THAT(CheckRedirect("https://a/", "https://b/"), IsOk());
  EXPECT_THAT(CheckRedirect("https://a/", "http://b/"), Fails(ErrorCode::kNetwork));
  EXPECT_THAT(CheckRedirect("http://a/", "file:///etc/passwd"), Fails(ErrorCode::kNetwork));
  EXPECT_THAT(CheckRedirect("http://a/", "ftp://b/"), Fails(ErrorCode::kNetwork));
}

TEST(Url, HidesCredentialsInMessages) {
  EXPECT_EQ(WithoutCredentials("https://me:secret@h:1/p@q?r"), "https://h:1/p@q?r");
  EXPECT_EQ(WithoutCredentials("https://h/p@q"), "https://h/p@q");
  EXPECT_THAT(SchemeOf("ftp://me:secret@h/"), testing::Not(FailsSaying("secret")));
}

}  // namespace
}  // namespace tough
