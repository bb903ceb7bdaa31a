// Globs of delegations against a path. Input: the pattern, a line feed, the path. The matcher
// answers as one that tries every possibility in a table, which is slow and hard to get wrong.
// Dictionary: path_match.dict
#include "tough/path_match.h"

#include <algorithm>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.h"

namespace {

// Larger ones only show how long the table takes.
constexpr std::size_t kMaxBytes = 300;

struct Element {
  char kind;         // '*', '?', '[' (a set, or one character), '!' (a set's complement)
  std::string body;  // of a set, as it is written
};

bool InSet(const std::string& body, unsigned char c) {
  for (std::size_t i = 0; i < body.size();) {
    const auto first = static_cast<unsigned char>(body[i]);
    const bool range = i + 2 < body.size() && body[i + 1] == '-';
    const auto last = range ? static_cast<unsigned char>(body[i + 2]) : first;
    if (first <= c && c <= last) return true;
    i += range ? 3 : 1;
  }
  return false;
}

std::vector<Element> Read(const std::string& pattern) {
  std::vector<Element> elements;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '*' || pattern[i] == '?') {
      elements.push_back({pattern[i], ""});
      continue;
    }
    const std::size_t begin = i + (pattern.compare(i, 2, "[!") == 0 ? 2 : 1);
    const std::size_t end = pattern[i] == '[' ? pattern.find(']', begin + 1) : std::string::npos;
    if (end == std::string::npos) {
      elements.push_back({'[', pattern.substr(i, 1)});
      continue;
    }
    elements.push_back({begin == i + 2 ? '!' : '[', pattern.substr(begin, end - begin)});
    i = end;
  }
  return elements;
}

bool Takes(const Element& element, unsigned char c) {
  return element.kind == '?' || InSet(element.body, c) == (element.kind == '[');
}

// reached[j]: the elements so far can take the first j characters.
bool Matches(const std::string& pattern, const std::string& text) {
  std::vector<bool> reached(text.size() + 1, false);
  reached[0] = true;
  for (const Element& element : Read(pattern)) {
    std::vector<bool> next(text.size() + 1, false);
    for (std::size_t j = 0; j <= text.size(); ++j) {
      if (element.kind == '*') {
        next[j] = reached[j] || (j > 0 && next[j - 1]);
      } else {
        next[j] =
            j > 0 && reached[j - 1] && Takes(element, static_cast<unsigned char>(text[j - 1]));
      }
    }
    reached = next;
  }
  return reached.back();
}

std::vector<std::string> Segments(std::string_view path) {
  std::vector<std::string> segments;
  for (std::size_t slash = 0; slash != std::string_view::npos;) {
    slash = path.find('/');
    segments.emplace_back(path.substr(0, slash));
    if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
  }
  return segments;
}

bool AllMatch(std::string_view pattern, std::string_view path) {
  const std::vector<std::string> patterns = Segments(pattern);
  const std::vector<std::string> segments = Segments(path);
  return std::equal(patterns.begin(), patterns.end(), segments.begin(), segments.end(), Matches);
}

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

void fuzz::Run(std::string_view input) {
  const std::size_t line_feed = input.find('\n');
  const std::string_view pattern = input.substr(0, line_feed);
  const std::string_view path =
      line_feed == std::string_view::npos ? std::string_view() : input.substr(line_feed + 1);
  const bool matches = tough::MatchesPattern(pattern, path);
  if (input.size() <= kMaxBytes && IsAscii(input))
    Check(matches == AllMatch(pattern, path), "the matcher answers as the table does");
  Check(!matches || std::count(pattern.begin(), pattern.end(), '/') ==
                        std::count(path.begin(), path.end(), '/'),
        "no wildcard takes a slash");
  if (path.find_first_of("*?[") == std::string_view::npos)
    Check(tough::MatchesPattern(path, path), "a path without wildcards matches itself");

  const std::string hash = tough::PathHash(path);
  Check(hash.size() == 64, "a path's hash has 64 digits");
  for (const std::uint32_t bit_length : {1U, 4U, 5U, 16U, 32U}) {
    const std::string bin = tough::BinName(pattern, bit_length, path);
    Check(bin.size() == pattern.size() + 1 + (bit_length + 3) / 4, "a bin's name has its width");
    if (bit_length % 4 == 0)
      Check(hash.starts_with(bin.substr(pattern.size() + 1)), "a bin's number begins the hash");
  }
}
