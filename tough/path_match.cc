#include "tough/path_match.h"

#include <fmt/format.h>

#include <cstddef>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"

namespace tough {
namespace {

using CodePoints = std::u32string;

// The bytes of a code point that follow one with this first byte. Names come out of JSON, which is
// valid UTF-8; of anything else each byte that begins nothing is a character of its own.
std::size_t TrailingBytes(unsigned char first) {
  if (first >= 0xf0) return 3;
  if (first >= 0xe0) return 2;
  return first >= 0xc0 ? 1 : 0;
}

CodePoints Decode(std::string_view text) {
  CodePoints points;
  points.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto first = static_cast<unsigned char>(text[i]);
    std::size_t trailing = TrailingBytes(first);
    char32_t point = trailing == 0 ? first : first & (0x3fU >> trailing);
    for (; trailing > 0 && i + 1 < text.size(); --trailing)
      point = point << 6 | (static_cast<unsigned char>(text[++i]) & 0x3fU);
    points.push_back(point);
  }
  return points;
}

struct Range {
  char32_t first;
  char32_t last;
};

// What one character has to be.
struct Token {
  enum class Kind : std::uint8_t { kStar, kAny, kOneOf, kNoneOf };
  Kind kind;
  std::vector<Range> ranges = {};

  bool Takes(char32_t point) const {
    if (kind == Kind::kAny) return true;
    for (const Range& range : ranges) {
      if (range.first <= point && point <= range.last) return kind == Kind::kOneOf;
    }
    return kind == Kind::kNoneOf;
  }
};

// The inside of "[…]": single characters and ranges. A range that runs backwards is empty.
std::vector<Range> ParseRanges(std::u32string_view body) {
  std::vector<Range> ranges;
  for (std::size_t i = 0; i < body.size();) {
    const bool is_range = i + 2 < body.size() && body[i + 1] == U'-';
    ranges.push_back({body[i], is_range ? body[i + 2] : body[i]});
    i += is_range ? 3 : 1;
  }
  return ranges;
}

std::vector<Token> Tokenize(const CodePoints& pattern) {
  std::vector<Token> tokens;
  // After one '[' that nothing closes no other is closed: they are not searched for again.
  bool sets_end = true;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char32_t point = pattern[i];
    if (point == U'*') {
      // A run of stars is one.
      if (tokens.empty() || tokens.back().kind != Token::Kind::kStar)
        tokens.push_back({Token::Kind::kStar});
      continue;
    }
    if (point == U'?') {
      tokens.push_back({Token::Kind::kAny});
      continue;
    }
    if (point == U'[' && sets_end) {
      const bool negated = i + 1 < pattern.size() && pattern[i + 1] == U'!';
      const std::size_t body = i + (negated ? 2 : 1);
      // A ']' that comes first is a member of the set.
      const std::size_t end = pattern.find(U']', body + 1);
      if (end != CodePoints::npos) {
        tokens.push_back({negated ? Token::Kind::kNoneOf : Token::Kind::kOneOf,
                          ParseRanges(std::u32string_view(pattern).substr(body, end - body))});
        i = end;
        continue;
      }
      sets_end = false;
    }
    tokens.push_back({Token::Kind::kOneOf, {{point, point}}});
  }
  return tokens;
}

// Only the last star seen has ever to take one character more: whatever an earlier one could take
// in addition, the later one can take as well. So there is one place to go back to and no recursion
// ("*a*a*a*b" against "aaaa…" is exponential where each star is tried on its own).
bool SegmentMatches(std::string_view pattern, std::string_view segment) {
  const std::vector<Token> tokens = Tokenize(Decode(pattern));
  const CodePoints text = Decode(segment);
  std::size_t token = 0;
  std::size_t at = 0;
  std::optional<std::size_t> star;
  std::size_t star_end = 0;  // what the star has taken ends here
  while (at < text.size()) {
    if (token < tokens.size() && tokens[token].kind == Token::Kind::kStar) {
      star = token++;
      star_end = at;
    } else if (token < tokens.size() && tokens[token].Takes(text[at])) {
      ++token;
      ++at;
    } else if (star) {
      token = *star + 1;
      at = ++star_end;
    } else {
      return false;
    }
  }
  while (token < tokens.size() && tokens[token].kind == Token::Kind::kStar) ++token;
  return token == tokens.size();
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
