#include "base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>

namespace base::json {
namespace {

bool NameLess(const Member& a, const Member& b) {
  return a.name < b.name;
}

// Of two equal names the first stays first. (std::stable_sort of libstdc++ 12 does not compile
// without warnings under clang.)
void SortByName(std::vector<Member>& members) {
  if (std::is_sorted(members.begin(), members.end(), NameLess)) return;
  std::vector<std::size_t> order(members.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tie(members[a].name, a) < std::tie(members[b].name, b);
  });
  std::vector<Member> sorted;
  sorted.reserve(members.size());
  for (const std::size_t index : order) sorted.push_back(std::move(members[index]));
  members = std::move(sorted);
}

// Where a member of this name is, or would be.
template <typename Members>
auto LowerBound(Members& members, std::string_view name) {
  return std::lower_bound(
      members.begin(), members.end(), name,
      [](const Member& member, std::string_view wanted) { return member.name < wanted; });
}

class Serializer {
 public:
  explicit Serializer(Style style) : pretty_(style == Style::kPretty) {}

  void Put(const Value& value) {
    std::visit([this](const auto& content) { PutContent(content); }, value.data());
  }
  std::string Take() && { return std::move(out_); }
  void EndDocument() {
    if (pretty_) out_.push_back('\n');
  }

 private:
  void PutContent(Null /*null*/) { out_.append("null"); }
  void PutContent(bool value) { out_.append(value ? "true" : "false"); }
  void PutContent(std::int64_t value) { out_.append(fmt::to_string(value)); }
  void PutContent(std::uint64_t value) { out_.append(fmt::to_string(value)); }
  void PutContent(const Float& value) { out_.append(value.text); }
  void PutContent(const std::string& text) { PutString(text); }
  void PutContent(const Array& array) {
    PutList('[', ']', array, [this](const Value& value) { Put(value); });
  }
  void PutContent(const Object& object) {
    PutList('{', '}', object.members(), [this](const Member& member) {
      PutString(member.name);
      out_.append(pretty_ ? ": " : ":");
      Put(member.value);
    });
  }

  template <typename List, typename PutElement>
  void PutList(char open, char close, const List& list, PutElement put_element) {
    out_.push_back(open);
    ++depth_;
    bool first = true;
    for (const auto& element : list) {
      if (!first) out_.push_back(',');
      first = false;
      NewLine();
      put_element(element);
    }
    --depth_;
    if (!list.empty()) NewLine();
    out_.push_back(close);
  }

  void NewLine() {
    if (!pretty_) return;
    out_.push_back('\n');
    out_.append(depth_ * 2, ' ');
  }

  // RFC 8259, section 7: the quotation mark, the backslash and the control characters must be
  // escaped.
  void PutString(std::string_view text) {
    out_.push_back('"');
    for (const char c : text) {
      switch (c) {
        case '"':
          out_.append("\\\"");
          break;
        case '\\':
          out_.append("\\\\");
          break;
        case '\n':
          out_.append("\\n");
          break;
        case '\r':
          out_.append("\\r");
          break;
        case '\t':
          out_.append("\\t");
          break;
        default:
          if (static_cast<unsigned char>(c) < 0x20) {
            out_.append(fmt::format("\\u{:04x}", static_cast<unsigned>(c)));
          } else {
            out_.push_back(c);
          }
      }
    }
    out_.push_back('"');
  }

  bool pretty_;
  std::size_t depth_ = 0;
  std::string out_;
};

}  // namespace

const Value* Object::Find(std::string_view name) const {
  const auto place = LowerBound(members_, name);
  return place != members_.end() && place->name == name ? &place->value : nullptr;
}

Value* Object::Find(std::string_view name) {
  const auto place = LowerBound(members_, name);
  return place != members_.end() && place->name == name ? &place->value : nullptr;
}

void Object::Set(std::string_view name, Value value) {
  const auto place = LowerBound(members_, name);
  if (place != members_.end() && place->name == name) {
    place->value = std::move(value);
  } else {
    members_.insert(place, {std::string(name), std::move(value)});
  }
}

void Object::Erase(std::string_view name) {
  const auto place = LowerBound(members_, name);
  if (place != members_.end() && place->name == name) members_.erase(place);
}

bool Object::empty() const {
  return members_.empty();
}
std::size_t Object::size() const {
  return members_.size();
}
bool Object::operator==(const Object& other) const = default;

std::pair<Object, std::optional<std::string>> Object::FromUnsorted(std::vector<Member> members) {
  std::optional<std::string> duplicate;
  SortByName(members);
  const auto twice =
      std::adjacent_find(members.begin(), members.end(),
                         [](const Member& a, const Member& b) { return a.name == b.name; });
  if (twice != members.end()) duplicate = twice->name;
  Object object;
  object.members_ = std::move(members);
  return {std::move(object), std::move(duplicate)};
}

Value::Value(Null /*value*/) {}
Value::Value(bool value) : data_(value) {}
Value::Value(std::string text) : data_(std::move(text)) {}
Value::Value(const char* text) : data_(std::string(text)) {}
Value::Value(std::string_view text) : data_(std::string(text)) {}
Value::Value(Array array) : data_(std::move(array)) {}
Value::Value(Object object) : data_(std::move(object)) {}
Value::Value(Float number) : data_(std::move(number)) {}

Value Value::Integer(std::int64_t value) {
  if (value >= 0) return Unsigned(static_cast<std::uint64_t>(value));
  Value made;
  made.data_ = value;
  return made;
}

Value Value::Unsigned(std::uint64_t value) {
  Value made;
  made.data_ = value;
  return made;
}

bool Value::operator==(const Value& other) const = default;

std::string Serialize(const Value& value, Style style) {
  Serializer serializer(style);
  serializer.Put(value);
  serializer.EndDocument();
  return std::move(serializer).Take();
}

}  // namespace base::json
