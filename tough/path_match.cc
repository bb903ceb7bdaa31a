#include "tough/path_match.h"

#include <fmt/format.h>

#include <cstddef>

#include "base/bytes.h"
#include "base/digest.h"
#include "tough/segment_pattern.h"

namespace tough {
namespace {

bool SegmentMatches(std::string_view pattern, std::string_view segment) {
  // Most segments of most patterns are plain names.
  if (pattern.find_first_of("*?[") == std::string_view::npos) return pattern == segment;
  return SegmentPattern(pattern).Matches(segment);
}

}  // namespace

bool MatchesPattern(std::string_view pattern, std::string_view path) {
  while (true) {
    const std::size_t pattern_slash = pattern.find('/');
    const std::size_t path_slash = path.find('/');
    if (!SegmentMatches(pattern.substr(0, pattern_slash), path.substr(0, path_slash))) return false;
    const bool pattern_ends = pattern_slash == std::string_view::npos;
    const bool path_ends = path_slash == std::string_view::npos;
    if (pattern_ends || path_ends) return pattern_ends && path_ends;
    pattern.remove_prefix(pattern_slash + 1);
    path.remove_prefix(path_slash + 1);
  }
}

std::string PathHash(std::string_view path) {
  return base::HexEncode(base::DigestOf(base::DigestAlgorithm::kSha256, base::AsBytes(path)));
}

std::string BinName(std::string_view name_prefix, std::uint32_t bit_length, std::string_view path) {
  const base::Bytes digest = base::DigestOf(base::DigestAlgorithm::kSha256, base::AsBytes(path));
  std::uint32_t first_bits = 0;
  for (std::size_t i = 0; i < 4; ++i)
    first_bits = first_bits << 8 | std::to_integer<std::uint32_t>(digest[i]);
  return BinName(name_prefix, bit_length, first_bits >> (32 - bit_length));
}

std::string BinName(std::string_view name_prefix, std::uint32_t bit_length, std::uint32_t number) {
  const std::uint32_t digits = (bit_length + 3) / 4;  // of the highest bin, 2^bit_length - 1
  return fmt::format("{}-{:0{}x}", name_prefix, number, digits);
}

}  // namespace tough
