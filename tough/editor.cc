#include "tough/editor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "tough/publishable_names.h"
#include "tough/target_name.h"
#include "tough/trusted_set.h"

namespace tough {

using base::ErrorCode;
using base::Fail;
using base::Result;
using base::json::Array;
using base::json::Member;
using base::json::Object;
using base::json::Value;

namespace {

// Those that are made here, and signed as root says.
constexpr std::array kRolesByRoot = {Role::kTargets, Role::kSnapshot, Role::kTimestamp};

// The tree of a role that lists nothing yet.
Object EmptyContent(std::string_view role) {
  const bool lists_files = role == "snapshot" || role == "timestamp";
  Object content;
  content.Set("_type", lists_files ? role : "targets");
  content.Set("spec_version", kSpecVersion);
  content.Set(lists_files ? "meta" : "targets", Object());
  return content;
}

Object HashesObject(std::string_view sha256) {
  Object hashes;
  hashes.Set("sha256", sha256);
  return hashes;
}

Result<Root> DecodeWhole(std::string_view bytes) {
  return DecodeRoot(TRY(Document::Parse(std::string(bytes), Limits())), Limits());
}

// A host that saves both would need a file and a directory of one name.
Result<> CheckBesideOthers(const Object& targets, std::string_view name) {
  const auto refuse = [name](std::string_view other) {
    return Fail(ErrorCode::kUsage,
                fmt::format("target name {:?}: cannot be saved beside {:?}, which is listed",
                            name.substr(0, 80), other.substr(0, 80)));
  };
  for (std::size_t slash = name.find('/'); slash != std::string_view::npos;
       slash = name.find('/', slash + 1)) {
    if (targets.Find(name.substr(0, slash)) != nullptr) return refuse(name.substr(0, slash));
  }
  const std::string directory = std::string(name) + "/";
  const auto& members = targets.members();
  const auto after = std::lower_bound(
      members.begin(), members.end(), directory,
      [](const Member& member, const std::string& wanted) { return member.name < wanted; });
  if (after != members.end() && after->name.starts_with(directory)) return refuse(after->name);
  return {};
}

// What we would refuse to write ourselves, in what others signed.
Result<> CheckNames(const Targets& targets) {
  for (const std::string& name : targets.files.Names()) TRY(CheckTargetName(name));
  if (!targets.delegations) return {};
  const auto* roles = std::get_if<DelegatedRoles>(&targets.delegations->roles);
  if (roles == nullptr) return {};
  for (const DelegatedRole& role : *roles) {
    TRY(CheckRoleName(role.name));
    TRY(CheckPaths(role.paths));
  }
  return {};
}

std::unexpected<base::Error> FailNoRole(std::string_view role) {
  return Fail(ErrorCode::kNotFound, fmt::format("no role {:.80} in this repository", role));
}

}  // namespace

Result<RepositoryEditor> RepositoryEditor::Create(std::string_view root_bytes) {
  TRY(TrustedSet::Create(root_bytes, Limits(), base::Time::min()));
  RepositoryEditor editor;
  editor.root_ = TRY(DecodeWhole(root_bytes));
  if (!editor.root_->consistent_snapshot) {
    return Fail(
        ErrorCode::kUnsupported,
        "root.json says no consistent_snapshot: such a repository cannot be changed without "
        "clients seeing half of it");
  }
  editor.root_bytes_.emplace_back(root_bytes);
  for (const Role role : kRolesByRoot) TRY(editor.AddRole(RoleName(role)));
  return editor;
}

RepositoryEditor RepositoryEditor::CreateRole(std::string_view role) {
  RepositoryEditor editor;
  Draft& draft = editor.drafts_[std::string(role)];
  draft.document = UnsignedDocument(EmptyContent(role));
  draft.changed = true;
  return editor;
}

Result<RepositoryEditor> RepositoryEditor::Open(const PublishedMetadata& published) {
  RepositoryEditor editor = TRY(Create(published.newest_root()));
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
  const auto load = [&published](std::string_view role, const MetadataRequest&) {
    const auto found = published.delegated.find(role);
    return found == published.delegated.end() ? Result<std::string>(FailNoRole(role))
                                              : Result<std::string>(found->second);
  };
  TRY(LoadDelegatedRoles(set, base::Time::min(), load));
  TRY(ReadDraft("timestamp", published.timestamp));
  TRY(ReadDraft("snapshot", published.snapshot));
  TRY(ReadDraft("targets", published.targets));
  for (const auto& [role, bytes] : published.delegated) TRY(ReadDraft(role, bytes));
  if (published.next_roots.empty()) return {};
  TrustedSet roots = TRY(TrustedSet::Create(published.root, Limits(), base::Time::min()));
  for (const std::string& next : published.next_roots) TRY(roots.UpdateRoot(next));
  old_root_ = TRY(DecodeWhole(published.root));
  root_bytes_ = published.next_roots;
  return {};
}

Result<> RepositoryEditor::ReadDraft(std::string_view role, const std::string& bytes) {
  Value tree = TRY(base::json::Parse(bytes));
  Draft draft;
  draft.document = std::move(*tree.object());
  draft.document.Set("signatures", Array());
  draft.published_bytes = bytes;
  draft.published_version = TRY(base::json::RequireInteger(*draft.document.Find("signed")->object(),
                                                           "version", 1, kMaxInteger));
  drafts_[std::string(role)] = std::move(draft);
  return {};
}

Result<RepositoryEditor::Draft*> RepositoryEditor::Find(std::string_view role) {
  const auto found = drafts_.find(role);
  if (found == drafts_.end()) return FailNoRole(role);
  return &found->second;
}

Result<Object*> RepositoryEditor::Change(std::string_view role) {
  Draft& draft = *TRY(Find(role));
  draft.changed = true;
  return draft.document.Find("signed")->object();
}

Result<> RepositoryEditor::SetVersion(std::string_view role, std::uint64_t version) {
  Draft& draft = *TRY(Find(role));
  if (version <= draft.published_version) {
    return Fail(ErrorCode::kRollback, fmt::format("{:.80} version {} is not above the published {}",
                                                  role, version, draft.published_version));
  }
  draft.version = version;
  draft.changed = true;
  return {};
}

Result<> RepositoryEditor::SetExpires(std::string_view role, base::Time expires) {
  TRY(Change(role))->Set("expires", base::FormatTime(expires));
  return {};
}

Result<> RepositoryEditor::AddTarget(std::string_view name, const TargetDescription& description,
                                     std::string_view role) {
  TRY(CheckTargetName(name));
  Object& targets = *TRY(Change(role))->Find("targets")->object();
  TRY(CheckBesideOthers(targets, name));
  Object target;
  target.Set("length", Value::Unsigned(description.length));
  target.Set("hashes", HashesObject(description.sha256));
  if (!description.custom.empty()) target.Set("custom", description.custom);
  targets.Set(name, std::move(target));
  return {};
}

Result<> RepositoryEditor::RemoveTarget(std::string_view name, std::string_view role) {
  const Object& listed =
      *TRY(Find(role))->document.Find("signed")->object()->Find("targets")->object();
  if (listed.Find(name) == nullptr)
    return Fail(ErrorCode::kNotFound, fmt::format("{:.80} lists no target {:.80}", role, name));
  TRY(Change(role))->Find("targets")->object()->Erase(name);
  return {};
}

Result<std::string> RepositoryEditor::RoleForTarget(std::string_view name,
                                                    std::string_view role) const {
  // Each role is visited once, so that a circle of delegations ends.
  std::string at(role);
  for (std::size_t steps = 0; steps <= drafts_.size(); ++steps) {
    const auto found = drafts_.find(at);
    if (found == drafts_.end()) return FailNoRole(at);
    const Value* tree = found->second.document.Find("signed")->object()->Find("delegations");
    if (tree == nullptr || tree->object() == nullptr) return at;
    const tough::Delegations delegations = TRY(DecodeDelegations(*tree->object(), Limits()));
    const auto matching = delegations.Matching(name);
    if (matching.empty()) return at;
    at = matching.front().name;
  }
  return Fail(ErrorCode::kMalformed, fmt::format("the delegations of {:.80} lead in a circle", at));
}

Result<DelegationEditor> RepositoryEditor::Delegations(std::string_view role) {
  return DelegationEditor(*TRY(Change(role)));
}

Result<> RepositoryEditor::AddRole(std::string_view role) {
  if (drafts_.contains(role))
    return Fail(ErrorCode::kState, fmt::format("there is a role {:.80} already", role));
  Draft draft;
  draft.document = UnsignedDocument(EmptyContent(role));
  draft.changed = true;
  // A role of this name may have been there before, and clients remember its version (R45).
  if (const auto snapshot = drafts_.find("snapshot"); snapshot != drafts_.end()) {
    const Object& meta =
        *snapshot->second.document.Find("signed")->object()->Find("meta")->object();
    const Value* listed = meta.Find(std::string(role) + ".json");
    if (listed != nullptr) {
      draft.published_version =
          TRY(base::json::RequireInteger(*listed->object(), "version", 1, kMaxInteger));
    }
  }
  drafts_.emplace(role, std::move(draft));
  return {};
}

Result<> RepositoryEditor::TakeRole(std::string_view role, std::string_view bytes) {
  const Targets targets =
      TRY(DecodeTargets(TRY(Document::Parse(std::string(bytes), Limits())), Limits()));
  TRY(CheckNames(targets));
  if (!drafts_.contains(role)) TRY(AddRole(role));
  Draft& draft = *TRY(Find(role));
  if (draft.published_bytes == bytes) return {};
  if (targets.version <= draft.published_version) {
    return Fail(ErrorCode::kRollback, fmt::format("{:.80} version {} is not above the published {}",
                                                  role, targets.version, draft.published_version));
  }
  TRY(ReadDraft(role, std::string(bytes)));
  draft.taken = true;
  return {};
}

Result<> RepositoryEditor::TransferTo(std::string_view root) {
  RepositoryEditor other = TRY(Create(root));
  root_ = std::move(other.root_);
  root_bytes_ = std::move(other.root_bytes_);
  old_root_.reset();
  for (const Role role : kRolesByRoot) TRY(Change(RoleName(role)));
  return {};
}

}  // namespace tough
