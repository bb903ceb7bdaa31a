#include "updog/halted.h"

#include <utility>

#include "updog/manifest_decoder.h"

namespace updog {
namespace {

using base::ErrorCode;
using base::json::Object;
using base::json::Value;

base::Result<base::Time> ReadSince(const Object& entry) {
  const std::string* text = TRY(base::json::RequireString(entry, "since"));
  return TRY_CONTEXT(base::ParseTime(*text), "since");
}

HaltedUpdate ReadEntry(const Value& value, const std::string& place, std::vector<Fault>& faults) {
  HaltedUpdate halted;
  const Object* entry = value.object();
  if (entry == nullptr) {
    faults.push_back({place, "not an object"});
    return halted;
  }
  const auto since = ReadSince(*entry);
  if (since) {
    halted.since = *since;
  } else {
    faults.push_back({place, since.error().message()});
  }
  const Value* update = entry->Find("update");
  if (update == nullptr) {
    faults.push_back({place, "update: missing"});
  } else {
    halted.update = DecodeUpdate(*update, Inside(place, "update"), faults);
  }
  return halted;
}

}  // namespace

std::vector<HaltedUpdate> ReadHalted(const Object& document, std::vector<Fault>& faults) {
  std::vector<HaltedUpdate> halted;
  const Value* member = document.Find("halted");
  if (member == nullptr) return halted;
  if (member->array() == nullptr) {
    faults.push_back({"halted", "not an array"});
    return halted;
  }
  for (const Value& entry : *member->array()) {
    halted.push_back(ReadEntry(entry, Inside("halted", halted.size()), faults));
  }
  return halted;
}

base::Result<std::vector<HaltedUpdate>> DecodeHalted(const Object& document) {
  std::vector<Fault> faults;
  std::vector<HaltedUpdate> halted = ReadHalted(document, faults);
  if (!faults.empty()) return base::Fail(ErrorCode::kMalformed, faults.front().Line());
  return halted;
}

Value EncodeHalted(base::Time since, Value update) {
  Object entry;
  entry.Set("since", base::FormatTime(since));
  entry.Set("update", std::move(update));
  return entry;
}

}  // namespace updog
