#include "tough/target_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/matchers.h"

namespace tough {
namespace {

using test::FailsSaying;
using test::IsOk;

TEST(TargetName, MayBeAPathOfAnyCharactersThatClientsReadTheSameWay) {
  for (const char* name : {"manifest.json", "a/b/c", "...", "a..b/.hidden", "with space", "a+b&c",
                           "\xc3\xa9\xe2\x82\xac", "1.root.json", "timestamp.json", "~", "-"}) {
    EXPECT_THAT(CheckTargetName(name), IsOk()) << name;
  }
  const std::string segment(255, 'x');
  const std::string file_name(190, 'x');
  EXPECT_THAT(CheckTargetName(segment + "/" + segment + "/" + segment + "/" + file_name), IsOk());
}

TEST(TargetName, HasNoSegmentsThatLeaveTheDirectoryOrVanish) {
  for (const char* name : {".", "..", "../a", "a/..", "a/../b", "./a", "a/./b"})
    EXPECT_THAT(CheckTargetName(name), FailsSaying("segment . or ..")) << name;
  for (const char* name : {"/a", "a/", "a//b", "/"})
    EXPECT_THAT(CheckTargetName(name), FailsSaying("empty segment")) << name;
  EXPECT_THAT(CheckTargetName(""), FailsSaying("empty"));
}

TEST(TargetName, HasNoCharactersThatClientsReadDifferently) {
  EXPECT_THAT(CheckTargetName("a\\b"), FailsSaying("backslash"));
  for (const std::string& name :
       {std::string("a\nb"), std::string("a\0b", 3), std::string("\x7f"), std::string("\x1b[2J")}) {
    EXPECT_THAT(CheckTargetName(name), FailsSaying("control character")) << name;
  }
  for (const char* name : {"\xff", "a\xc0\xaf", "\xed\xa0\x80", "\xc3"})
    EXPECT_THAT(CheckTargetName(name), FailsSaying("not UTF-8")) << name;
  EXPECT_THAT(CheckTargetName(std::string(1025, 'x')), FailsSaying("1024 bytes"));
  EXPECT_THAT(CheckTargetName(std::string(256, 'x')), FailsSaying("255 bytes"));
}

TEST(TargetName, IsPublishedOnlyIfNoClientTakesItForAnother) {
  for (const char* name : {"a?b", "a#b", "a%2fb", "100%"}) {
    EXPECT_THAT(CheckTargetName(name), FailsSaying("a URL")) << name;
    EXPECT_EQ(TargetNameFault(name), "") << name;
  }
}

TEST(TargetName, LeavesRoomForItsHash) {
  EXPECT_THAT(CheckTargetName("dir/" + std::string(191, 'x')), FailsSaying("190 bytes"));
  EXPECT_EQ(TargetNameFault(std::string(191, 'x')), "");
}

TEST(TargetName, IsShownOnOneLine) {
  const auto result = CheckTargetName("a\nb");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().message().find('\n'), std::string::npos);
}

}  // namespace
}  // namespace tough
