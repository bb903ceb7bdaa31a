#include "updog/manifest_editor.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <utility>

#include "updog/toml.h"

namespace updog {
namespace {

using base::ErrorCode;
using base::json::Array;
using base::json::Object;
using base::json::Value;

bool Selects(const Selector& selector, const Update& update) {
  return (!selector.variant || *selector.variant == update.variant) &&
         (!selector.arch || *selector.arch == update.arch) &&
         (!selector.version || *selector.version == update.version);
}

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

// What was decoded as a manifest once, and is changed in known members only, stays one.
Manifest Decode(const Object& document) {
  return DecodeManifest(Value(document)).value();
}

}  // namespace

ManifestEditor ManifestEditor::Create() {
  Object document;
  document.Set("updates", Array());
  document.Set("migrations", Object());
  return ManifestEditor(std::move(document));
}

base::Result<ManifestEditor> ManifestEditor::Parse(std::string_view text) {
  Value document = TRY(base::json::Parse(text, {.duplicates = base::json::Duplicates::kKeep}));
  TRY(DecodeManifest(document));
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
  updates().emplace_back(Encode(update, max_version));
  return SetMaxVersion(same_kind, max_version);
}

base::Result<> ManifestEditor::RemoveUpdates(const Selector& selector) {
  const std::vector<std::size_t> found = TRY(FindOneVersion(selector));
  // From the back, so that the remaining indexes stay right.
  for (const std::size_t index : std::views::reverse(found)) {
    updates().erase(updates().begin() + static_cast<std::ptrdiff_t>(index));
  }
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
