#include "updog/halted.h"

#include <fmt/format.h>

#include <utility>

namespace updog {
namespace {

using base::ErrorCode;
using base::json::Array;
using base::json::Object;
using base::json::Value;

// As the only one of a manifest.
base::Result<Update> DecodeOne(const Value& update) {
  Object document;
  document.Set("updates", Array{update});
  Manifest manifest = TRY(DecodeManifest(std::move(document)));
  return std::move(manifest.updates.front());
}

base::Result<HaltedUpdate> DecodeEntry(const Value& value) {
  const Object* entry = value.object();
  if (entry == nullptr) return base::Fail(ErrorCode::kMalformed, "not an object");
  const std::string* since = TRY(base::json::RequireString(*entry, "since"));
  const Value* update = TRY(base::json::Require(*entry, "update"));
  return HaltedUpdate{.since = TRY_CONTEXT(base::ParseTime(*since), "since"),
                      .update = TRY_CONTEXT(DecodeOne(*update), "update")};
}

}  // namespace

base::Result<std::vector<HaltedUpdate>> DecodeHalted(const Object& document) {
  std::vector<HaltedUpdate> halted;
  const Value* member = document.Find("halted");
  if (member == nullptr) return halted;
  if (member->array() == nullptr) return base::Fail(ErrorCode::kMalformed, "halted: not an array");
  for (const Value& entry : *member->array()) {
    const auto place = [&halted] { return fmt::format("halted[{}]", halted.size()); };
    halted.push_back(TRY_CONTEXT(DecodeEntry(entry), place()));
  }
  return halted;
}

Value EncodeHalted(base::Time since, Value update) {
  Object entry;
  entry.Set("since", base::FormatTime(since));
  entry.Set("update", std::move(update));
  return entry;
}

}  // namespace updog
