#include "updog/version.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/support/matchers.h"

namespace updog {
namespace {

using base::ErrorCode;
using test::Fails;

Version V(std::string_view text) {
  return Version::Parse(text).value();
}

TEST(Version, KeepsItsText) {
  EXPECT_EQ(V("1.2.3-rc.1+build.5").text(), "1.2.3-rc.1+build.5");
}

// SemVer 2.0.0, section 11, and the numbers that break comparisons of machine integers or of text.
TEST(Version, IsOrderedByPrecedence) {
  const std::vector<std::string> ascending = {
      "0.0.0",
      "0.0.1",
      "0.0.10",
      "0.1.0",
      "0.9.99",
      "1.0.0-0",
      "1.0.0-1",
      "1.0.0-2",
      "1.0.0-10",
      "1.0.0-99999999999999999999999",
      "1.0.0--",
      "1.0.0-Alpha",
      "1.0.0-alpha",
      "1.0.0-alpha.1",
      "1.0.0-alpha.beta",
      "1.0.0-alpha-1",
      "1.0.0-beta",
      "1.0.0-beta.2",
      "1.0.0-beta.11",
      "1.0.0-rc.1",
      "1.0.0",
      "1.9.0",
      "1.10.0",
      "2.0.0",
      "18446744073709551615.0.0",
      "18446744073709551616.0.0",
  };
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(V(ascending[i]) <=> V(ascending[j]), std::weak_ordering(i <=> j))
          << ascending[i] << " against " << ascending[j];
    }
  }
}

TEST(Version, HasThePrecedenceOfItsReleaseWhateverTheBuildMetadata) {
  EXPECT_EQ(V("1.0.0+a") <=> V("1.0.0+b"), std::weak_ordering::equivalent);
  EXPECT_NE(V("1.0.0+a"), V("1.0.0+b"));
  EXPECT_EQ(V("1.0.0+a"), V("1.0.0+a"));
}

class NoVersion : public testing::TestWithParam<std::string> {};

TEST_P(NoVersion, IsRefused) {
  EXPECT_THAT(Version::Parse(GetParam()), Fails(ErrorCode::kMalformed));
}

INSTANTIATE_TEST_SUITE_P(Version, NoVersion,
                         testing::Values("", "1", "1.2", "1.2.3.4", "v1.2.3", "V1.2.3", "01.2.3",
                                         "1.02.3", "1.2.03", "1..3", ".1.2", "1.2.", "1.2.3-",
                                         "1.2.3+", "1.2.3-a..b", "1.2.3-01", "1.2.3-a.00",
                                         "1.2.3+a..b", "1.2.3+a+b", "1.2.3-ä", "1.2.3-a_b",
                                         " 1.2.3", "1.2.3 ", "1.2.3\n", "-1.2.3", "+1.2.3", "1.2.x",
                                         "latest", "1.2.3-" + std::string(300, 'a')));

class AVersion : public testing::TestWithParam<std::string> {};

TEST_P(AVersion, IsTaken) {
  EXPECT_THAT(Version::Parse(GetParam()), test::IsOk());
}

INSTANTIATE_TEST_SUITE_P(Version, AVersion,
                         testing::Values("0.0.0", "1.2.3-0", "1.2.3-0a", "1.2.3--1", "1.2.3-a.b.c",
                                         "1.2.3+001", "1.2.3-x+y-z", "1.2.3+a-b.c"));

}  // namespace
}  // namespace updog
