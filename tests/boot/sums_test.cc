#include "boot/selector/sums.h"

#include <gtest/gtest.h>

#include <string>

namespace selector {
namespace {

const std::string kText =
    "7f1c0d2a 14186432 vmlinuz\n"
    "00000000 0 empty\n"
    "deadbeef 912345 ramdisk\n";

Sum Find(const std::string& text, const char* name) {
  return FindSum(text.data(), text.size(), name);
}

TEST(Sums, FindsTheLineOfAFile) {
  const Sum sum = Find(kText, "ramdisk");

  EXPECT_TRUE(sum.found);
  EXPECT_EQ(sum.crc32, 0xdeadbeef);
  EXPECT_EQ(sum.size_bytes, 912345);
}

TEST(Sums, TakesOnlyTheWholeName) {
  EXPECT_FALSE(Find(kText, "ram").found);
  EXPECT_FALSE(Find(kText, "ramdisk2").found);
  EXPECT_FALSE(Find(kText, "").found);
}

TEST(Sums, FindsNothingBehindAMalformedLine) {
  EXPECT_FALSE(Find("7F1C0D2A 1 vmlinuz\n", "vmlinuz").found);  // upper case
  EXPECT_FALSE(Find("7f1c0d2 1 vmlinuz\n", "vmlinuz").found);
  EXPECT_FALSE(Find("7f1c0d2a vmlinuz\n", "vmlinuz").found);
  EXPECT_FALSE(Find("7f1c0d2a 1 vmlinuz", "vmlinuz").found);  // cut off
  EXPECT_FALSE(Find("\n" + kText, "vmlinuz").found);
  EXPECT_FALSE(Find("7f1c0d2a 99999999999999999999 vmlinuz\n", "vmlinuz").found);
}

TEST(Sums, OfNothingAreNone) {
  EXPECT_FALSE(Find("", "vmlinuz").found);
}

}  // namespace
}  // namespace selector
