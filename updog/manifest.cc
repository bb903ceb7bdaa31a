#include "updog/manifest.h"

#include <fmt/format.h>

#include <utility>

#include "updog/halted.h"

namespace updog {
namespace {

using base::ErrorCode;
using base::json::Array;
using base::json::Member;
using base::json::Object;
using base::json::Value;

using Faults = std::vector<Fault>;

// "updates[2]" and "boot" are "updates[2].boot"; at the top there is only the name.
std::string Inside(const std::string& place, std::string_view name) {
  return place.empty() ? fmt::format("{:.60}", name) : fmt::format("{}.{:.60}", place, name);
}

std::string Inside(const std::string& place, std::size_t index) {
  return fmt::format("{}[{}]", place, index);
}

// Reads the members of one object and notes every fault, where others would stop at the first.
class Reader {
 public:
  Reader(const Object& object, std::string place, Faults& faults)
      : object_(object), place_(std::move(place)), faults_(faults) {}

  std::string Text(std::string_view name) {
    auto text = base::json::RequireString(object_, name);
    if (!text) {
      Note(text.error());
      return {};
    }
    if ((*text)->empty()) NoteAt(name, "empty");
    return **text;
  }

  Version ReadVersion(std::string_view name) {
    auto text = base::json::RequireString(object_, name);
    if (!text) {
      Note(text.error());
      return {};
    }
    auto version = Version::Parse(**text);
    if (version) return *std::move(version);
    NoteAt(name, version.error().message());
    return {};
  }

  // Null, and noted, where it is missing or something else.
  const Object* ReadObject(std::string_view name) {
    auto object = base::json::RequireObject(object_, name);
    if (object) return *object;
    Note(object.error());
    return nullptr;
  }

 private:
  // base::json's messages begin with the member's name.
  void Note(const base::Error& error) { faults_.push_back({place_, error.message()}); }
  void NoteAt(std::string_view name, std::string_view what) {
    faults_.push_back({place_, fmt::format("{}: {}", name, what)});
  }

  const Object& object_;
  std::string place_;
  Faults& faults_;
};

void NoteOwnDuplicates(const Object& object, const std::string& place, Faults& faults) {
  const std::vector<Member>& members = object.members();
  for (std::size_t i = 1; i < members.size(); ++i) {
    if (members[i].name != members[i - 1].name) continue;
    faults.push_back({place, fmt::format("name '{:.60}' occurs twice", members[i].name)});
  }
}

// The recursion is bounded by the depth that base::json::Parse allows.
void NoteDuplicates(const Value& value, const std::string& place, Faults& faults) {
  if (const Object* object = value.object()) {
    NoteOwnDuplicates(*object, place, faults);
    for (const Member& member : object->members()) {
      NoteDuplicates(member.value, Inside(place, member.name), faults);
    }
  } else if (const Array* array = value.array()) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      NoteDuplicates((*array)[i], Inside(place, i), faults);
    }
  }
}

// All duplicate names but those inside of an update's `waves`, which cost only that update.
void NoteDuplicatesOutsideOfWaves(const Object& document, Faults& faults) {
  NoteOwnDuplicates(document, "", faults);
  for (const Member& member : document.members()) {
    const Array* updates = member.name == "updates" ? member.value.array() : nullptr;
    if (updates == nullptr) {
      NoteDuplicates(member.value, Inside("", member.name), faults);
      continue;
    }
    for (std::size_t i = 0; i < updates->size(); ++i) {
      const Object* update = (*updates)[i].object();
      if (update == nullptr) continue;
      const std::string place = Inside("updates", i);
      NoteOwnDuplicates(*update, place, faults);
      for (const Member& inner : update->members()) {
        if (inner.name != "waves") NoteDuplicates(inner.value, Inside(place, inner.name), faults);
      }
    }
  }
}

void ReadWaves(const Object& object, Update& update) {
  const Value* member = object.Find("waves");
  if (member == nullptr) return;
  auto waves = DecodeWaves(*member);
  if (waves) {
    update.waves = *std::move(waves);
  } else {
    update.waves_fault = waves.error().message();
  }
}

Update DecodeUpdate(Value value, const std::string& place, Faults& faults) {
  Update update;
  const Object* object = value.object();
  if (object == nullptr) {
    faults.push_back({place, "not an object"});
    return update;
  }
  Reader reader(*object, place, faults);
  update.variant = reader.Text("variant");
  update.arch = reader.Text("arch");
  update.version = reader.ReadVersion("version");
  update.max_version = reader.ReadVersion("max_version");
  if (const Object* images = reader.ReadObject("images")) {
    Reader image_reader(*images, Inside(place, "images"), faults);
    update.images = {.boot = image_reader.Text("boot"),
                     .root = image_reader.Text("root"),
                     .hash = image_reader.Text("hash")};
  }
  ReadWaves(*object, update);
  update.source = std::move(value);
  return update;
}

void DecodeUpdates(Object& document, Manifest& manifest, Faults& faults) {
  Value* member = document.Find("updates");
  if (member == nullptr || member->array() == nullptr) {
    faults.push_back({"updates", member == nullptr ? "missing" : "not an array"});
    return;
  }
  for (Value& value : *member->array()) {
    const std::string place = Inside("updates", manifest.updates.size());
    manifest.updates.push_back(DecodeUpdate(std::move(value), place, faults));
  }
}

// A pair can be written in one way only, so a pair that occurs twice is a duplicate name.
void DecodeMigrations(const Object& document, Manifest& manifest, Faults& faults) {
  const Value* member = document.Find("migrations");
  if (member == nullptr) return;
  const Object* object = member->object();
  if (object == nullptr) {
    faults.push_back({"migrations", "not an object"});
    return;
  }
  for (const Member& pair : object->members()) {
    auto migration = DecodeMigration(pair.name, pair.value);
    if (!migration) {
      faults.push_back({"migrations", migration.error().message()});
    } else {
      manifest.migrations.push_back(*std::move(migration));
    }
  }
}

struct Decoded {
  Manifest manifest;
  Faults faults;  // without those of waves
};

Decoded Decode(Value value) {
  Decoded decoded;
  Object* document = value.object();
  if (document == nullptr) {
    decoded.faults.push_back({"", "not an object"});
    return decoded;
  }
  NoteDuplicatesOutsideOfWaves(*document, decoded.faults);
  DecodeUpdates(*document, decoded.manifest, decoded.faults);
  DecodeMigrations(*document, decoded.manifest, decoded.faults);
  return decoded;
}

bool SameKind(const Update& a, const Update& b) {
  return a.variant == b.variant && a.arch == b.arch;
}

// Whether a host that took `from` would be sent to `to` as to the last good release, and so could
// be sent to `from` again. (A version above its own maximum is withdrawn, and nobody takes it.)
bool SendsBack(const Update& from, const Update& to) {
  return from.version <= from.max_version && from.version > to.max_version;
}

// What is well formed and cannot be meant.
void NoteContradictions(const std::vector<Update>& updates, Faults& faults) {
  for (std::size_t i = 0; i < updates.size(); ++i) {
    const Update& update = updates[i];
    for (std::size_t j = 0; j < updates.size(); ++j) {
      const Update& other = updates[j];
      if (!SameKind(update, other)) continue;
      if (j < i && update.version == other.version) {
        faults.push_back({Inside("updates", i),
                          fmt::format("{} {} for {} is listed already as updates[{}]",
                                      update.variant, update.version.text(), update.arch, j)});
      }
      if (SendsBack(other, update)) {
        faults.push_back({Inside("updates", i),
                          fmt::format("max_version {} is below version {} of updates[{}], which is "
                                      "offered: hosts would go back and forth",
                                      update.max_version.text(), other.version.text(), j)});
      }
    }
  }
}

base::Result<Value> ParseDocument(std::string_view text) {
  return base::json::Parse(text, {.duplicates = base::json::Duplicates::kKeep});
}

}  // namespace

std::string Fault::Line() const {
  return place.empty() ? what : fmt::format("{}: {}", place, what);
}

base::Result<Manifest> ParseManifest(std::string_view text) {
  return DecodeManifest(TRY(ParseDocument(text)));
}

base::Result<Manifest> DecodeManifest(Value document) {
  Decoded decoded = Decode(std::move(document));
  if (!decoded.faults.empty()) {
    return base::Fail(ErrorCode::kMalformed, decoded.faults.front().Line());
  }
  return std::move(decoded.manifest);
}

std::vector<Fault> FindFaults(std::string_view text) {
  auto document = ParseDocument(text);
  if (!document) return {{"", document.error().message()}};
  const auto halted = document->object() == nullptr ? base::Result<std::vector<HaltedUpdate>>()
                                                    : DecodeHalted(*document->object());
  Decoded decoded = Decode(*std::move(document));
  if (!halted) decoded.faults.push_back({"", halted.error().message()});
  const std::vector<Update>& updates = decoded.manifest.updates;
  for (std::size_t i = 0; i < updates.size(); ++i) {
    if (!updates[i].waves_fault) continue;
    for (std::string& fault : FindWavesFaults(*updates[i].source.object()->Find("waves"))) {
      decoded.faults.push_back({Inside(Inside("updates", i), "waves"), std::move(fault)});
    }
  }
  // Only what could be read can contradict.
  if (decoded.faults.empty()) NoteContradictions(updates, decoded.faults);
  return std::move(decoded.faults);
}

base::Result<Migration> DecodeMigration(std::string_view key, const Value& names) {
  const auto fail = [key](std::string_view what) {
    return base::Fail(ErrorCode::kMalformed, fmt::format("'{:.60}': {}", key, what));
  };
  const std::size_t comma = key.find(", ");
  if (!key.starts_with('(') || !key.ends_with(')') || comma == std::string_view::npos) {
    return fail("not a pair such as (1.11.0, 1.12.0)");
  }
  const std::size_t second = comma + 2;
  if (key.size() < second + 1) return fail("not a pair such as (1.11.0, 1.12.0)");
  auto from = Version::Parse(key.substr(1, comma - 1));
  if (!from) return fail(from.error().message());
  auto to = Version::Parse(key.substr(second, key.size() - second - 1));
  if (!to) return fail(to.error().message());
  if (*from >= *to) return fail("the second version is not above the first");
  const Array* array = names.array();
  if (array == nullptr) return fail("not an array");
  Migration migration{.from = *std::move(from), .to = *std::move(to), .names = {}};
  for (const Value& name : *array) {
    if (name.string() == nullptr || name.string()->empty()) return fail("a name is not a string");
    migration.names.push_back(*name.string());
  }
  return migration;
}

}  // namespace updog
