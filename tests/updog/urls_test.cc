#include "updog/urls.h"

#include <gmock/gmock.h>

#include <string>
#include <string_view>

#include "tests/support/matchers.h"

namespace updog {
namespace {

using base::ErrorCode;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using testing::AllOf;
using testing::Not;

TEST(CheckBaseUrl, TakesWhatFilesCanBeFetchedFrom) {
  for (const char* url :
       {"https://h", "http://h/", "https://updates.example.org/a/b/", "https://h:8443/m",
        "http://127.0.0.1:1/m", "https://[::1]:8443/m", "https://[2001:db8::1]",
        "https://[fe80::1%25eth0]:8443/m", "https://h/m=1/", "https://user:pass%40word@h/m",
        "https://h/a%20b/", "https://bücher.example/ä", "file:///", "file:///srv/repository",
        "file://localhost/srv", "file:///a%20b"}) {
    EXPECT_THAT(CheckBaseUrl(url), IsOk()) << url;
  }
}

TEST(CheckProxyUrl, TakesHostsWithAndWithoutAPort) {
  for (const char* url : {"http://proxy:3128", "https://proxy", "http://user:password@proxy:65535/",
                          "http://[fe80::1]:3128"}) {
    EXPECT_THAT(CheckProxyUrl(url), IsOk()) << url;
  }
}

struct BadUrl {
  std::string_view url;
  std::string_view why;
};
class UnusableUrl : public testing::TestWithParam<BadUrl> {};
class UnusableHost : public testing::TestWithParam<BadUrl> {};

TEST_P(UnusableUrl, IsRefusedWithTheReason) {
  EXPECT_THAT(CheckBaseUrl(GetParam().url),
              AllOf(Fails(ErrorCode::kUsage), FailsSaying(std::string(GetParam().why))))
      << GetParam().url;
}

INSTANTIATE_TEST_SUITE_P(
    Urls, UnusableUrl,
    testing::Values(BadUrl{"", "is not an https, http or file URL"},
                    BadUrl{"ftp://h/", "is not an https, http or file URL"},
                    BadUrl{"/srv/repository", "is not an https, http or file URL"},
                    BadUrl{"https:h", "is not an https, http or file URL"},
                    BadUrl{"https://h/?a=b", "has a query"}, BadUrl{"https://h/#a", "a fragment"},
                    BadUrl{"file:///srv?a", "has a query"},
                    BadUrl{"file://", "a file URL is file:///PATH"},
                    BadUrl{"file://srv/repository", "a file URL is file:///PATH"},
                    BadUrl{"file:///a%2Fb", "a name that no file can have"},
                    BadUrl{"file:///a%", "'%' without two hexadecimal digits"}));

// Of base URLs and proxies alike.
TEST_P(UnusableHost, IsRefusedWithTheReason) {
  const auto refused = AllOf(Fails(ErrorCode::kUsage), FailsSaying(std::string(GetParam().why)));
  EXPECT_THAT(CheckBaseUrl(GetParam().url), refused) << GetParam().url;
  EXPECT_THAT(CheckProxyUrl(GetParam().url), refused) << GetParam().url;
}

INSTANTIATE_TEST_SUITE_P(
    Urls, UnusableHost,
    testing::Values(BadUrl{"https://", "has no host"}, BadUrl{"http://", "has no host"},
                    BadUrl{"https:///m", "has no host"}, BadUrl{"https://:443/m", "has no host"},
                    BadUrl{"https://user@/m", "has no host"},
                    BadUrl{"https://[::", "has a [ without its ]"},
                    BadUrl{"https://[::1/m", "has a [ without its ]"},
                    BadUrl{"https://[]/m", "no IPv6 address between"},
                    BadUrl{"https://[h]/m", "no IPv6 address between"},
                    BadUrl{"https://[fe80::1%25]/m", "no IPv6 address between"},
                    BadUrl{"https://[%25eth0]/m", "no IPv6 address between"},
                    BadUrl{"https://../m", "neither a name nor an address"},
                    BadUrl{"https://a..b/m", "neither a name nor an address"},
                    BadUrl{"https://[::1]8443", "has more than a port after"},
                    BadUrl{"https://::1/m", "has no host"},
                    BadUrl{"https://h]/m", "neither a name nor an address"},
                    BadUrl{"https://h,i/m", "neither a name nor an address"},
                    BadUrl{"https://h%20/m", "neither a name nor an address"},
                    BadUrl{"http://p:", "a port that is not 1 to 65535"},
                    BadUrl{"http://p:0", "a port that is not 1 to 65535"},
                    BadUrl{"http://p:99999", "a port that is not 1 to 65535"},
                    BadUrl{"http://p:+80", "a port that is not 1 to 65535"},
                    BadUrl{"http://p:80a", "a port that is not 1 to 65535"},
                    BadUrl{"http://a:b:80", "a port that is not 1 to 65535"},
                    BadUrl{"https://a\"b\\c", "has a \", which no URL has; write %22"},
                    BadUrl{"https://h/a\\b", "has a \\, which no URL has; write %5C"},
                    BadUrl{"https://h/<a>", "has a <"}, BadUrl{"https://h/{a}", "has a {"},
                    BadUrl{"https://h/`a`", "has a `"}, BadUrl{"https://h/a b", "has a space"},
                    BadUrl{"https://h/a\tb", "has a control character"},
                    BadUrl{"https://h/a%zz", "'%' without two hexadecimal digits"},
                    BadUrl{"https://h/a%2", "'%' without two hexadecimal digits"}));

TEST(CheckProxyUrl, RefusesFilesAndNames) {
  EXPECT_THAT(CheckProxyUrl("file:///srv"), FailsSaying("is not an http or https URL"));
  EXPECT_THAT(CheckProxyUrl("proxy:3128"), FailsSaying("is not an http or https URL"));
}

TEST(CheckProxyUrl, QuotesOneLineWithoutThePassword) {
  const auto refused = CheckProxyUrl("http://user:secret@p:0/\n");
  ASSERT_THAT(refused, Fails(ErrorCode::kUsage));
  EXPECT_THAT(refused.error().message(),
              AllOf(Not(testing::HasSubstr("secret")), Not(testing::HasSubstr("\n"))));
}

}  // namespace
}  // namespace updog
