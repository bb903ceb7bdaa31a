// Strict JSON: one mutable tree, parsed once, serialised in one order.
//
// Rejected while parsing: duplicate names (see ParseOptions), invalid UTF-8, lone surrogates, a
// byte-order mark, comments, trailing bytes other than white space, depth above kMaxDepth, "-0" (as
// no integer is written like that). Numbers: integers of 64 bits are kept exactly; every other
// number (fraction, exponent, more than 64 bits) within a double's range is kept as its text in a
// Float, which signed documents then refuse. Parsing and serialising never recurse deeper than
// kMaxDepth.
//
// A tree needs 40 bytes for each value, 72 where it has a name, and its strings: kMaxValues bounds
// that at 288 MB and the text. What is large and only read is better left as it is: json_view.h.
//
// Members of an object are kept sorted by name (UTF-8 byte order = code point order), so that
// output is reproducible and the canonical form is the natural one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace base::json {

constexpr std::size_t kMaxDepth = 32;
// Values and names of one document: one for each 16 bytes of the largest metadata file.
constexpr std::size_t kMaxValues = 4'000'000;

class Value;
struct Member;

struct Null {
  bool operator==(const Null&) const = default;
};
// A number that is not an integer of 64 bits, exactly as it was written.
struct Float {
  std::string text;
  bool operator==(const Float&) const = default;
};
using Array = std::vector<Value>;

// Members in order of their names. Names are unique, except after parsing with Duplicates::kKeep.
class Object {
 public:
  // The member's value, or null. With duplicates: the first.
  const Value* Find(std::string_view name) const;
  Value* Find(std::string_view name);
  // Adds the member or replaces its value.
  void Set(std::string_view name, Value value);
  void Erase(std::string_view name);

  const std::vector<Member>& members() const { return members_; }
  bool empty() const;
  std::size_t size() const;
  bool operator==(const Object& other) const;

  // For the parser: takes members in any order. Returns the first duplicate name, if there is one
  // (both are kept).
  static std::pair<Object, std::optional<std::string>> FromUnsorted(std::vector<Member> members);

 private:
  std::vector<Member> members_;
};

class Value {
 public:
  using Data =
      std::variant<Null, bool, std::int64_t, std::uint64_t, Float, std::string, Array, Object>;

  Value() = default;  // null
  // A Value is made from whatever it can hold, so these convert implicitly.
  Value(Null value);             // NOLINT(google-explicit-constructor)
  Value(bool value);             // NOLINT(google-explicit-constructor)
  Value(std::string text);       // NOLINT(google-explicit-constructor)
  Value(const char* text);       // NOLINT(google-explicit-constructor)
  Value(std::string_view text);  // NOLINT(google-explicit-constructor)
  Value(Array array);            // NOLINT(google-explicit-constructor)
  Value(Object object);          // NOLINT(google-explicit-constructor)
  Value(Float number);           // NOLINT(google-explicit-constructor)
  // Non-negative integers are always held unsigned, negative ones signed: equal numbers compare
  // equal.
  static Value Integer(std::int64_t value);
  static Value Unsigned(std::uint64_t value);

  const Data& data() const { return data_; }

  // The content, or null if it is of another kind.
  const std::string* string() const { return std::get_if<std::string>(&data_); }
  const Array* array() const { return std::get_if<Array>(&data_); }
  const Object* object() const { return std::get_if<Object>(&data_); }
  const bool* boolean() const { return std::get_if<bool>(&data_); }
  const std::uint64_t* unsigned_integer() const { return std::get_if<std::uint64_t>(&data_); }
  Array* array() { return std::get_if<Array>(&data_); }
  Object* object() { return std::get_if<Object>(&data_); }
  std::string* string() { return std::get_if<std::string>(&data_); }
  bool is_null() const { return std::holds_alternative<Null>(data_); }

  bool operator==(const Value& other) const;

 private:
  Data data_;
};

struct Member {
  std::string name;
  Value value;
  bool operator==(const Member&) const = default;
};

enum class Duplicates : std::uint8_t {
  kReject,
  kKeep,  // the caller decides (the update manifest, where one update is dropped for it, not the
          // document)
};

struct ParseOptions {
  Duplicates duplicates = Duplicates::kReject;
  std::size_t max_values = kMaxValues;
};

// kMalformed with the byte position, kTooLarge for depth and number of values. `text` is capped by
// whoever read it.
Result<Value> Parse(std::string_view text, ParseOptions options = {});

enum class Style : std::uint8_t {
  kCompact,  // no white space
  kPretty,   // two spaces an indent, a final line feed
};
std::string Serialize(const Value& value, Style style);

// Typed reading of a member, with errors that name it: "expires: missing", "version: not an integer
// > 0". `where` of nested things is added by the caller with TRY_CONTEXT.
Result<const Value*> Require(const Object& object, std::string_view name);
Result<const std::string*> RequireString(const Object& object, std::string_view name);
Result<const Object*> RequireObject(const Object& object, std::string_view name);
Result<const Array*> RequireArray(const Object& object, std::string_view name);
// An integer in [minimum, maximum].
Result<std::uint64_t> RequireInteger(const Object& object, std::string_view name,
                                     std::uint64_t minimum, std::uint64_t maximum);

}  // namespace base::json
