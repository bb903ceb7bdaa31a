// One segment of a pattern: what the machine's words and rows could get wrong, and what it costs.
// What patterns mean is in path_match_test.cc; tests/fuzz compares with a table of all
// possibilities.
#include "tough/segment_pattern.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tough/limits.h"

namespace tough {
namespace {

bool Matches(std::string_view pattern, std::string_view text) {
  return SegmentPattern(pattern).Matches(text);
}

std::string Repeated(std::string_view part, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += part;
  return all;
}

// Its cost per character is its words, and nothing else that a pattern can say.
TEST(SegmentPattern, HasAWordForEverySixtyFourElements) {
  EXPECT_EQ(SegmentPattern("").words(), 1U);
  EXPECT_EQ(SegmentPattern(std::string(63, 'a')).words(), 1U);
  EXPECT_EQ(SegmentPattern(std::string(64, 'a')).words(), 2U);
  EXPECT_EQ(SegmentPattern(std::string(1024, '*')).words(), 1U);
  EXPECT_EQ(SegmentPattern("[" + std::string(1022, 'a') + "]").words(), 1U);
}

TEST(SegmentPattern, HasFewWordsWithinTheLimitOfNamesWhateverItSays) {
  const std::size_t limit = Limits().name_bytes;
  for (const std::string& pattern :
       {std::string(limit, 'a'), std::string(limit, '?'), std::string(limit, '['),
        Repeated("*a", limit / 2), Repeated("[!a]", limit / 4), Repeated("?*[a-z]", limit / 7),
        "*" + std::string(limit - 2, 'a') + "b"}) {
    EXPECT_LE(SegmentPattern(pattern).words(), limit / 64 + 1) << pattern;
  }
}

TEST(SegmentPattern, AnswersTheWorstPatternsOfTheLimitsLength) {
  const std::string text(1024, 'a');
  // All but the last character fit wherever a star ends.
  EXPECT_FALSE(Matches("*" + std::string(511, 'a') + "b", text));
  EXPECT_FALSE(Matches("*" + std::string(511, '?') + "b*", text));
  EXPECT_FALSE(Matches(Repeated("*a", 511) + "*b", text));
  EXPECT_TRUE(Matches("*" + std::string(511, 'a') + "b", text.substr(1) + "b"));
  EXPECT_TRUE(Matches(Repeated("*a", 511) + "*b", text.substr(1) + "b"));
  EXPECT_TRUE(Matches(Repeated("*a", 512), text));
}

TEST(SegmentPattern, GoesOnFromWordToWord) {
  for (const std::size_t length : {62U, 63U, 64U, 65U, 127U, 128U, 129U}) {
    const std::string text(length, 'x');
    EXPECT_TRUE(Matches(std::string(length, '?'), text)) << length;
    EXPECT_FALSE(Matches(std::string(length, '?'), text + "x")) << length;
    EXPECT_FALSE(Matches(std::string(length, '?'), text.substr(1))) << length;
    EXPECT_TRUE(Matches(text + "*y", text + "abcy")) << length;
    EXPECT_FALSE(Matches(text + "*y", text + "abc")) << length;
    EXPECT_TRUE(Matches(text + "*", text)) << length;
  }
}

TEST(SegmentPattern, TakesWhatRangesShareOnce) {
  for (const char* set : {"[a-ca-c]", "[a-db]", "[ba-d]", "[a-cb-d]", "[a-zb-cb]", "[bb]"}) {
    EXPECT_TRUE(Matches(set, "b")) << set;
    EXPECT_FALSE(Matches(set, "~")) << set;
    EXPECT_TRUE(Matches(std::string(set) + "*", "bcabz~")) << set;
  }
  EXPECT_FALSE(Matches("[!a-cb-d]", "b"));
  EXPECT_TRUE(Matches("[!a-cb-d]", "e"));
}

TEST(SegmentPattern, TellsCharactersApartThatOnlyTheTextHas) {
  EXPECT_TRUE(Matches("[b-d]*[x-z]", "cay"));
  EXPECT_FALSE(Matches("[b-d]*[x-z]", "eay"));
  EXPECT_TRUE(Matches("?[\xc3\xa0-\xc3\xbc]?", "\xf0\x9f\x98\x80\xc3\xa9z"));
  EXPECT_FALSE(Matches("?[\xc3\xa0-\xc3\xbc]?", "\xf0\x9f\x98\x80zz"));
}

}  // namespace
}  // namespace tough
