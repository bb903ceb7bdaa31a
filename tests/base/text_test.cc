#include "base/text.h"

#include <gmock/gmock.h>

namespace base {
namespace {

using namespace std::literals;

TEST(OneLine, MasksWhatEndsALineOrDrivesATerminal) {
  EXPECT_EQ(OneLine("a\nb\r\x1b[2J\x7f\0!"sv),
            "a?b?"
            "?[2J?"
            "?!");
  // U+009B begins a command, as ESC [ does.
  EXPECT_EQ(OneLine("\xc2\x9b"
                    "2J"),
            "?2J");
}

TEST(OneLine, LeavesOtherText) {
  // U+00E9, U+00A0, U+1F600; then bytes that are no UTF-8.
  EXPECT_EQ(OneLine("\xc3\xa9\xc2\xa0\xf0\x9f\x98\x80"), "\xc3\xa9\xc2\xa0\xf0\x9f\x98\x80");
  EXPECT_EQ(OneLine("\x9b\xff\xc2"), "\x9b\xff\xc2");
  EXPECT_EQ(OneLine(""), "");
}

TEST(HasControl, KnowsBothKinds) {
  EXPECT_TRUE(HasControl("a\tb"));
  EXPECT_TRUE(HasControl("\x7f"));
  EXPECT_TRUE(HasControl("a\xc2\x85"));
  EXPECT_FALSE(HasControl("caf\xc3\xa9 \xc2\xa0"));
  EXPECT_FALSE(HasControl(""));
}

TEST(Utf8, LeavesOnlyWhatIs) {
  constexpr std::size_t kAll = 100;
  for (const char* text : {"", "plain", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                           "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(Utf8(text, kAll), text);
  }
  // Alone, cut short, too long for what it is, a surrogate, above U+10FFFF.
  EXPECT_EQ(Utf8("a\xfc"
                 "b",
                 kAll),
            "a?b");
  EXPECT_EQ(Utf8("\xe2\x82", kAll), "??");
  EXPECT_EQ(Utf8("\xe2\x82x", kAll), "??x");
  EXPECT_EQ(Utf8("\xc0\x80", kAll), "??");
  EXPECT_EQ(Utf8("\xe0\x80\x80", kAll), "???");
  EXPECT_EQ(Utf8("\xed\xa0\x80", kAll), "???");
  EXPECT_EQ(Utf8("\xf4\x90\x80\x80", kAll), "????");
}

TEST(Utf8, CutsNoCharacterInTwo) {
  EXPECT_EQ(Utf8("abc", 2), "ab");
  EXPECT_EQ(Utf8("a\xc3\xbc", 2), "a");
  EXPECT_EQ(Utf8("a\xc3\xbc", 3), "a\xc3\xbc");
}

TEST(LastLine, IsWhatAProgramSaidAtLast) {
  EXPECT_EQ(LastLine("first\nwhy it ended\n\n  \r\n"), "why it ended");
  EXPECT_EQ(LastLine("only"), "only");
  EXPECT_EQ(LastLine("a\n\x1b[1mb"), "?[1mb");
  EXPECT_EQ(LastLine(" \n"), "");
}

}  // namespace
}  // namespace base
