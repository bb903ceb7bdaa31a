#include "base/digest.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace base {
namespace {

std::string HexOf(DigestAlgorithm algorithm, std::string_view text) {
  return HexEncode(DigestOf(algorithm, AsBytes(text)));
}

// FIPS 180-4, the examples of its specification for "abc", and for no bytes at all.
TEST(Digest, Sha256AnswersTheStandardsExamples) {
  EXPECT_EQ(HexOf(DigestAlgorithm::kSha256, "abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(HexOf(DigestAlgorithm::kSha256, ""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Digest, Sha512AnswersTheStandardsExample) {
  EXPECT_EQ(HexOf(DigestAlgorithm::kSha512, "abc"),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(Digest, Xxh3AnswersAsTheXxhsumProgram) {
  EXPECT_EQ(HexOf(DigestAlgorithm::kXxh3, ""), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(HexOf(DigestAlgorithm::kXxh3, "abc"), "06b05ab6733a618578af5f94892f3950");
}

class DigestInPieces : public testing::TestWithParam<DigestAlgorithm> {};

TEST_P(DigestInPieces, EqualsTheDigestInOneGo) {
  const std::string text(100'000, 'x');
  Digest digest(GetParam());
  for (std::size_t at = 0; at < text.size(); at += 777) {
    digest.Update(AsBytes(std::string_view(text).substr(at, 777)));
    digest.Update({});
  }
  EXPECT_EQ(HexEncode(digest.Finish()), HexOf(GetParam(), text));
}

TEST_P(DigestInPieces, GoesOnAfterAMove) {
  Digest first(GetParam());
  first.Update(AsBytes("a"));
  Digest second = std::move(first);
  second.Update(AsBytes("bc"));
  EXPECT_EQ(HexEncode(second.Finish()), HexOf(GetParam(), "abc"));
}

INSTANTIATE_TEST_SUITE_P(Algorithms, DigestInPieces,
                         testing::Values(DigestAlgorithm::kSha256, DigestAlgorithm::kSha512,
                                         DigestAlgorithm::kXxh3),
                         [](const auto& test) { return std::string(DigestName(test.param)); });

}  // namespace
}  // namespace base
