// Typed reading of members, of a tree and of a view alike.
#include <fmt/format.h>

#include "base/json.h"
#include "base/json_view.h"

namespace base::json {
namespace {

std::unexpected<Error> FailMember(std::string_view name, std::string_view fault) {
  return Fail(ErrorCode::kMalformed, fmt::format("{:.60}: {}", name, fault));
}

// A pointer to the content, or an optional of it, as both kinds of values answer.
template <typename Content>
Result<Content> Demand(Content content, std::string_view name, std::string_view kind) {
  if (!content) return FailMember(name, fmt::format("not {}", kind));
  return content;
}

template <typename Number>
Result<std::uint64_t> DemandInteger(Number number, std::string_view name, std::uint64_t minimum,
                                    std::uint64_t maximum) {
  if (!number || *number < minimum || *number > maximum)
    return FailMember(name, fmt::format("not an integer from {} to {}", minimum, maximum));
  return *number;
}

}  // namespace

Result<const Value*> Require(const Object& object, std::string_view name) {
  const Value* value = object.Find(name);
  if (value == nullptr) return FailMember(name, "missing");
  return value;
}

Result<const std::string*> RequireString(const Object& object, std::string_view name) {
  return Demand(TRY(Require(object, name))->string(), name, "a string");
}

Result<const Object*> RequireObject(const Object& object, std::string_view name) {
  return Demand(TRY(Require(object, name))->object(), name, "an object");
}

Result<const Array*> RequireArray(const Object& object, std::string_view name) {
  return Demand(TRY(Require(object, name))->array(), name, "an array");
}

Result<std::uint64_t> RequireInteger(const Object& object, std::string_view name,
                                     std::uint64_t minimum, std::uint64_t maximum) {
  return DemandInteger(TRY(Require(object, name))->unsigned_integer(), name, minimum, maximum);
}

Result<View> Require(const ObjectView& object, std::string_view name) {
  const std::optional<View> value = object.Find(name);
  if (!value) return FailMember(name, "missing");
  return *value;
}

Result<std::string_view> RequireString(const ObjectView& object, std::string_view name) {
  return *TRY(Demand(TRY(Require(object, name)).string(), name, "a string"));
}

Result<ObjectView> RequireObject(const ObjectView& object, std::string_view name) {
  return *TRY(Demand(TRY(Require(object, name)).object(), name, "an object"));
}

Result<ArrayView> RequireArray(const ObjectView& object, std::string_view name) {
  return *TRY(Demand(TRY(Require(object, name)).array(), name, "an array"));
}

Result<std::uint64_t> RequireInteger(const ObjectView& object, std::string_view name,
                                     std::uint64_t minimum, std::uint64_t maximum) {
  return DemandInteger(TRY(Require(object, name)).unsigned_integer(), name, minimum, maximum);
}

}  // namespace base::json
