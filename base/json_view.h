// A JSON document as it was parsed: its text, and one node of 16 bytes for each value and name in
// it that says where it lies. To be read, not changed; json.h has the tree that can be.
//
// One allocation instead of one for each string makes it several times quicker than the tree. Of
// memory it needs at most
//
//     the text  +  16 bytes x its values and names  +  the text, where strings have escapes
//
// and as a value takes two bytes of text at least ("0,"), that is never more than ten times the
// text; kMaxValues bounds the nodes at 64 MB. (A vector that grows holds them twice for a moment.)
//
// Views refer into their Document, which has to live longer, and may be moved meanwhile. Documents
// and views can be read by several threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace base::json {

enum class Kind : std::uint8_t {
  kNull,
  kFalse,
  kTrue,
  kUnsigned,
  kNegative,
  kFloat,
  kString,
  kArray,
  kObject
};

// Nodes stand in the order of the text, but members in that of their names. An array or object is
// followed by what is in it, a name by its value.
struct Node {
  Kind kind = Kind::kNull;
  bool has_escapes = false;      // a string: it lies in `unescaped`, not in the text
  bool is_canonical = false;     // an array or object: see View::CanonicalText()
  std::uint32_t begin = 0;       // of a string: behind the quotation mark
  std::uint32_t size_bytes = 0;  // of a string: without quotation marks
  std::uint32_t nodes = 1;       // this one and all that is in it
};
static_assert(sizeof(Node) == 16);

struct ParsedText {
  std::string_view text;
  std::string unescaped;
  std::vector<Node> nodes;

  std::string_view TextOf(const Node& node) const {
    const char* bytes = node.has_escapes ? unescaped.data() : text.data();
    return {bytes + node.begin, node.size_bytes};
  }
};

class ArrayView;
class ObjectView;

class View {
 public:
  View(const ParsedText& parsed, const Node& node) : parsed_(&parsed), node_(&node) {}

  Kind kind() const { return node_->kind; }
  // The content, or nothing if it is of another kind.
  std::optional<std::string_view> string() const {
    if (node_->kind != Kind::kString) return std::nullopt;
    return parsed_->TextOf(*node_);
  }
  std::optional<bool> boolean() const {
    if (node_->kind != Kind::kTrue && node_->kind != Kind::kFalse) return std::nullopt;
    return node_->kind == Kind::kTrue;
  }
  std::optional<std::uint64_t> unsigned_integer() const;
  std::optional<ArrayView> array() const;
  std::optional<ObjectView> object() const;

  // What a number is written as.
  std::string_view NumberText() const { return parsed_->TextOf(*node_); }
  // The text of an array or object without any white space, with its members in the order of their
  // names, no escapes but \" and \\, and no Float: where it is already so, nothing has to be
  // written to sign it.
  std::optional<std::string_view> CanonicalText() const {
    if (!node_->is_canonical) return std::nullopt;
    return parsed_->TextOf(*node_);
  }

  Value ToTree() const;

 private:
  const ParsedText* parsed_;
  const Node* node_;
};

struct MemberView {
  std::string_view name;
  View value;
};

// What arrays and objects share: elements behind each other in [first, end).
template <typename Element>
class ViewIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using difference_type = std::ptrdiff_t;
  using value_type = Element;
  using pointer = void;
  using reference = Element;

  ViewIterator(const ParsedText& parsed, const Node* node) : parsed_(&parsed), node_(node) {}

  Element operator*() const {
    if constexpr (kIsMember) {
      return {parsed_->TextOf(*node_), View(*parsed_, node_[1])};
    } else {
      return {*parsed_, *node_};
    }
  }
  ViewIterator& operator++() {
    if constexpr (kIsMember) ++node_;
    node_ += node_->nodes;
    return *this;
  }
  bool operator==(const ViewIterator& other) const { return node_ == other.node_; }

 private:
  static constexpr bool kIsMember = std::is_same_v<Element, MemberView>;
  const ParsedText* parsed_;
  const Node* node_;
};

template <typename Element>
class ViewRange {
 public:
  using Iterator = ViewIterator<Element>;
  ViewRange(const ParsedText& parsed, const Node& node) : parsed_(&parsed), node_(&node) {}
  Iterator begin() const { return {*parsed_, node_ + 1}; }
  Iterator end() const { return {*parsed_, node_ + node_->nodes}; }
  bool empty() const { return node_->nodes == 1; }
  // Goes through all of them.
  std::size_t size() const {
    std::size_t count = 0;
    for (auto element = begin(); element != end(); ++element) ++count;
    return count;
  }

 private:
  const ParsedText* parsed_;
  const Node* node_;
};

class ArrayView : public ViewRange<View> {
 public:
  using ViewRange::ViewRange;
};

// Members in order of their names, as in Object.
class ObjectView : public ViewRange<MemberView> {
 public:
  using ViewRange::ViewRange;
  // The member's value; with duplicates the first. Goes through all members before it.
  std::optional<View> Find(std::string_view name) const {
    for (const auto& [member, value] : *this) {
      if (member == name) return value;
    }
    return std::nullopt;
  }
};

inline std::optional<ArrayView> View::array() const {
  if (node_->kind != Kind::kArray) return std::nullopt;
  return ArrayView(*parsed_, *node_);
}
inline std::optional<ObjectView> View::object() const {
  if (node_->kind != Kind::kObject) return std::nullopt;
  return ObjectView(*parsed_, *node_);
}

class Document {
 public:
  Document();  // null
  // As json::Parse(); takes the text over.
  static Result<Document> Parse(std::string text, ParseOptions options = {});
  // What a tree says, for code that reads views. Fails if a string in it is not UTF-8.
  static Result<Document> Of(const Value& tree);

  View root() const { return {state_->parsed, state_->parsed.nodes.front()}; }
  const std::string& text() const { return state_->text; }

 private:
  // In one place for good: views point to it.
  struct State {
    std::string text;
    ParsedText parsed;
  };
  explicit Document(std::unique_ptr<const State> state) : state_(std::move(state)) {}
  std::unique_ptr<const State> state_;
};

// As those of json.h.
Result<View> Require(const ObjectView& object, std::string_view name);
Result<std::string_view> RequireString(const ObjectView& object, std::string_view name);
Result<ObjectView> RequireObject(const ObjectView& object, std::string_view name);
Result<ArrayView> RequireArray(const ObjectView& object, std::string_view name);
Result<std::uint64_t> RequireInteger(const ObjectView& object, std::string_view name,
                                     std::uint64_t minimum, std::uint64_t maximum);

}  // namespace base::json
