// The second half of RepositoryEditor: who signs what, and in which order it is published.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

#include "base/digest.h"
#include "tough/editor.h"
#include "tough/url.h"
#include "tough/verify.h"

namespace tough {

using base::ErrorCode;
using base::Fail;
using base::Result;
using base::json::Object;
using base::json::Value;

// By role. A role that is missing here is listed by nobody any longer: it stays as it is.
struct RepositoryEditor::Delegators {
  std::deque<tough::Delegations> decoded;  // what `of` refers into
  std::map<std::string, std::vector<Delegator>, std::less<>> of;
  // Whose delegations changed, or may have: what they delegate to is verified again.
  std::set<std::string, std::less<>> unsure;
};

struct RepositoryEditor::Signing {
  std::span<const SigningKey> keys;
  const ExistingFile& existing;
};

namespace {

bool ListsFiles(std::string_view role) {
  return role == "snapshot" || role == "timestamp";
}

std::string FileName(std::string_view role, std::uint64_t version) {
  if (role == "timestamp") return "timestamp.json";
  return fmt::format("{}.{}.json", version, PercentEncode(role));
}

// Lists `bytes` in the `meta` of a snapshot or timestamp. Members that we do not know stay.
void ListFile(Object& meta, std::string_view name, std::uint64_t version, std::string_view bytes) {
  Object hashes;
  hashes.Set("sha256",
             base::HexEncode(base::DigestOf(base::DigestAlgorithm::kSha256, base::AsBytes(bytes))));
  if (meta.Find(name) == nullptr) meta.Set(name, Object());
  Object& file = *meta.Find(name)->object();
  file.Set("version", Value::Unsigned(version));
  file.Set("length", Value::Unsigned(bytes.size()));
  file.Set("hashes", std::move(hashes));
}

// The signatures of `bytes`, if it is a file of the same content.
Value SignaturesOf(const std::optional<std::string>& bytes, const Value& content) {
  if (!bytes) return base::json::Array();
  Result<Value> tree = base::json::Parse(*bytes);
  Object* document = tree.has_value() ? tree->object() : nullptr;
  const Value* same = document == nullptr ? nullptr : document->Find("signed");
  Value* signatures = document == nullptr ? nullptr : document->Find("signatures");
  if (same == nullptr || signatures == nullptr || !(*same == content)) return base::json::Array();
  return std::move(*signatures);
}

// Is it root that says who signs this role?
bool IsByRoot(std::string_view role) {
  return TopLevelRole(role).has_value();
}

Delegator ByRoot(const Root& root, std::string_view role) {
  return {root.keys, root.ForRole(*TopLevelRole(role))};
}

// Is the file signed as this delegator asks for?
bool Serves(std::string_view bytes, const Delegator& delegator) {
  const Result<Document> document = Document::Parse(std::string(bytes), Limits());
  return document.has_value() &&
         VerifyThreshold(*document, delegator.keys, delegator.role).has_value();
}

}  // namespace

std::uint64_t RepositoryEditor::Draft::NextVersion() const {
  return changed ? version.value_or(published_version + 1) : published_version;
}

void RepositoryEditor::Draft::List(std::string_view name, const Draft& child,
                                   std::string_view bytes) {
  if (!child.changed && !child.taken) return;
  changed = true;
  ListFile(*document.Find("signed")->object()->Find("meta")->object(), name, child.NextVersion(),
           bytes);
}

bool RepositoryEditor::changed() const {
  return old_root_ || std::any_of(drafts_.begin(), drafts_.end(), [](const auto& draft) {
           return draft.second.changed || draft.second.taken;
         });
}

Result<RepositoryEditor::Delegators> RepositoryEditor::DecodeDelegators() const {
  Delegators delegators;
  for (const Role role : kTopLevelRoles) {
    if (!root_ || role == Role::kRoot) continue;
    delegators.of[std::string(RoleName(role))].push_back({root_->keys, root_->ForRole(role)});
  }
  for (const auto& [delegator, draft] : drafts_) {
    const Value* tree = draft.document.Find("signed")->object()->Find("delegations");
    if (tree == nullptr || tree->object() == nullptr) continue;
    const tough::Delegations& delegations = delegators.decoded.emplace_back(
        TRY_CONTEXT(DecodeDelegations(*tree->object(), Limits()), delegator));
    const auto add = [&](const std::string& role, const RoleKeys& signers) {
      delegators.of[role].push_back({delegations.keys, signers});
      if (draft.changed || draft.taken) delegators.unsure.insert(role);
    };
    if (const auto* bins = std::get_if<SuccinctRoles>(&delegations.roles)) {
      for (const std::string& bin : TRY_CONTEXT(BinNames(*bins), delegator))
        add(bin, bins->signers);
      continue;
    }
    for (const DelegatedRole& role : std::get<DelegatedRoles>(delegations.roles))
      add(role.name, role.signers);
  }
  return delegators;
}

Result<std::vector<std::string>> RepositoryEditor::MissingRoles() const {
  const Delegators delegators = TRY(DecodeDelegators());
  std::vector<std::string> missing;
  for (const auto& [role, unused] : delegators.of) {
    if (!drafts_.contains(role)) missing.push_back(role);
  }
  return missing;
}

// What others signed has to be what its delegators ask for, before anything is made of it.
Result<> RepositoryEditor::CheckTaken(std::string_view role, const Draft& draft,
                                      const Delegators& delegators) const {
  const auto found = delegators.of.find(role);
  if (!draft.taken || found == delegators.of.end()) return {};
  const Document document = TRY(Document::Parse(draft.published_bytes, Limits()));
  for (const Delegator& delegator : found->second) {
    TRY_CONTEXT(VerifyThreshold(document, delegator.keys, delegator.role),
                fmt::format("{:.80}, as it was handed in", role));
  }
  return {};
}

// Is the published file no longer signed as its delegators, of which one has changed, ask for?
bool RepositoryEditor::IsStale(std::string_view role, const Draft& draft,
                               const Delegators& delegators) const {
  const bool sure = IsByRoot(role) ? !old_root_ : !delegators.unsure.contains(role);
  const auto found = delegators.of.find(role);
  if (draft.changed || sure || found == delegators.of.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(), [&](const Delegator& delegator) {
    return !Serves(draft.published_bytes, delegator);
  });
}

Result<std::string> RepositoryEditor::SignDraft(std::string_view role, const Draft& draft,
                                                const Delegators& delegators,
                                                const Signing& signing) const {
  if (!draft.changed) return draft.published_bytes;
  Object document = draft.document;
  Value& content = *document.Find("signed");
  content.object()->Set("version", Value::Unsigned(draft.NextVersion()));
  if (content.object()->Find("expires") == nullptr)
    return Fail(ErrorCode::kUsage, fmt::format("{:.80} has no expiry", role));
  if (signing.existing) {
    const auto existing = signing.existing(FileName(role, draft.NextVersion()));
    document.Set("signatures", SignaturesOf(existing, content));
  }
  const auto found = delegators.of.find(role);
  std::vector<Delegator> signers =
      found == delegators.of.end() ? std::vector<Delegator>() : found->second;
  const std::size_t required = signers.size();
  // With its keys, too, where they are at hand: no client is then left in between.
  if (old_root_ && IsByRoot(role)) signers.push_back(ByRoot(*old_root_, role));
  return SignDocument(std::move(document), role, signers, required, signing.keys);
}

Result<std::vector<MetadataFile>> RepositoryEditor::Sign(std::span<const SigningKey> keys,
                                                         const ExistingFile& existing) const {
  Drafts drafts = drafts_;
  const Delegators delegators = TRY(DecodeDelegators());
  const Signing signing{keys, existing};
  for (const auto& [role, unused] : delegators.of) {
    if (drafts.contains(role)) continue;
    return Fail(ErrorCode::kNotFound,
                fmt::format("role {:.80} is delegated to, but has no metadata", role));
  }
  for (const auto& [role, draft] : drafts) TRY(CheckTaken(role, draft, delegators));
  for (auto& [role, draft] : drafts) draft.changed |= IsStale(role, draft, delegators);
  Draft& snapshot = drafts.at("snapshot");
  Draft& timestamp = drafts.at("timestamp");
  std::vector<MetadataFile> files;
  bool serves_old_root = old_root_.has_value();
  const auto sign = [&](const std::string& role, const Draft& draft) -> Result<> {
    files.push_back(
        {FileName(role, draft.NextVersion()), TRY(SignDraft(role, draft, delegators, signing))});
    if (serves_old_root && IsByRoot(role))
      serves_old_root = Serves(files.back().bytes, ByRoot(*old_root_, role));
    return {};
  };
  for (const auto& [role, draft] : drafts) {
    if (ListsFiles(role)) continue;
    TRY(sign(role, draft));
    snapshot.List(role + ".json", draft, files.back().bytes);
  }
  TRY(sign("snapshot", snapshot));
  timestamp.List("snapshot.json", snapshot, files.back().bytes);
  TRY(sign("timestamp", timestamp));

  std::vector<MetadataFile> roots;
  roots.reserve(root_bytes_.size());
  std::uint64_t version = root_->version - root_bytes_.size();
  for (const std::string& bytes : root_bytes_)
    roots.push_back({FileName("root", ++version), bytes});
  files.insert(serves_old_root ? files.end() : files.begin(), roots.begin(), roots.end());
  return files;
}

Result<MetadataFile> RepositoryEditor::SignRole(std::string_view role,
                                                std::span<const SigningKey> keys,
                                                Threshold threshold) const {
  const auto found = drafts_.find(role);
  if (found == drafts_.end() || ListsFiles(role))
    return Fail(ErrorCode::kNotFound, fmt::format("no targets role {:.80} here", role));
  const Delegators delegators = TRY(DecodeDelegators());
  Object document = found->second.document;
  Object& content = *document.Find("signed")->object();
  content.Set("version", Value::Unsigned(found->second.NextVersion()));
  if (content.Find("expires") == nullptr)
    return Fail(ErrorCode::kUsage, fmt::format("{:.80} has no expiry", role));
  const auto of = delegators.of.find(role);
  std::string name = PercentEncode(role) + ".json";
  if (of == delegators.of.end()) {
    const std::string text = base::json::Serialize(document, base::json::Style::kCompact);
    return MetadataFile{std::move(name), TRY(AddSignatures(text, keys))};
  }
  const std::size_t required = threshold == Threshold::kRequire ? of->second.size() : 0;
  return MetadataFile{std::move(name),
                      TRY(SignDocument(std::move(document), role, of->second, required, keys))};
}

}  // namespace tough
