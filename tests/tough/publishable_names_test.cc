#include "tough/publishable_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/matchers.h"

namespace tough {
namespace {

using test::FailsSaying;
using test::IsOk;

TEST(RoleName, MayBeWhatEveryClientFindsTheFileOf) {
  for (const char* name : {"os", "os/images", "a.b-c_d~e", "\xc3\xa9", "7", "7.os", "roots"})
    EXPECT_THAT(CheckRoleName(name), IsOk()) << name;
}

TEST(RoleName, IsNotThatOfAnotherFile) {
  for (const char* name : {"root", "timestamp", "snapshot", "targets", "1.root", "42.targets"})
    EXPECT_THAT(CheckRoleName(name), FailsSaying("top-level role")) << name;
  EXPECT_THAT(CheckRoleName(""), FailsSaying("empty"));
  for (const char* name : {".", "..", ".hidden"})
    EXPECT_THAT(CheckRoleName(name), FailsSaying("a dot")) << name;
  EXPECT_THAT(CheckRoleName("two words"), FailsSaying("a space"));
  EXPECT_THAT(CheckRoleName("a\\b"), FailsSaying("backslash"));
  EXPECT_THAT(CheckRoleName(std::string("a\0b", 3)), FailsSaying("control character"));
  EXPECT_THAT(CheckRoleName("\xff"), FailsSaying("not UTF-8"));
  EXPECT_THAT(CheckRoleName(std::string(233, 'x')), IsOk());
  EXPECT_THAT(CheckRoleName(std::string(234, 'x')), FailsSaying("too long"));
  EXPECT_THAT(CheckRoleName(std::string(78, '/')), FailsSaying("too long"));
}

TEST(PathPattern, MayHoldTheWildcardsThatAreTheSameToAll) {
  for (const char* pattern :
       {"*", "os/*", "os/*.img", "a?c/[abc]/[!x-z]", "plain", "a b", "]", "!"})
    EXPECT_THAT(CheckPathPattern(pattern), IsOk()) << pattern;
}

TEST(PathPattern, HoldsNothingThatSomeReadDifferently) {
  for (const char* pattern : {"**", "os/**", "**/os", "a**"})
    EXPECT_THAT(CheckPathPattern(pattern), FailsSaying("**")) << pattern;
  for (const char* pattern : {"{a,b}", "a{", "}"})
    EXPECT_THAT(CheckPathPattern(pattern), FailsSaying("brace")) << pattern;
  for (const char* pattern : {"", "/a", "a/", "a//b", "/"})
    EXPECT_THAT(CheckPathPattern(pattern), FailsSaying("empty segment")) << pattern;
  for (const char* pattern : {".", "a/../b", "./a"})
    EXPECT_THAT(CheckPathPattern(pattern), FailsSaying("segment . or ..")) << pattern;
  EXPECT_THAT(CheckPathPattern("[^a]"), FailsSaying("[^"));
  for (const char* pattern : {"[]a]", "[!]a]", "[]"})
    EXPECT_THAT(CheckPathPattern(pattern), FailsSaying("empty [set]")) << pattern;
  for (const char* pattern : {"[a", "a[", "[a/b]"})
    EXPECT_THAT(CheckPathPattern(pattern), FailsSaying("not closed")) << pattern;
  EXPECT_THAT(CheckPathPattern("a\\*"), FailsSaying("backslash"));
  EXPECT_THAT(CheckPathPattern("a\n"), FailsSaying("control character"));
  EXPECT_THAT(CheckPathPattern("\xc3"), FailsSaying("not UTF-8"));
}

TEST(PathHashPrefix, IsLowerCaseHexadecimal) {
  EXPECT_THAT(CheckPathHashPrefix("0"), IsOk());
  EXPECT_THAT(CheckPathHashPrefix(std::string(64, 'f')), IsOk());
  EXPECT_THAT(CheckPathHashPrefix(""), FailsSaying("1 to 64"));
  EXPECT_THAT(CheckPathHashPrefix(std::string(65, 'f')), FailsSaying("1 to 64"));
  for (const char* prefix : {"AB", "0x", "g"})
    EXPECT_THAT(CheckPathHashPrefix(prefix), FailsSaying("lower-case")) << prefix;
}

}  // namespace
}  // namespace tough
