#include "tough/canonical.h"

#include <charconv>
#include <cstdint>
#include <limits>

namespace tough {
namespace {

using base::json::Array;
using base::json::Float;
using base::json::Member;
using base::json::Null;
using base::json::Object;
using base::json::Value;

// Where the first character stands that the canonical form escapes. (Two searches for one character
// each; find_first_of() with a set takes many times as long.)
std::size_t FindEscaped(std::string_view text) {
  const std::size_t quotation_mark = text.find('"');
  const std::size_t backslash = text.substr(0, quotation_mark).find('\\');
  return backslash != std::string_view::npos ? backslash : quotation_mark;
}

// Gives the canonical form to `Output` piece by piece. Output::Take returns whether it wants more.
// Recursion is bounded by the parser's depth.
template <typename Output>
class Canonicaliser {
 public:
  explicit Canonicaliser(Output& output) : output_(output) {}

  // False if the output has had enough, or a number has no canonical form.
  bool Put(const Value& value) {
    return std::visit([this](const auto& content) { return this->PutContent(content); },
                      value.data());
  }
  bool found_float() const { return found_float_; }

 private:
  bool PutContent(Null /*null*/) { return output_.Take("null"); }
  bool PutContent(bool value) { return output_.Take(value ? "true" : "false"); }
  bool PutContent(std::int64_t value) { return PutInteger(value); }
  bool PutContent(std::uint64_t value) { return PutInteger(value); }
  bool PutContent(const Float& /*number*/) {
    found_float_ = true;
    return false;
  }
  bool PutContent(const std::string& text) {
    if (!output_.Take("\"")) return false;
    std::string_view rest = text;
    while (true) {
      const std::size_t special = FindEscaped(rest);
      if (!output_.Take(rest.substr(0, special))) return false;
      if (special == std::string_view::npos) return output_.Take("\"");
      if (!output_.Take("\\") || !output_.Take(rest.substr(special, 1))) return false;
      rest.remove_prefix(special + 1);
    }
  }
  bool PutContent(const Array& array) {
    std::string_view separator = "[";
    for (const Value& element : array) {
      if (!output_.Take(separator) || !Put(element)) return false;
      separator = ",";
    }
    return output_.Take(array.empty() ? "[]" : "]");
  }
  // Members lie in the tree in byte order of their names, which is the order of code points.
  bool PutContent(const Object& object) {
    std::string_view separator = "{";
    for (const Member& member : object.members()) {
      if (!output_.Take(separator) || !PutContent(member.name)) return false;
      if (!output_.Take(":") || !Put(member.value)) return false;
      separator = ",";
    }
    return output_.Take(object.empty() ? "{}" : "}");
  }

  template <typename Integer>
  bool PutInteger(Integer value) {
    char digits[std::numeric_limits<Integer>::digits10 + 3];
    const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), value);
    return output_.Take({std::begin(digits), end});
  }

  Output& output_;
  bool found_float_ = false;
};

struct Collector {
  bool Take(std::string_view piece) {
    text.append(piece);
    return true;
  }
  std::string text;
};

// Follows a text as long as it says the same.
struct Comparer {
  bool Take(std::string_view piece) {
    if (!rest.starts_with(piece)) return false;
    rest.remove_prefix(piece.size());
    return true;
  }
  std::string_view rest;
};

}  // namespace

base::Result<std::string> CanonicalForm(const Value& value) {
  Collector collector;
  Canonicaliser canonicaliser(collector);
  if (!canonicaliser.Put(value))
    return base::Fail(base::ErrorCode::kMalformed, "a number that is not an integer of 64 bits");
  return std::move(collector.text);
}

base::Result<SignedBytes> SignedBytes::Of(const Value& value, std::string_view document) {
  SignedBytes bytes;
  // Where the comparison begins is a guess and need not be trusted: bytes that equal the canonical
  // form are the canonical form, wherever they stand.
  constexpr std::string_view kName = "\"signed\":";
  if (const std::size_t place = document.find(kName); place != std::string_view::npos) {
    const std::string_view candidate = document.substr(place + kName.size());
    Comparer comparer{candidate};
    if (Canonicaliser(comparer).Put(value)) {
      bytes.in_document_ = candidate.substr(0, candidate.size() - comparer.rest.size());
      return bytes;
    }
  }
  bytes.copy_ = TRY(CanonicalForm(value));
  return bytes;
}

}  // namespace tough
