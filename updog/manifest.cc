#include "updog/manifest.h"

#include <fmt/format.h>

#include <utility>

#include "updog/halted.h"
#include "updog/manifest_decoder.h"

namespace updog {
namespace {

using base::ErrorCode;
using base::json::Array;
using base::json::Member;
using base::json::Object;
using base::json::Value;

using Faults = std::vector<Fault>;

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

void DecodeUpdates(Object& document, DecodedManifest& decoded) {
  Value* member = document.Find("updates");
  if (member == nullptr || member->array() == nullptr) {
    decoded.faults.push_back({"updates", member == nullptr ? "missing" : "not an array"});
    return;
  }
  std::vector<Update>& updates = decoded.manifest.updates;
  for (Value& value : *member->array()) {
    const std::size_t before = decoded.faults.size();
    const std::string place = Inside("updates", updates.size());
    updates.push_back(DecodeUpdate(std::move(value), place, decoded.faults));
    decoded.sound.push_back(decoded.faults.size() == before);
  }
}

// "(1.11.0, 1.12.0)"
void ReadPair(std::string_view key, Migration& migration, std::vector<std::string>& faults) {
  const std::size_t comma = key.find(", ");
  if (!key.starts_with('(') || !key.ends_with(')') || comma == std::string_view::npos ||
      key.size() < comma + 3) {
    faults.push_back(fmt::format("'{:.60}': not a pair such as (1.11.0, 1.12.0)", key));
    return;
  }
  const auto read = [&](std::string_view text) {
    auto version = Version::Parse(text);
    if (!version) faults.push_back(fmt::format("'{:.60}': {}", key, version.error().message()));
    return version;
  };
  const auto from = read(key.substr(1, comma - 1));
  const auto to = read(key.substr(comma + 2, key.size() - comma - 3));
  if (!from || !to) return;
  migration.from = *from;
  migration.to = *to;
  if (*from >= *to) {
    faults.push_back(fmt::format("'{:.60}': the second version is not above the first", key));
  }
}

// What can be read of it, and a line for each fault.
Migration ReadMigration(std::string_view key, const Value& names,
                        std::vector<std::string>& faults) {
  Migration migration;
  ReadPair(key, migration, faults);
  const Array* array = names.array();
  if (array == nullptr) {
    faults.push_back(fmt::format("'{:.60}': not an array", key));
    return migration;
  }
  for (std::size_t i = 0; i < array->size(); ++i) {
    const std::string* name = (*array)[i].string();
    if (name == nullptr || name->empty()) {
      faults.push_back(
          fmt::format("'{:.60}'[{}]: {}", key, i, name == nullptr ? "not a string" : "empty"));
      continue;
    }
    migration.names.push_back(*name);
  }
  return migration;
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
    std::vector<std::string> lines;
    manifest.migrations.push_back(ReadMigration(pair.name, pair.value, lines));
    for (std::string& line : lines) faults.push_back({"migrations", std::move(line)});
  }
}

}  // namespace

std::string Inside(const std::string& place, std::string_view name) {
  return place.empty() ? fmt::format("{:.60}", name) : fmt::format("{}.{:.60}", place, name);
}

std::string Inside(const std::string& place, std::size_t index) {
  return fmt::format("{}[{}]", place, index);
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

DecodedManifest DecodeNotingFaults(Value value) {
  DecodedManifest decoded;
  Object* document = value.object();
  if (document == nullptr) {
    decoded.faults.push_back({"", "not an object"});
    return decoded;
  }
  NoteDuplicatesOutsideOfWaves(*document, decoded.faults);
  DecodeUpdates(*document, decoded);
  DecodeMigrations(*document, decoded.manifest, decoded.faults);
  // No host takes it, so a fault in it is no reason to do nothing.
  Faults of_halted;
  for (HaltedUpdate& halted : ReadHalted(*document, of_halted)) {
    decoded.manifest.halted.push_back(std::move(halted.update));
  }
  return decoded;
}

std::string Fault::Line() const {
  return place.empty() ? what : fmt::format("{}: {}", place, what);
}

base::Result<Manifest> ParseManifest(std::string_view text) {
  return DecodeManifest(
      TRY(base::json::Parse(text, {.duplicates = base::json::Duplicates::kKeep})));
}

base::Result<Manifest> DecodeManifest(Value document) {
  DecodedManifest decoded = DecodeNotingFaults(std::move(document));
  if (!decoded.faults.empty()) {
    return base::Fail(ErrorCode::kMalformed, decoded.faults.front().Line());
  }
  return std::move(decoded.manifest);
}

base::Result<Migration> DecodeMigration(std::string_view key, const Value& names) {
  std::vector<std::string> faults;
  Migration migration = ReadMigration(key, names, faults);
  if (!faults.empty()) return base::Fail(ErrorCode::kMalformed, std::move(faults.front()));
  return migration;
}

}  // namespace updog
