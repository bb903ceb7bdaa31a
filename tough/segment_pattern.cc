#include "tough/segment_pattern.h"

#include <algorithm>
#include <tuple>

namespace tough {
namespace {

using CodePoints = std::u32string;

constexpr std::size_t kWordBits = 64;

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

// Each character of the text once, in order.
CodePoints AlphabetOf(CodePoints text) {
  std::sort(text.begin(), text.end());
  text.erase(std::unique(text.begin(), text.end()), text.end());
  return text;
}

// How many characters of the alphabet come before this one, and how many not after it.
std::size_t CountBefore(const CodePoints& alphabet, char32_t point) {
  return static_cast<std::size_t>(std::lower_bound(alphabet.begin(), alphabet.end(), point) -
                                  alphabet.begin());
}
std::size_t CountUpTo(const CodePoints& alphabet, char32_t point) {
  return static_cast<std::size_t>(std::upper_bound(alphabet.begin(), alphabet.end(), point) -
                                  alphabet.begin());
}

}  // namespace

SegmentPattern::SegmentPattern(std::string_view pattern) : stars_(1) {
  const CodePoints points = Decode(pattern);
  // After one '[' that nothing closes no other is closed: they are not searched for again.
  bool sets_end = true;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i] == U'*') {
      AddStar();
      continue;
    }
    if (points[i] == U'?') {
      AddNoneOf({});
      continue;
    }
    if (points[i] == U'[' && sets_end) {
      const bool negated = i + 1 < points.size() && points[i + 1] == U'!';
      const std::size_t body = i + (negated ? 2 : 1);
      // A ']' that comes first is a member of the set.
      const std::size_t end = points.find(U']', body + 1);
      if (end != CodePoints::npos) {
        const auto ranges = std::u32string_view(points).substr(body, end - body);
        negated ? AddNoneOf(ranges) : AddOneOf(ranges);
        i = end;
        continue;
      }
      sets_end = false;
    }
    AddOneOf(std::u32string_view(points).substr(i, 1));
  }
  std::sort(ranges_.begin(), ranges_.end(), [](const Range& a, const Range& b) {
    return std::tie(a.element, a.first) < std::tie(b.element, b.first);
  });
}

void SegmentPattern::AddStar() {
  stars_.back() |= Word{1} << element_count_ % kWordBits;
}

// The inside of "[…]": single characters and ranges. A range that runs backwards is empty.
void SegmentPattern::AddOneOf(std::u32string_view ranges) {
  for (std::size_t i = 0; i < ranges.size();) {
    const bool is_range = i + 2 < ranges.size() && ranges[i + 1] == U'-';
    ranges_.push_back({element_count_, ranges[i], is_range ? ranges[i + 2] : ranges[i]});
    i += is_range ? 3 : 1;
  }
  if (++element_count_ % kWordBits == 0) stars_.push_back(0);
}

void SegmentPattern::AddNoneOf(std::u32string_view ranges) {
  negated_.push_back(element_count_);
  AddOneOf(ranges);
}

// A row of words() for each character: the elements that take it.
std::vector<SegmentPattern::Word> SegmentPattern::TakersOf(const CodePoints& alphabet) const {
  // At first a row says only which elements differ from the row before: two bits for each range,
  // however much of the alphabet it takes. The last row is for ranges that have no end.
  std::vector<Word> takers((alphabet.size() + 1) * words());
  const auto flip = [&](std::size_t row, std::size_t element) {
    takers[row * words() + element / kWordBits] ^= Word{1} << element % kWordBits;
  };
  for (const std::size_t element : negated_) flip(0, element);
  std::size_t element = 0;
  std::size_t done = 0;  // ranges of one set may overlap
  for (const Range& range : ranges_) {
    if (range.element != element) done = 0;
    element = range.element;
    const std::size_t begin = std::max(done, CountBefore(alphabet, range.first));
    const std::size_t end = CountUpTo(alphabet, range.last);
    if (begin >= end) continue;
    flip(begin, element);
    flip(end, element);
    done = end;
  }
  for (std::size_t i = words(); i < takers.size(); ++i) takers[i] ^= takers[i - words()];
  return takers;
}

bool SegmentPattern::Matches(std::string_view text) const {
  const CodePoints points = Decode(text);
  const CodePoints alphabet = AlphabetOf(points);
  const std::vector<Word> takers = TakersOf(alphabet);
  // Bit i: the elements before the i-th can take all that was read.
  std::vector<Word> reached(words());
  reached[0] = 1;
  for (const char32_t point : points) {
    const std::size_t row = CountBefore(alphabet, point) * words();
    Word carry = 0;
    for (std::size_t i = 0; i < words(); ++i) {
      const Word taken = reached[i] & takers[row + i];
      reached[i] = taken << 1 | carry | (reached[i] & stars_[i]);
      carry = taken >> (kWordBits - 1);
    }
  }
  return (reached[element_count_ / kWordBits] >> element_count_ % kWordBits & 1) != 0;
}

}  // namespace tough
