// The strict parser of json.h and json_view.h. One pass over the text, node by node; a tree is made
// of the nodes. Recursion is bounded by kMaxDepth.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>
#include <system_error>

#include "base/json.h"
#include "base/json_view.h"
#include "base/text.h"
#include "base/utf8.h"

namespace base::json {
namespace {

// Eight bytes at once: how many come before the first that is a quotation mark, a backslash, a
// control character or not ASCII? The trick of Hacker's Delight, 6-1, whose borrows can spoil the
// answer for no byte but those behind the first that is found.
constexpr std::size_t kWord = sizeof(std::uint64_t);
constexpr std::uint64_t EachByte(std::uint64_t byte) {
  return byte * 0x0101010101010101ULL;
}
constexpr std::uint64_t BelowInAnyByte(std::uint64_t word, std::uint64_t limit) {
  return (word - EachByte(limit)) & ~word;
}
std::size_t PlainBytes(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, kWord);
  if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
  const std::uint64_t found = word | BelowInAnyByte(word, 0x20) |
                              BelowInAnyByte(word ^ EachByte('"'), 1) |
                              BelowInAnyByte(word ^ EachByte('\\'), 1);
  return static_cast<std::size_t>(std::countr_zero(found & EachByte(0x80))) / 8;
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

void AppendUtf8(std::uint32_t point, std::string& out) {
  const auto tail = [&out, point](unsigned shift) {
    out.push_back(static_cast<char>(0x80U | ((point >> shift) & 0x3fU)));
  };
  if (point < 0x80) {
    out.push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out.push_back(static_cast<char>(0xc0U | point >> 6));
    tail(0);
  } else if (point < 0x10000) {
    out.push_back(static_cast<char>(0xe0U | point >> 12));
    tail(6);
    tail(0);
  } else {
    out.push_back(static_cast<char>(0xf0U | point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

// Whether a number, which is well formed, is too large for a double. (std::from_chars says the same
// of one that is too small, which counts as zero.)
bool Overflows(std::string_view number) {
  double value = 0;
  const char* const begin = number.data();
  const char* const end = begin + number.size();
  if (std::from_chars(begin, end, value).ec != std::errc::result_out_of_range) return false;
  // About the power of ten: where the first digit stands that counts, and the exponent.
  const std::size_t e = std::min(number.find_first_of("eE"), number.size());
  const std::size_t point = std::min(number.find('.'), e);
  const auto first = static_cast<std::int64_t>(number.find_first_of("123456789"));
  std::int64_t exponent = 0;
  if (e != number.size()) {
    const char* const sign = begin + e + 1;
    const std::from_chars_result parsed =
        std::from_chars(sign + (*sign == '+' ? 1 : 0), end, exponent);
    if (parsed.ec != std::errc()) return *sign != '-';
    // No text is as long: what is beyond makes no difference, and the sum below is one of 64 bits.
    constexpr std::int64_t kFar = std::int64_t{1} << 40;
    exponent = std::clamp(exponent, -kFar, kFar);
  }
  return static_cast<std::int64_t>(point) - first + exponent > 0;
}

template <typename Integer>
bool FitsInto(std::string_view number) {
  Integer integer = 0;
  return std::from_chars(number.data(), number.data() + number.size(), integer).ec == std::errc();
}

class Parser {
 public:
  Parser(ParsedText& parsed, ParseOptions options)
      : options_(options),
        parsed_(parsed),
        nodes_(parsed.nodes),
        begin_(parsed.text.data()),
        at_(begin_),
        end_(begin_ + parsed.text.size()) {}

  Result<> Run() && {
    SkipWhiteSpace();
    if (ParseValue()) {
      SkipWhiteSpace();
      if (at_ == end_) return {};
      Refuse();
    }
    return std::unexpected(*std::move(error_));
  }

 private:
  // All of these answer false after an error, with `error_` set.
  bool Stop(ErrorCode code, std::string message) {
    error_.emplace(code, std::move(message));
    return false;
  }
  bool Refuse() {
    return Stop(ErrorCode::kMalformed, fmt::format("not valid JSON at byte {}", at_ - begin_ + 1));
  }

  std::uint32_t Offset(const char* place) const {
    return static_cast<std::uint32_t>(place - begin_);
  }
  bool Add(const Node& node) {
    if (nodes_.size() == options_.max_values)
      return Stop(ErrorCode::kTooLarge, fmt::format("more than {} values", options_.max_values));
    nodes_.push_back(node);
    return true;
  }

  void SkipWhiteSpace() {
    if (at_ == end_ || static_cast<unsigned char>(*at_) > ' ') return;
    const char* const start = at_;
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
    if (at_ != start) NoteOtherThanCanonical();
  }
  // Takes `c` and the white space behind it, if that is next.
  bool TakeIf(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    SkipWhiteSpace();
    return true;
  }

  // Every array and object that is open has, once it is closed, another count than when it began.
  void NoteOtherThanCanonical() { ++not_canonical_; }

  bool ParseValue() {
    if (at_ == end_) return Refuse();
    switch (*at_) {
      case '{':
        return ParseNested(Kind::kObject, &Parser::ParseMembers);
      case '[':
        return ParseNested(Kind::kArray, &Parser::ParseElements);
      case '"':
        return ParseString();
      case 't':
        return ParseWord("true", Kind::kTrue);
      case 'f':
        return ParseWord("false", Kind::kFalse);
      case 'n':
        return ParseWord("null", Kind::kNull);
      default:
        return ParseNumber();
    }
  }

  bool ParseWord(std::string_view word, Kind kind) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word))
      return Refuse();
    at_ += word.size();
    return Add({.kind = kind});
  }

  bool ParseNested(Kind kind, bool (Parser::*parse)()) {
    if (depth_ == kMaxDepth)
      return Stop(ErrorCode::kTooLarge, fmt::format("nested deeper than {}", kMaxDepth));
    const std::size_t place = nodes_.size();
    const std::size_t not_canonical = not_canonical_;
    if (!Add({.kind = kind, .begin = Offset(at_)})) return false;
    ++depth_;
    ++at_;
    SkipWhiteSpace();
    if (!(this->*parse)()) return false;
    --depth_;
    Node& node = nodes_[place];
    node.size_bytes = Offset(at_) - node.begin;
    node.nodes = static_cast<std::uint32_t>(nodes_.size() - place);
    node.is_canonical = not_canonical_ == not_canonical;
    return true;
  }

  bool ParseMembers() {
    const std::size_t first = nodes_.size();
    bool in_order = true;
    if (at_ != end_ && *at_ != '}') {
      std::size_t previous = first;
      do {
        const std::size_t name = nodes_.size();
        if (!ParseString()) return false;
        if (name != first && !(NameAt(previous) < NameAt(name))) in_order = false;
        previous = name;
        SkipWhiteSpace();
        if (!TakeIf(':')) return Refuse();
        if (!ParseValue()) return false;
        SkipWhiteSpace();
      } while (TakeIf(','));
    }
    if (at_ == end_ || *at_ != '}') return Refuse();
    ++at_;
    return in_order || SortMembers(first);
  }

  bool ParseElements() {
    if (at_ != end_ && *at_ != ']') {
      do {
        if (!ParseValue()) return false;
        SkipWhiteSpace();
      } while (TakeIf(','));
    }
    if (at_ == end_ || *at_ != ']') return Refuse();
    ++at_;
    return true;
  }

  std::string_view NameAt(std::size_t place) const { return parsed_.TextOf(nodes_[place]); }

  // Of two equal names the first stays first.
  bool SortMembers(std::size_t first) {
    NoteOtherThanCanonical();
    std::vector<std::size_t> names;
    for (std::size_t name = first; name != nodes_.size(); name += 1 + nodes_[name + 1].nodes)
      names.push_back(name);
    std::sort(names.begin(), names.end(), [this](std::size_t a, std::size_t b) {
      const int order = NameAt(a).compare(NameAt(b));
      return order != 0 ? order < 0 : a < b;
    });
    const auto twice =
        std::adjacent_find(names.begin(), names.end(),
                           [this](std::size_t a, std::size_t b) { return NameAt(a) == NameAt(b); });
    if (twice != names.end() && options_.duplicates == Duplicates::kReject) {
      return Stop(ErrorCode::kMalformed,
                  fmt::format("name '{:.60}' occurs twice in one object", OneLine(NameAt(*twice))));
    }
    std::vector<Node> sorted;
    sorted.reserve(nodes_.size() - first);
    for (const std::size_t name : names) {
      const auto begin = nodes_.begin() + static_cast<std::ptrdiff_t>(name);
      sorted.insert(sorted.end(), begin, begin + 1 + (begin + 1)->nodes);
    }
    std::copy(sorted.begin(), sorted.end(), nodes_.begin() + static_cast<std::ptrdiff_t>(first));
    return true;
  }

  // What has no escapes, nearly every string, stays where it is.
  bool ParseString() {
    if (at_ == end_ || *at_ != '"') return Refuse();
    const char* const start = ++at_;
    if (!SkipPlain()) return false;
    if (*at_ != '"') return ParseEscapedString(start);
    const Node node = {
        .kind = Kind::kString, .begin = Offset(start), .size_bytes = Offset(at_) - Offset(start)};
    ++at_;
    return Add(node);
  }

  // At the first backslash.
  bool ParseEscapedString(const char* run) {
    std::string& text = parsed_.unescaped;
    const std::size_t start = text.size();
    for (;; run = at_) {
      if (!SkipPlain()) return false;
      text.append(run, at_);
      if (*at_++ == '"') break;
      if (!ParseEscape(text)) return false;
    }
    return Add({.kind = Kind::kString,
                .has_escapes = true,
                .begin = static_cast<std::uint32_t>(start),
                .size_bytes = static_cast<std::uint32_t>(text.size() - start)});
  }

  // To the quotation mark or backslash that comes next; all before it is valid UTF-8.
  bool SkipPlain() {
    while (true) {
      while (static_cast<std::size_t>(end_ - at_) >= kWord) {
        const std::size_t plain = PlainBytes(at_);
        at_ += plain;
        if (plain != kWord) break;
      }
      if (at_ == end_ || static_cast<unsigned char>(*at_) < 0x20) return Refuse();
      if (*at_ == '"' || *at_ == '\\') return true;
      if (!SkipCodePoint()) return false;
    }
  }

  bool SkipCodePoint() {
    const auto first = static_cast<unsigned char>(*at_);
    if (first < 0x80) {
      ++at_;
      return true;
    }
    const Utf8Tail tail = TailAfter(first);
    if (tail.bytes == 0 || static_cast<std::size_t>(end_ - at_) <= tail.bytes) return Refuse();
    for (std::size_t i = 1; i <= tail.bytes; ++i) {
      const auto byte = static_cast<unsigned char>(at_[i]);
      const bool fits = i == 1 ? byte >= tail.low && byte <= tail.high : (byte & 0xc0U) == 0x80U;
      if (!fits) return Refuse();
    }
    at_ += tail.bytes + 1;
    return true;
  }

  // Behind the backslash.
  bool ParseEscape(std::string& text) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (at_ == end_) return Refuse();
    if (*at_ != '"' && *at_ != '\\') NoteOtherThanCanonical();
    if (*at_ == 'u') return ParseUnicodeEscape(text);
    const std::size_t which = kNames.find(*at_);
    if (which == std::string_view::npos) return Refuse();
    text.push_back(kMeanings[which]);
    ++at_;
    return true;
  }

  bool ParseUnicodeEscape(std::string& text) {
    std::uint32_t point = 0;
    if (!ParseFourDigits(point)) return false;
    const bool high = point >= 0xd800 && point <= 0xdbff;
    const bool low = point >= 0xdc00 && point <= 0xdfff;
    if (low) return Refuse();
    if (high) {
      std::uint32_t second = 0;
      if (end_ - at_ < 2 || *at_ != '\\' || at_[1] != 'u') return Refuse();
      ++at_;
      if (!ParseFourDigits(second)) return false;
      if (second < 0xdc00 || second > 0xdfff) return Refuse();
      point = 0x10000 + ((point - 0xd800) << 10) + (second - 0xdc00);
    }
    AppendUtf8(point, text);
    return true;
  }

  // At the 'u'.
  bool ParseFourDigits(std::uint32_t& unit) {
    constexpr std::ptrdiff_t kDigits = 4;
    ++at_;
    if (end_ - at_ < kDigits) return Refuse();
    const auto [end, error] = std::from_chars(at_, at_ + kDigits, unit, 16);
    if (error != std::errc() || end != at_ + kDigits) return Refuse();
    at_ += kDigits;
    return true;
  }

  // RFC 8259, section 6.
  bool ParseNumber() {
    const char* const start = at_;
    if (*at_ == '-') ++at_;
    if (at_ != end_ && *at_ == '0') {
      ++at_;
    } else if (!SkipDigits()) {
      return Refuse();
    }
    bool is_integer = true;
    if (at_ != end_ && *at_ == '.') {
      is_integer = false;
      ++at_;
      if (!SkipDigits()) return Refuse();
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
      is_integer = false;
      ++at_;
      if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
      if (!SkipDigits()) return Refuse();
    }
    const std::string_view number(start, static_cast<std::size_t>(at_ - start));
    if (number == "-0") return Stop(ErrorCode::kMalformed, "number -0");
    Kind kind = number.front() == '-' ? Kind::kNegative : Kind::kUnsigned;
    if (!is_integer || !HasAtMost64Bits(number)) {
      if (Overflows(number)) return Refuse();
      kind = Kind::kFloat;
      NoteOtherThanCanonical();
    }
    return Add({.kind = kind,
                .begin = Offset(start),
                .size_bytes = static_cast<std::uint32_t>(number.size())});
  }

  bool SkipDigits() {
    const char* const start = at_;
    while (at_ != end_ && IsDigit(*at_)) ++at_;
    return at_ != start;
  }

  static bool HasAtMost64Bits(std::string_view integer) {
    constexpr std::size_t kSafeDigits = std::numeric_limits<std::int64_t>::digits10;
    if (integer.size() <= kSafeDigits) return true;
    return integer.front() == '-' ? FitsInto<std::int64_t>(integer)
                                  : FitsInto<std::uint64_t>(integer);
  }

  ParseOptions options_;
  ParsedText& parsed_;
  std::vector<Node>& nodes_;
  const char* begin_;
  const char* at_;
  const char* end_;
  std::size_t depth_ = 0;
  std::size_t not_canonical_ = 0;
  std::optional<Error> error_;
};

// `parsed.text` is set.
Result<> ParseInto(ParsedText& parsed, ParseOptions options) {
  // Other readers skip it.
  if (parsed.text.starts_with("\xef\xbb\xbf"))
    return Fail(ErrorCode::kMalformed, "starts with a byte-order mark");
  if (parsed.text.size() > std::numeric_limits<std::uint32_t>::max())
    return Fail(ErrorCode::kTooLarge, "longer than 4 GiB");
  // A guess that metadata stays above, so that the nodes need not move; what is reserved and never
  // used costs nothing.
  constexpr std::size_t kBytesPerNode = 8;
  parsed.nodes.reserve(std::min(parsed.text.size() / kBytesPerNode, options.max_values));
  return Parser(parsed, options).Run();
}

}  // namespace

Document::Document() : Document(Parse("null").value()) {}

Result<Document> Document::Parse(std::string text, ParseOptions options) {
  auto state = std::make_unique<State>();
  state->text = std::move(text);
  state->parsed.text = state->text;
  TRY(ParseInto(state->parsed, options));
  return Document(std::move(state));
}

Result<Value> Parse(std::string_view text, ParseOptions options) {
  ParsedText parsed{.text = text, .unescaped = {}, .nodes = {}};
  TRY(ParseInto(parsed, options));
  return View(parsed, parsed.nodes.front()).ToTree();
}

}  // namespace base::json
