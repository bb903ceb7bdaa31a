#include "tough/canonical.h"

#include <charconv>
#include <cstdint>
#include <limits>
#include <variant>

namespace tough {
namespace {

using base::json::Array;
using base::json::Float;
using base::json::Kind;
using base::json::Null;
using base::json::Object;
using base::json::Value;
using base::json::View;

// Where the first character stands that the canonical form escapes. (Two searches for one character
// each; find_first_of() with a set takes many times as long.)
std::size_t FindEscaped(std::string_view text) {
  const std::size_t quotation_mark = text.find('"');
  const std::size_t backslash = text.substr(0, quotation_mark).find('\\');
  return backslash != std::string_view::npos ? backslash : quotation_mark;
}

// Recursion is bounded by the parser's depth. False: a number has no canonical form.
class Canonicaliser {
 public:
  bool Put(const Value& value) {
    return std::visit([this](const auto& content) { return this->PutContent(content); },
                      value.data());
  }
  bool Put(const View& value) {
    switch (value.kind()) {
      case Kind::kNull:
        return PutContent(Null());
      case Kind::kFalse:
      case Kind::kTrue:
        return PutContent(value.kind() == Kind::kTrue);
      case Kind::kUnsigned:
      case Kind::kNegative:
        return Append(value.NumberText());  // JSON has one way to write an integer, but for "-0"
      case Kind::kFloat:
        return false;
      case Kind::kString:
        return PutString(*value.string());
      case Kind::kArray:
        return PutArray(*value.array());
      case Kind::kObject:
        return PutObject(*value.object());
    }
    return false;
  }
  std::string Take() && { return std::move(text_); }

 private:
  bool PutContent(Null /*null*/) { return Append("null"); }
  bool PutContent(bool value) { return Append(value ? "true" : "false"); }
  bool PutContent(std::int64_t value) { return PutInteger(value); }
  bool PutContent(std::uint64_t value) { return PutInteger(value); }
  bool PutContent(const Float& /*number*/) { return false; }
  bool PutContent(const std::string& text) { return PutString(text); }
  bool PutContent(const Array& array) { return PutArray(array); }
  bool PutContent(const Object& object) { return PutObject(object.members()); }

  bool PutString(std::string_view text) {
    text_.push_back('"');
    for (std::size_t special = 0; (special = FindEscaped(text)) != std::string_view::npos;) {
      text_.append(text.substr(0, special)).push_back('\\');
      text_.push_back(text[special]);
      text.remove_prefix(special + 1);
    }
    text_.append(text).push_back('"');
    return true;
  }
  bool PutArray(const auto& array) {
    char separator = '[';
    for (const auto& element : array) {
      text_.push_back(separator);
      if (!Put(element)) return false;
      separator = ',';
    }
    return Append(separator == '[' ? "[]" : "]");
  }
  // Members come in byte order of their names, which is the order of code points.
  bool PutObject(const auto& members) {
    char separator = '{';
    for (const auto& [name, value] : members) {
      text_.push_back(separator);
      PutString(name);
      text_.push_back(':');
      if (!Put(value)) return false;
      separator = ',';
    }
    return Append(separator == '{' ? "{}" : "}");
  }
  template <typename Integer>
  bool PutInteger(Integer value) {
    char digits[std::numeric_limits<Integer>::digits10 + 3];
    const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), value);
    return Append({std::begin(digits), end});
  }
  bool Append(std::string_view piece) {
    text_.append(piece);
    return true;
  }

  std::string text_;
};

base::Result<std::string> FormOf(const auto& value) {
  Canonicaliser canonicaliser;
  if (!canonicaliser.Put(value))
    return base::Fail(base::ErrorCode::kMalformed, "a number that is not an integer of 64 bits");
  return std::move(canonicaliser).Take();
}

}  // namespace

base::Result<std::string> CanonicalForm(const Value& value) {
  return FormOf(value);
}

base::Result<std::string> CanonicalForm(const View& value) {
  return FormOf(value);
}

base::Result<SignedBytes> SignedBytes::Of(const View& value) {
  SignedBytes bytes;
  if (const auto text = value.CanonicalText()) {
    bytes.in_document_ = *text;
  } else {
    bytes.copy_ = TRY(CanonicalForm(value));
  }
  return bytes;
}

}  // namespace tough
