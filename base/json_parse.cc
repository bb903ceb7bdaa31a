// The strict parser of json.h. One pass over the text; each object and array is built once, at its
// final size. Recursion is bounded by kMaxDepth.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>
#include <system_error>

#include "base/json.h"

namespace base::json {
namespace {

// Eight bytes at once: is any of them a quotation mark, a backslash, a control character or not
// ASCII? The trick of Hacker's Delight, 6-1; the order of the bytes does not matter.
constexpr std::size_t kWord = sizeof(std::uint64_t);
constexpr std::uint64_t EachByte(std::uint64_t byte) {
  return byte * 0x0101010101010101ULL;
}
constexpr std::uint64_t BelowInAnyByte(std::uint64_t word, std::uint64_t limit) {
  return (word - EachByte(limit)) & ~word;
}
bool NeedsALook(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, kWord);
  const std::uint64_t found = word | BelowInAnyByte(word, 0x20) |
                              BelowInAnyByte(word ^ EachByte('"'), 1) |
                              BelowInAnyByte(word ^ EachByte('\\'), 1);
  return (found & EachByte(0x80)) != 0;
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// What follows the first byte of a code point (RFC 3629, 4): how many bytes, and between what the
// first of them lies, so that nothing is overlong, a surrogate or beyond U+10FFFF.
struct Utf8Tail {
  std::size_t bytes = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xbf;
};
Utf8Tail TailAfter(unsigned char first) {
  if (first >= 0xc2 && first <= 0xdf) return {1};
  if (first == 0xe0) return {2, 0xa0, 0xbf};
  if (first == 0xed) return {2, 0x80, 0x9f};
  if (first >= 0xe1 && first <= 0xef) return {2};
  if (first == 0xf0) return {3, 0x90, 0xbf};
  if (first >= 0xf1 && first <= 0xf3) return {3};
  if (first == 0xf4) return {3, 0x80, 0x8f};
  return {};
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
  }
  return static_cast<std::int64_t>(point) - first + exponent > 0;
}

class Parser {
 public:
  Parser(std::string_view text, ParseOptions options)
      : options_(options), begin_(text.data()), at_(begin_), end_(begin_ + text.size()) {}

  Result<Value> Run() && {
    Value root;
    SkipWhiteSpace();
    if (ParseValue(root)) {
      SkipWhiteSpace();
      if (at_ == end_) return root;
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

  void SkipWhiteSpace() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  // Takes `c` and the white space behind it, if that is next.
  bool TakeIf(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    SkipWhiteSpace();
    return true;
  }

  bool ParseValue(Value& value) {
    if (at_ == end_) return Refuse();
    switch (*at_) {
      case '{':
        return Nested(&Parser::ParseObject, value);
      case '[':
        return Nested(&Parser::ParseArray, value);
      case '"': {
        std::string text;
        if (!ParseString(text)) return false;
        value = std::move(text);
        return true;
      }
      case 't':
        return ParseWord("true", true, value);
      case 'f':
        return ParseWord("false", false, value);
      case 'n':
        return ParseWord("null", Null{}, value);
      default:
        return ParseNumber(value);
    }
  }

  bool ParseWord(std::string_view word, Value meaning, Value& value) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word))
      return Refuse();
    at_ += word.size();
    value = std::move(meaning);
    return true;
  }

  bool Nested(bool (Parser::*parse)(Value&), Value& value) {
    if (depth_ == kMaxDepth)
      return Stop(ErrorCode::kTooLarge, fmt::format("nested deeper than {}", kMaxDepth));
    ++depth_;
    ++at_;
    SkipWhiteSpace();
    const bool parsed = (this->*parse)(value);
    --depth_;
    return parsed;
  }

  // What has been read of all open objects lies on one stack, this one's last.
  bool ParseObject(Value& value) {
    const std::size_t first = members_.size();
    if (at_ != end_ && *at_ != '}') {
      do {
        Member member;
        if (!ParseString(member.name)) return false;
        SkipWhiteSpace();
        if (!TakeIf(':')) return Refuse();
        if (!ParseValue(member.value)) return false;
        members_.push_back(std::move(member));
        SkipWhiteSpace();
      } while (TakeIf(','));
    }
    if (at_ == end_ || *at_ != '}') return Refuse();
    ++at_;
    auto [object, duplicate] = Object::FromUnsorted(TakeFrom(members_, first));
    if (duplicate && options_.duplicates == Duplicates::kReject) {
      return Stop(ErrorCode::kMalformed,
                  fmt::format("name '{:.60}' occurs twice in one object", *duplicate));
    }
    value = std::move(object);
    return true;
  }

  bool ParseArray(Value& value) {
    const std::size_t first = elements_.size();
    if (at_ != end_ && *at_ != ']') {
      do {
        Value element;
        if (!ParseValue(element)) return false;
        elements_.push_back(std::move(element));
        SkipWhiteSpace();
      } while (TakeIf(','));
    }
    if (at_ == end_ || *at_ != ']') return Refuse();
    ++at_;
    value = TakeFrom(elements_, first);
    return true;
  }

  template <typename T>
  static std::vector<T> TakeFrom(std::vector<T>& stack, std::size_t first) {
    const auto begin = stack.begin() + static_cast<std::ptrdiff_t>(first);
    std::vector<T> taken(std::make_move_iterator(begin), std::make_move_iterator(stack.end()));
    stack.erase(begin, stack.end());
    return taken;
  }

  bool ParseString(std::string& text) {
    if (at_ == end_ || *at_ != '"') return Refuse();
    ++at_;
    // What has no escapes, nearly every string, is copied in one go.
    for (const char* run = at_;; run = at_) {
      if (!SkipPlain()) return false;
      text.append(run, at_);
      if (*at_++ == '"') return true;
      if (!ParseEscape(text)) return false;
    }
  }

  // To the quotation mark or backslash that comes next; all before it is valid UTF-8.
  bool SkipPlain() {
    while (true) {
      while (static_cast<std::size_t>(end_ - at_) >= kWord && !NeedsALook(at_)) at_ += kWord;
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
  bool ParseNumber(Value& value) {
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
    if (is_integer && (number.front() == '-' ? TakeInteger<std::int64_t>(number, value)
                                             : TakeInteger<std::uint64_t>(number, value)))
      return true;
    if (Overflows(number)) return Refuse();
    value = Float{std::string(number)};
    return true;
  }

  bool SkipDigits() {
    const char* const start = at_;
    while (at_ != end_ && IsDigit(*at_)) ++at_;
    return at_ != start;
  }

  // False if it has more than 64 bits.
  template <typename Integer>
  static bool TakeInteger(std::string_view number, Value& value) {
    Integer integer = 0;
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), integer);
    if (error != std::errc()) return false;
    if constexpr (std::is_signed_v<Integer>) {
      value = Value::Integer(integer);
    } else {
      value = Value::Unsigned(integer);
    }
    return true;
  }

  ParseOptions options_;
  const char* begin_;
  const char* at_;
  const char* end_;
  std::size_t depth_ = 0;
  std::vector<Member> members_;
  std::vector<Value> elements_;
  std::optional<Error> error_;
};

}  // namespace

Result<Value> Parse(std::string_view text, ParseOptions options) {
  // Other readers skip it.
  if (text.starts_with("\xef\xbb\xbf"))
    return Fail(ErrorCode::kMalformed, "starts with a byte-order mark");
  return Parser(text, options).Run();
}

}  // namespace base::json
