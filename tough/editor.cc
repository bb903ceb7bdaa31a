#include "tough/editor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/digest.h"
#include "tough/sign.h"
#include "tough/target_name.h"
#include "tough/trusted_set.h"

namespace tough {

using base::ErrorCode;
using base::Fail;
using base::Result;
using base::json::Array;
using base::json::Object;
using base::json::Value;

namespace {

constexpr std::array kRoles = {Role::kTargets, Role::kSnapshot, Role::kTimestamp};

// The tree of a role that lists nothing yet.
Object EmptyContent(Role role) {
  Object content;
  content.Set("_type", RoleName(role));
  content.Set("spec_version", kSpecVersion);
  content.Set(role == Role::kTargets ? "targets" : "meta", Object());
  return content;
}

Object HashesObject(std::string_view sha256) {
  Object hashes;
  hashes.Set("sha256", sha256);
  return hashes;
}

Object& ContentOf(Object& document) {
  return *document.Find("signed")->object();
}

// Lists `bytes` in the `meta` of a snapshot or timestamp. Members that we do not know stay.
void ListFile(Object& meta, std::string_view name, std::uint64_t version, std::string_view bytes) {
  if (meta.Find(name) == nullptr) meta.Set(name, Object());
  Object& file = *meta.Find(name)->object();
  file.Set("version", Value::Unsigned(version));
  file.Set("length", Value::Unsigned(bytes.size()));
  file.Set("hashes", HashesObject(base::HexEncode(
                         base::DigestOf(base::DigestAlgorithm::kSha256, base::AsBytes(bytes)))));
}

std::string VersionedName(Role role, std::uint64_t version) {
  return fmt::format("{}.{}.json", version, RoleName(role));
}

}  // namespace

RepositoryEditor::RepositoryEditor(std::string root_bytes, Root root)
    : root_bytes_(std::move(root_bytes)), root_(std::move(root)) {
  for (const Role role : kRoles) {
    drafts_[role].document = UnsignedDocument(EmptyContent(role));
    drafts_[role].changed = true;
  }
}

Result<RepositoryEditor> RepositoryEditor::Create(std::string_view root_bytes) {
  TRY(TrustedSet::Create(root_bytes, Limits(), base::Time::min()));
  Document document = TRY(Document::Parse(root_bytes, Limits()));
  Root root = TRY(DecodeRoot(std::move(document.signed_part), Limits()));
  if (!root.consistent_snapshot) {
    return Fail(
        ErrorCode::kUnsupported,
        "root.json says no consistent_snapshot: such a repository cannot be changed without "
        "clients seeing half of it");
  }
  return RepositoryEditor(std::string(root_bytes), std::move(root));
}

Result<RepositoryEditor> RepositoryEditor::Open(const PublishedMetadata& published) {
  RepositoryEditor editor = TRY(Create(published.root));
  TRY(editor.ReadPublished(published));
  return editor;
}

Result<> RepositoryEditor::ReadPublished(const PublishedMetadata& published) {
  // A client to whom expiry does not matter: a publisher has to be able to renew what has expired.
  TrustedSet set = TRY(TrustedSet::Create(published.root, Limits(), base::Time::min()));
  TRY(set.FinishRoots());
  TRY(set.UpdateTimestamp(published.timestamp));
  TRY(set.UpdateSnapshot(published.snapshot));
  TRY(set.UpdateTargets(published.targets));
  const auto read = [this](Role role, const std::string& bytes, std::uint64_t version) -> Result<> {
    Value tree = TRY(base::json::Parse(bytes));
    Draft draft{.document = std::move(*tree.object()),
                .published_bytes = bytes,
                .published_version = version,
                .version = std::nullopt,
                .changed = false};
    draft.document.Set("signatures", Array());
    drafts_[role] = std::move(draft);
    return {};
  };
  TRY(read(Role::kTimestamp, published.timestamp, set.timestamp()->version));
  TRY(read(Role::kSnapshot, published.snapshot, set.snapshot()->version));
  TRY(read(Role::kTargets, published.targets, set.targets()->version));
  return {};
}

Object& RepositoryEditor::Change(Role role) {
  Draft& draft = drafts_.at(role);
  draft.changed = true;
  return ContentOf(draft.document);
}

Result<> RepositoryEditor::SetVersion(Role role, std::uint64_t version) {
  Draft& draft = drafts_.at(role);
  if (version <= draft.published_version) {
    return Fail(ErrorCode::kRollback,
                fmt::format("{} version {} is not above the published {}", RoleName(role), version,
                            draft.published_version));
  }
  draft.version = version;
  draft.changed = true;
  return {};
}

void RepositoryEditor::SetExpires(Role role, base::Time expires) {
  Change(role).Set("expires", base::FormatTime(expires));
}

Result<> RepositoryEditor::AddTarget(std::string_view name, const TargetDescription& description) {
  TRY(CheckTargetName(name));
  Object target;
  target.Set("length", Value::Unsigned(description.length));
  target.Set("hashes", HashesObject(description.sha256));
  if (!description.custom.empty()) target.Set("custom", description.custom);
  Change(Role::kTargets).Find("targets")->object()->Set(name, std::move(target));
  return {};
}

bool RepositoryEditor::changed() const {
  return std::any_of(drafts_.begin(), drafts_.end(),
                     [](const auto& draft) { return draft.second.changed; });
}

std::uint64_t RepositoryEditor::Draft::NextVersion() const {
  return changed ? version.value_or(published_version + 1) : published_version;
}

Result<std::string> RepositoryEditor::SignDraft(const Draft& draft, Role role,
                                                std::span<const SigningKey> keys) const {
  if (!draft.changed) return draft.published_bytes;
  Object document = draft.document;
  Object& content = ContentOf(document);
  content.Set("version", Value::Unsigned(draft.NextVersion()));
  if (content.Find("expires") == nullptr)
    return Fail(ErrorCode::kUsage, fmt::format("{} has no expiry", RoleName(role)));
  return SignRole(std::move(document), role, root_, keys);
}

void RepositoryEditor::Draft::List(std::string_view name, const Draft& child,
                                   std::string_view bytes) {
  if (!child.changed) return;
  changed = true;
  ListFile(*ContentOf(document).Find("meta")->object(), name, child.NextVersion(), bytes);
}

Result<std::vector<MetadataFile>> RepositoryEditor::Sign(std::span<const SigningKey> keys) const {
  const Draft& targets = drafts_.at(Role::kTargets);
  Draft snapshot = drafts_.at(Role::kSnapshot);
  Draft timestamp = drafts_.at(Role::kTimestamp);
  std::string targets_bytes = TRY(SignDraft(targets, Role::kTargets, keys));
  snapshot.List("targets.json", targets, targets_bytes);
  std::string snapshot_bytes = TRY(SignDraft(snapshot, Role::kSnapshot, keys));
  timestamp.List("snapshot.json", snapshot, snapshot_bytes);
  std::string timestamp_bytes = TRY(SignDraft(timestamp, Role::kTimestamp, keys));
  return std::vector<MetadataFile>{
      {VersionedName(Role::kRoot, root_.version), root_bytes_},
      {VersionedName(Role::kTargets, targets.NextVersion()), std::move(targets_bytes)},
      {VersionedName(Role::kSnapshot, snapshot.NextVersion()), std::move(snapshot_bytes)},
      {"timestamp.json", std::move(timestamp_bytes)}};
}

}  // namespace tough
