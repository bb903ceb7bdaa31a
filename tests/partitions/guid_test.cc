#include "partitions/guid.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace partitions {
namespace {

bool IsGuid(std::string_view text) {
  Guid guid;
  return ParseGuid(text.data(), text.size(), guid);
}

TEST(Guid, StoresTheFirstThreeGroupsLittleEndian) {
  constexpr Guid kGuid = GuidOf("00112233-4455-6677-8899-aabbccddeeff");
  constexpr Guid kStored = {{0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66,  //
                             0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}};
  EXPECT_EQ(kGuid, kStored);
}

TEST(Guid, TextIsReadInEitherCaseAndWrittenInLowerCase) {
  Guid guid;
  ASSERT_TRUE(ParseGuid("C12A7328-F81F-11D2-BA4B-00A0C93EC93B", kGuidTextChars, guid));
  char text[kGuidTextChars];
  WriteGuid(guid, text);
  EXPECT_EQ(std::string_view(text, sizeof text), "c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
}

TEST(Guid, RefusesEverythingElse) {
  EXPECT_TRUE(IsGuid("00112233-4455-6677-8899-aabbccddeeff"));
  EXPECT_FALSE(IsGuid(""));
  EXPECT_FALSE(IsGuid("00112233-4455-6677-8899-aabbccddeef"));
  EXPECT_FALSE(IsGuid("00112233-4455-6677-8899-aabbccddeeff0"));
  EXPECT_FALSE(IsGuid("00112233-4455-6677-8899-aabbccddeefg"));
  EXPECT_FALSE(IsGuid("00112233x4455-6677-8899-aabbccddeeff"));
  EXPECT_FALSE(IsGuid("{0112233-4455-6677-8899-aabbccddeeff"));
}

TEST(Guid, NilIsAllZero) {
  EXPECT_TRUE(Guid{}.nil());
  EXPECT_FALSE(GuidOf("00000000-0000-0000-0000-000000000001").nil());
}

}  // namespace
}  // namespace partitions
