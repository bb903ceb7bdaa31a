// Globs, hash prefixes and hash bins: what matches which path, in how many steps.
#include "tough/path_match.h"

#include <gtest/gtest.h>

#include <string>

namespace tough {
namespace {

struct GlobCase {
  const char* pattern;
  const char* path;
  bool matches;
};
class Glob : public testing::TestWithParam<GlobCase> {};

// What Python's fnmatch answers for each pair of segments, over the segments (python-tuf is the
// reference here).
TEST_P(Glob, MatchesAsTheReferenceDoes) {
  const GlobCase& c = GetParam();
  EXPECT_EQ(MatchesPattern(c.pattern, c.path), c.matches) << c.pattern << " on " << c.path;
}

INSTANTIATE_TEST_SUITE_P(
    Segments, Glob,
    testing::Values(GlobCase{"a/b", "a/b", true}, GlobCase{"a/b", "a/c", false},
                    GlobCase{"a", "a/b", false}, GlobCase{"a/b", "a", false},
                    GlobCase{"*", "a/b", false}, GlobCase{"*/*", "a/b", true},
                    GlobCase{"**", "a/b", false}, GlobCase{"a/**/c", "a/b/b/c", false},
                    GlobCase{"", "", true}, GlobCase{"*", "", true}, GlobCase{"a/*", "a/", true},
                    GlobCase{"/a", "a", false}, GlobCase{"[a/b]", "a", false},
                    GlobCase{"[a/b]", "[a/b]", true}, GlobCase{"a?b", "a/b", false},
                    GlobCase{"a[!x]b", "a/b", false}));

INSTANTIATE_TEST_SUITE_P(
    Wildcards, Glob,
    testing::Values(GlobCase{"*.doc", ".doc", true}, GlobCase{"*.doc", "a.doc", true},
                    GlobCase{"*.doc", "a.docx", false}, GlobCase{"a*", "ba", false},
                    GlobCase{"a*b*c", "aXbbYc", true}, GlobCase{"a*b*c", "aXcYb", false},
                    GlobCase{"*ab", "aab", true}, GlobCase{"?", "", false},
                    GlobCase{"?", "x", true}, GlobCase{"??", "x", false}, GlobCase{"*?", "x", true},
                    GlobCase{"A", "a", false}, GlobCase{"{a,b}", "a", false},
                    GlobCase{"{a,b}", "{a,b}", true}, GlobCase{"\\*", "*", false},
                    GlobCase{"\\*", "\\x", true}, GlobCase{"a.c", "abc", false},
                    GlobCase{"?", "\n", true}));

INSTANTIATE_TEST_SUITE_P(
    Sets, Glob,
    testing::Values(
        GlobCase{"[abc]", "b", true}, GlobCase{"[abc]", "d", false}, GlobCase{"[a-c]", "b", true},
        GlobCase{"[!a-c]", "b", false}, GlobCase{"[!a-c]", "d", true},
        GlobCase{"[c-a]", "b", false}, GlobCase{"[!c-a]", "b", true}, GlobCase{"[]]", "]", true},
        GlobCase{"[]-a]", "_", true}, GlobCase{"[!]]", "]", false}, GlobCase{"[!]]", "a", true},
        GlobCase{"[-a]", "-", true}, GlobCase{"[a-]", "-", true}, GlobCase{"[a-b-c]", "-", true},
        GlobCase{"[a-b-c]", "c", true}, GlobCase{"[--a]", "A", true}, GlobCase{"[^a]", "^", true},
        GlobCase{"[^a]", "b", false}, GlobCase{"[a", "[a", true}, GlobCase{"[", "[", true},
        GlobCase{"[]", "[]", true}, GlobCase{"[!]", "[!]", true}, GlobCase{"[!", "[!", true},
        GlobCase{"[a][", "a[", true}, GlobCase{"[[]", "[", true}, GlobCase{"[a!]", "!", true},
        GlobCase{"[\\a]", "\\", true}));

INSTANTIATE_TEST_SUITE_P(CodePoints, Glob,
                         testing::Values(GlobCase{"?", "é", true}, GlobCase{"??", "é", false},
                                         GlobCase{"?", "😀", true}, GlobCase{"[à-ü]", "é", true},
                                         GlobCase{"[!a]", "€", true}, GlobCase{"*é", "aé", true},
                                         GlobCase{"é", "e\xcc\x81", false}));

TEST(MatchesPattern, DoesNotGrowExponentiallyWithStars) {
  const std::string name(1024, 'a');
  std::string stars;
  for (int i = 0; i < 300; ++i) stars += "*a";
  EXPECT_FALSE(MatchesPattern(stars + "b", name));
  EXPECT_TRUE(MatchesPattern(stars, name));
  EXPECT_TRUE(MatchesPattern(std::string(1024, '*'), name));
}

TEST(MatchesPattern, SearchesOnceForTheEndOfSetsThatNeverEnd) {
  const std::string open(100'000, '[');
  EXPECT_TRUE(MatchesPattern(open, open));
}

// Bytes that are no UTF-8 cannot come from metadata, but from a caller.
TEST(MatchesPattern, SurvivesNamesThatAreNotUtf8) {
  EXPECT_FALSE(MatchesPattern("a", "\xf0"));
  EXPECT_TRUE(MatchesPattern("*", "\xc3"));
  EXPECT_TRUE(MatchesPattern("*", "\x80\xff\xfe"));
}

TEST(PathHash, IsTheSha256OfThePathsBytes) {
  EXPECT_EQ(PathHash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(BinName, IsMadeOfTheFirstBitsOfTheHash) {  // ba7816bf…
  EXPECT_EQ(BinName("bins", 1, "abc"), "bins-1");
  EXPECT_EQ(BinName("bins", 3, "abc"), "bins-5");
  EXPECT_EQ(BinName("bins", 4, "abc"), "bins-b");
  EXPECT_EQ(BinName("bins", 5, "abc"), "bins-17");
  EXPECT_EQ(BinName("bins", 14, "abc"), "bins-2e9e");
  EXPECT_EQ(BinName("bins", 32, "abc"), "bins-ba7816bf");
}

TEST(BinName, IsAsWideAsThatOfTheHighestBin) {
  EXPECT_EQ(BinName("bins", 4, 0U), "bins-0");
  EXPECT_EQ(BinName("bins", 5, 0U), "bins-00");
  EXPECT_EQ(BinName("bins", 5, 31U), "bins-1f");
  EXPECT_EQ(BinName("bins", 32, 0xffffffffU), "bins-ffffffff");
}

}  // namespace
}  // namespace tough
