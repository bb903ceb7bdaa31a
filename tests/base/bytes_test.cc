#include "base/bytes.h"

#include "base/sink.h"
#include "tests/support/matchers.h"

namespace base {
namespace {

using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::IsOkAnd;

TEST(Hex, GoesBothWays) {
  const Bytes bytes = {std::byte{0x00}, std::byte{0x7f}, std::byte{0xff}};
  EXPECT_EQ(HexEncode(bytes), "007fff");
  EXPECT_THAT(HexDecode("007fFF"), IsOkAnd(bytes));
  EXPECT_THAT(HexDecode(""), IsOkAnd(Bytes{}));
}

TEST(Hex, RefusesOddLengthsAndOtherCharacters) {
  for (const char* text : {"0", "000", "0g", "0x00", " 00", "0\xc3"}) {
    EXPECT_THAT(HexDecode(text), Fails(ErrorCode::kMalformed)) << text;
  }
}

TEST(StringSink, TakesExactlyItsCap) {
  StringSink sink("timestamp.json", 4);
  EXPECT_THAT(sink.Write(AsBytes("ab")), IsOk());
  EXPECT_THAT(sink.Write(AsBytes("cd")), IsOk());
  EXPECT_THAT(sink.Write(AsBytes("e")), FailsSaying("timestamp.json: larger than 4 bytes"));
}

}  // namespace
}  // namespace base
