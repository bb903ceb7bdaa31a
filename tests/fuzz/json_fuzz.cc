// Strict JSON: what is accepted survives its own serialiser, and an independent reader that is more
// lenient takes it for the same document.
// Dictionary: json.dict
#include <nlohmann/json.hpp>

#include <string>

#include "base/json.h"
#include "tests/fuzz/fuzz.h"

namespace {

using base::json::Array;
using base::json::Float;
using base::json::Member;
using base::json::Null;
using base::json::Object;
using base::json::Style;
using base::json::Value;

// Compares a tree of ours with the library's own.
struct SameAs {
  const nlohmann::json& other;

  bool operator()(Null /*null*/) const { return other.is_null(); }
  bool operator()(bool value) const { return other.is_boolean() && other.get<bool>() == value; }
  bool operator()(std::int64_t value) const {
    return other.is_number_integer() && other.get<std::int64_t>() == value;
  }
  bool operator()(std::uint64_t value) const {
    return other.is_number_unsigned() && other.get<std::uint64_t>() == value;
  }
  bool operator()(const Float& /*text*/) const { return other.is_number_float(); }
  bool operator()(const std::string& text) const {
    return other.is_string() && other.get_ref<const std::string&>() == text;
  }
  bool operator()(const Array& array) const {
    if (!other.is_array() || other.size() != array.size()) return false;
    std::size_t index = 0;
    for (const Value& element : array) {
      if (!std::visit(SameAs{other[index++]}, element.data())) return false;
    }
    return true;
  }
  bool operator()(const Object& object) const {
    if (!other.is_object() || other.size() != object.size()) return false;
    for (const Member& member : object.members()) {
      const auto found = other.find(member.name);
      if (found == other.end() || !std::visit(SameAs{*found}, member.value.data())) return false;
    }
    return true;
  }
};

}  // namespace

void fuzz::Run(std::string_view input) {
  static_cast<void>(base::json::Parse(input, {.duplicates = base::json::Duplicates::kKeep}));
  const base::Result<Value> tree = base::json::Parse(input);
  if (!tree.has_value()) return;

  const auto other = nlohmann::json::parse(input, nullptr, /*allow_exceptions=*/false);
  Check(!other.is_discarded(), "the lenient reader accepts what the strict one does");
  Check(std::visit(SameAs{other}, tree->data()), "both read the same");

  for (const Style style : {Style::kCompact, Style::kPretty}) {
    const std::string text = base::json::Serialize(*tree, style);
    const base::Result<Value> again = base::json::Parse(text);
    Check(again.has_value() && *again == *tree, "serialised and parsed again it is the same");
    Check(base::json::Serialize(*again, style) == text, "there is one serialisation");
  }
}
