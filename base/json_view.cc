#include "base/json_view.h"

#include <charconv>
#include <utility>

namespace base::json {
namespace {

// The parser has seen that it fits.
template <typename Integer>
Integer IntegerOf(std::string_view number) {
  Integer integer = 0;
  std::from_chars(number.data(), number.data() + number.size(), integer);
  return integer;
}

Value TreeOf(const ArrayView& view) {
  Array array;
  array.reserve(view.size());
  for (const View element : view) array.push_back(element.ToTree());
  return array;
}

Value TreeOf(const ObjectView& view) {
  std::vector<Member> members;
  members.reserve(view.size());
  for (const auto& [name, value] : view) members.push_back({std::string(name), value.ToTree()});
  return Object::FromUnsorted(std::move(members)).first;
}

}  // namespace

Result<Document> Document::Of(const Value& tree) {
  return Parse(Serialize(tree, Style::kCompact));
}

std::optional<std::uint64_t> View::unsigned_integer() const {
  if (node_->kind != Kind::kUnsigned) return std::nullopt;
  return IntegerOf<std::uint64_t>(NumberText());
}

Value View::ToTree() const {
  switch (node_->kind) {
    case Kind::kNull:
      break;
    case Kind::kFalse:
      return false;
    case Kind::kTrue:
      return true;
    case Kind::kUnsigned:
      return Value::Unsigned(IntegerOf<std::uint64_t>(NumberText()));
    case Kind::kNegative:
      return Value::Integer(IntegerOf<std::int64_t>(NumberText()));
    case Kind::kFloat:
      return Float{std::string(NumberText())};
    case Kind::kString:
      return std::string(parsed_->TextOf(*node_));
    case Kind::kArray:
      return TreeOf(ArrayView(*parsed_, *node_));
    case Kind::kObject:
      return TreeOf(ObjectView(*parsed_, *node_));
  }
  return Null{};
}

}  // namespace base::json
