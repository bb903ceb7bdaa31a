#include "partitions/layout.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace partitions {
namespace {

constexpr Guid kForeign = GuidOf("0fc63daf-8483-4772-8e79-3d69d8477de4");

// The layout of a table with these types from partition 1 on.
Layout LayoutOf(std::initializer_list<Guid> types) {
  Layout layout;
  std::uint32_t number = 0;
  for (const Guid& type : types) layout.Add(type, ++number);
  return layout;
}

TEST(Layout, TheFirstOfATypeIsSetAsTheSecondIsSetBs) {
  const Layout layout = LayoutOf({kForeign, kHashType, kBootType, kRootType, kPrivateType, kForeign,
                                  kRootType, kBootType, kHashType});
  EXPECT_EQ(layout.a, (SetPartitions{.boot = 3, .root = 4, .hash = 2}));
  EXPECT_EQ(layout.b, (SetPartitions{.boot = 8, .root = 7, .hash = 9}));
  EXPECT_EQ(layout.private_data, 5U);
  EXPECT_EQ(layout.surplus, 0U);
}

TEST(Layout, OneSetIsLegal) {
  const Layout layout = LayoutOf({kBootType, kRootType, kHashType, kPrivateType});
  EXPECT_TRUE(layout.a.complete());
  EXPECT_TRUE(layout.b.empty());
}

TEST(Layout, HalfASetIsNeitherCompleteNorEmpty) {
  const Layout layout = LayoutOf({kBootType, kRootType, kHashType, kBootType});
  EXPECT_FALSE(layout.b.complete());
  EXPECT_FALSE(layout.b.empty());
}

TEST(Layout, TellsAThirdOfATypeAndASecondPrivatePartition) {
  EXPECT_EQ(LayoutOf({kBootType, kBootType, kForeign, kBootType}).surplus, 4U);
  EXPECT_EQ(LayoutOf({kPrivateType, kForeign, kPrivateType}).surplus, 3U);
}

}  // namespace
}  // namespace partitions
