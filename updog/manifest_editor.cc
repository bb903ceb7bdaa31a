#include "updog/manifest_editor.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <utility>

#include "updog/halted.h"
#include "updog/toml.h"

namespace updog {
namespace {

using base::ErrorCode;
using base::json::Array;
using base::json::Object;
using base::json::Value;

std::string Describe(const Selector& selector) {
  std::string text = "update";
  if (selector.version) text += " " + selector.version->text();
  if (selector.variant) text += " of variant " + *selector.variant;
  if (selector.arch) text += " for " + *selector.arch;
  return text;
}

Object Encode(const NewUpdate& update, const Version& max_version) {
  Object images;
  images.Set("boot", update.images.boot);
  images.Set("root", update.images.root);
  images.Set("hash", update.images.hash);
  Object object;
  object.Set("variant", update.variant);
  object.Set("arch", update.arch);
  object.Set("version", update.version.text());
  object.Set("max_version", max_version.text());
  object.Set("waves", Object());
  object.Set("images", std::move(images));
  return object;
}

Selector KindOf(const Update& update) {
  return {.variant = update.variant, .arch = update.arch, .version = {}};
}

bool IsWithdrawn(const Update& update) {
  return update.version > update.max_version;
}

std::string NameOf(const Update& update) {
  return fmt::format("{} {}", update.variant, update.version.text());
}

// From the back, so that the remaining indexes stay right.
void Erase(Array& array, const std::vector<std::size_t>& indexes) {
  for (const std::size_t index : std::views::reverse(indexes)) {
    array.erase(array.begin() + static_cast<std::ptrdiff_t>(index));
  }
}

// What was decoded as a manifest once, and is changed in known members only, stays one.
Manifest Decode(const Object& document) {
  return DecodeManifest(Value(document)).value();
}

}  // namespace

bool Selects(const Selector& selector, const Update& update) {
  return (!selector.variant || *selector.variant == update.variant) &&
         (!selector.arch || *selector.arch == update.arch) &&
         (!selector.version || *selector.version == update.version);
}

ManifestEditor ManifestEditor::Create() {
  Object document;
  document.Set("updates", Array());
  document.Set("migrations", Object());
  return ManifestEditor(std::move(document));
}

base::Result<ManifestEditor> ManifestEditor::Parse(std::string_view text) {
  Value document = TRY(base::json::Parse(text, {.duplicates = base::json::Duplicates::kKeep}));
  TRY(DecodeManifest(document));
  TRY(DecodeHalted(*document.object()));
  return ManifestEditor(std::move(*document.object()));
}

base::Result<> ManifestEditor::AddUpdate(const NewUpdate& update) {
  const Selector same_kind{.variant = update.variant, .arch = update.arch, .version = {}};
  Version max_version = update.max_version.value_or(update.version);
  for (const Update& listed : Decode(document_).updates) {
    if (!Selects(same_kind, listed)) continue;
    if (listed.version == update.version) {
      return base::Fail(ErrorCode::kState,
                        fmt::format("{} {} for {} is listed already", update.variant,
                                    update.version.text(), update.arch));
    }
    if (!update.max_version) max_version = std::max(max_version, listed.max_version);
  }
  for (const Update& listed : Decode(document_).updates) {
    if (!Selects(same_kind, listed) || !IsWithdrawn(listed) || listed.version > max_version)
      continue;
    return base::Fail(
        ErrorCode::kState,
        fmt::format("{} is withdrawn, and the maximum {} would offer it again: remove "
                    "it first",
                    NameOf(listed), max_version.text()));
  }
  updates().emplace_back(Encode(update, max_version));
  return SetMaxVersion(same_kind, max_version);
}

base::Result<> ManifestEditor::RemoveUpdates(const Selector& selector) {
  Erase(updates(), TRY(FindOneVersion(selector)));
  return {};
}

base::Result<> ManifestEditor::SetWaves(const Selector& selector, const Waves& waves) {
  for (const std::size_t index : TRY(FindOneVersion(selector))) {
    updates()[index].object()->Set("waves", EncodeWaves(waves));
  }
  return {};
}

base::Result<> ManifestEditor::SetMaxVersion(const Selector& selector, const Version& max_version) {
  for (const std::size_t index : TRY(Find(selector))) {
    updates()[index].object()->Set("max_version", max_version.text());
  }
  return {};
}

base::Result<> ManifestEditor::Halt(const Selector& selector, base::Time now) {
  const std::vector<Update> listed = Decode(document_).updates;
  std::vector<std::size_t> halting;
  for (const std::size_t index : TRY(Find(selector))) {
    const bool newest = std::ranges::none_of(listed, [&](const Update& other) {
      return Selects(KindOf(listed[index]), other) && !IsWithdrawn(other) &&
             other.version > listed[index].version;
    });
    if (!IsWithdrawn(listed[index]) && (selector.version || newest)) halting.push_back(index);
  }
  if (halting.empty()) {
    return base::Fail(ErrorCode::kNotFound, fmt::format("no {} is offered", Describe(selector)));
  }
  if (document_.Find("halted") == nullptr) document_.Set("halted", Array());
  for (const std::size_t index : halting) {
    document_.Find("halted")->array()->push_back(EncodeHalted(now, updates()[index]));
  }
  Erase(updates(), halting);
  return {};
}

base::Result<> ManifestEditor::Resume(const Selector& selector, base::Time now) {
  const std::vector<HaltedUpdate> halted = TRY(DecodeHalted(document_));
  const std::vector<std::size_t> resumed = TRY(FindHalted(selector));
  for (const std::size_t index : resumed) {
    if (halted[index].update.waves_fault) {
      return base::Fail(ErrorCode::kMalformed,
                        fmt::format("{}: waves: {}", NameOf(halted[index].update),
                                    *halted[index].update.waves_fault));
    }
    Waves waves = halted[index].update.waves;
    for (Wave& wave : waves) wave.start += now - halted[index].since;
    TRY(Restore(index, waves));
  }
  Erase(*document_.Find("halted")->array(), resumed);
  return {};
}

base::Result<> ManifestEditor::Restore(std::size_t index, const Waves& waves) {
  Object update = *(*document_.Find("halted")->array())[index].object()->Find("update")->object();
  const Update decoded = TRY(DecodeHalted(document_))[index].update;
  for (const Update& listed : Decode(document_).updates) {
    if (!Selects(KindOf(decoded), listed)) continue;
    if (listed.version == decoded.version) {
      return base::Fail(ErrorCode::kState, fmt::format("{} is listed already", NameOf(decoded)));
    }
    // It may have changed in the meantime, and is one for all.
    update.Set("max_version", listed.max_version.text());
  }
  update.Set("waves", EncodeWaves(waves));
  updates().emplace_back(std::move(update));
  return {};
}

base::Result<> ManifestEditor::Reschedule(const Selector& selector, const Waves& waves,
                                          base::Time now) {
  if (!selector.version) return base::Fail(ErrorCode::kUsage, "name the version");
  const auto offered = Find(selector);
  const auto halted = FindHalted(selector);
  if (!offered && !halted) return std::unexpected(offered.error());
  const std::vector<Update> listed = Decode(document_).updates;
  for (const std::size_t index : offered.value_or(std::vector<std::size_t>())) {
    if (IsWithdrawn(listed[index])) {
      return base::Fail(ErrorCode::kState,
                        fmt::format("{} is withdrawn: nobody takes it", NameOf(listed[index])));
    }
    updates()[index].object()->Set("waves", EncodeWaves(waves));
  }
  const std::vector<HaltedUpdate> entries = TRY(DecodeHalted(document_));
  for (const std::size_t index : halted.value_or(std::vector<std::size_t>())) {
    Waves standing = waves;
    for (Wave& wave : standing) wave.start -= now - entries[index].since;
    Object& entry = *(*document_.Find("halted")->array())[index].object();
    entry.Find("update")->object()->Set("waves", EncodeWaves(standing));
  }
  return {};
}

base::Result<> ManifestEditor::Withdraw(const Selector& selector) {
  if (!selector.version) return base::Fail(ErrorCode::kUsage, "name the version that is withdrawn");
  const std::vector<HaltedUpdate> halted = TRY(DecodeHalted(document_));
  if (const auto found = FindHalted(selector)) {
    for (const std::size_t index : *found) TRY(Restore(index, halted[index].update.waves));
    Erase(*document_.Find("halted")->array(), *found);
  }
  const std::vector<Update> listed = Decode(document_).updates;
  for (const std::size_t index : TRY(Find(selector))) {
    const Selector same_kind = KindOf(listed[index]);
    const Update* older = nullptr;
    for (const Update& other : listed) {
      if (!Selects(same_kind, other) || other.version >= *selector.version) continue;
      if (older == nullptr || other.version > older->version) older = &other;
    }
    if (older == nullptr) {
      return base::Fail(ErrorCode::kState,
                        fmt::format("{}: no older version is listed that hosts could go back to",
                                    NameOf(listed[index])));
    }
    TRY(SetMaxVersion(same_kind, older->version));
  }
  return {};
}

std::vector<std::string> ManifestEditor::DropWithdrawn(const Selector& selector) {
  const std::vector<Update> listed = Decode(document_).updates;
  std::vector<std::size_t> withdrawn;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < listed.size(); ++i) {
    if (!Selects(selector, listed[i]) || !IsWithdrawn(listed[i])) continue;
    withdrawn.push_back(i);
    names.push_back(NameOf(listed[i]));
  }
  Erase(updates(), withdrawn);
  return names;
}

base::Result<> ManifestEditor::SetMigrations(std::string_view release_toml) {
  const Object release = TRY(ParseToml(release_toml));
  const std::string* version = TRY(base::json::RequireString(release, "version"));
  TRY_CONTEXT(Version::Parse(*version), "version");
  const Object* migrations = TRY(base::json::RequireObject(release, "migrations"));
  for (const base::json::Member& member : migrations->members()) {
    TRY_CONTEXT(DecodeMigration(member.name, member.value), "migrations");
  }
  document_.Set("migrations", *migrations);
  return {};
}

std::string ManifestEditor::Serialize() const {
  return base::json::Serialize(Value(document_), base::json::Style::kPretty);
}

base::Result<std::vector<std::size_t>> ManifestEditor::Find(const Selector& selector) const {
  const Manifest manifest = Decode(document_);
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < manifest.updates.size(); ++i) {
    if (Selects(selector, manifest.updates[i])) found.push_back(i);
  }
  if (found.empty()) {
    return base::Fail(ErrorCode::kNotFound, fmt::format("no {} is listed", Describe(selector)));
  }
  return found;
}

base::Result<std::vector<std::size_t>> ManifestEditor::FindHalted(const Selector& selector) const {
  const std::vector<HaltedUpdate> halted = TRY(DecodeHalted(document_));
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < halted.size(); ++i) {
    if (Selects(selector, halted[i].update)) found.push_back(i);
  }
  if (found.empty()) {
    return base::Fail(ErrorCode::kNotFound, fmt::format("no {} is halted", Describe(selector)));
  }
  return found;
}

base::Result<std::vector<std::size_t>> ManifestEditor::FindOneVersion(
    const Selector& selector) const {
  std::vector<std::size_t> found = TRY(Find(selector));
  const Manifest manifest = Decode(document_);
  for (const std::size_t index : found) {
    if (manifest.updates[index].version == manifest.updates[found.front()].version) continue;
    return base::Fail(ErrorCode::kUsage, "several versions are listed: name one with --version");
  }
  return found;
}

}  // namespace updog
