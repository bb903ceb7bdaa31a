// One segment of a path pattern (path_match.h), as a machine that follows all ways through the
// pattern at once, a bit for each. It reads a text from its beginning to its end and never goes
// back, so there is no pattern that makes it work for long: linear in the text, and a constant
// number of words at a time for patterns within Limits::name_bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tough {

class SegmentPattern {
 public:
  // Of a pattern without '/'.
  explicit SegmentPattern(std::string_view pattern);

  // Costs words() operations for each character of `text`, whatever it and the pattern are, besides
  // sorting its characters and the pattern's sets.
  bool Matches(std::string_view text) const;
  // One for every 64 characters of the pattern that are no star; a set is one character.
  std::size_t words() const { return stars_.size(); }

 private:
  using Word = std::uint64_t;
  // What an element takes, or, of one that is negated, does not take.
  struct Range {
    std::size_t element;
    char32_t first;
    char32_t last;
  };

  void AddStar();
  void AddOneOf(std::u32string_view ranges);
  void AddNoneOf(std::u32string_view ranges);
  std::vector<Word> TakersOf(const std::u32string& alphabet) const;

  // An element takes one character; in sets of elements each has a bit.
  std::size_t element_count_ = 0;
  std::vector<Range> ranges_;         // sorted by element, then by first
  std::vector<std::size_t> negated_;  // "?" is one that does not take nothing
  std::vector<Word> stars_;           // the elements before which any run of characters may come
};

}  // namespace tough
