#include "tough/tuftool/inspection.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "base/sink.h"
#include "tough/delegation_editor.h"
#include "tough/limits.h"
#include "tough/schema.h"
#include "tough/trusted_set.h"
#include "tough/url.h"
#include "tough/verify.h"

namespace tough::tuftool {

using base::ErrorCode;
using base::Result;

namespace {

// Signatures against what the delegator says.
void LookAtSignatures(const Document& document, const Keys& keys, const RoleKeys& role,
                      RolePicture& picture) {
  picture.threshold = role.threshold;
  std::set<std::string_view> identities;
  for (const std::string& keyid : role.keyids) {
    picture.keys.push_back(LookAtKey(keyid, document, keys, role));
    if (picture.keys.back().has_signed) identities.insert(keys.find(keyid)->second->identity());
  }
  picture.signers = identities.size();
  const Result<> met = VerifyThreshold(document, keys, role);
  if (!met) picture.faults.push_back(met.error().message());
}

class Inspector {
 public:
  Inspector(Transport& transport, std::string_view base_url, base::Time now)
      : transport_(transport), base_url_(base_url), now_(now) {}

  Result<Picture> Look(const std::optional<std::string>& trusted_root);

 private:
  // What its parent says of a file.
  struct Place {
    std::string name;
    std::string file_name;
    const MetaFile* listed;  // null for a timestamp
    const Keys* keys;
    const RoleKeys* signers;
  };
  template <typename T>
  using Decode = std::function<Result<T>(Document, const Limits&)>;

  Result<std::string> Fetch(const std::string& file_name);
  Result<std::string> WalkRoots(std::string anchor, Picture& picture);
  // The decoded file if it could be read, whatever else is wrong with it.
  template <typename T>
  std::optional<T> LookAt(const Place& place, Role role, const Decode<T>& decode,
                          RolePicture& picture);
  std::string FileName(const std::string& role, const MetaFile& listed) const;
  void LookAtDelegations(const std::string& delegator, const Delegations& delegations,
                         const Snapshot& snapshot, std::size_t depth, Picture& picture);
  void LookAtDelegated(RolePicture role, const Keys& keys, const RoleKeys& signers,
                       const Snapshot& snapshot, Picture& picture);

  Transport& transport_;
  std::string base_url_;
  base::Time now_;
  Limits limits_;
  bool consistent_snapshot_ = false;
  std::set<std::string> seen_;
};

Result<std::string> Inspector::Fetch(const std::string& file_name) {
  base::StringSink sink(file_name, limits_.listed_bytes);
  TRY(transport_.Fetch({.url = MetadataUrl(base_url_, file_name),
                        .max_bytes = limits_.listed_bytes,
                        .kind = FetchKind::kMetadata},
                       sink));
  return sink.Take();
}

// The newest root that a client comes to, and what stops it there if that is a fault.
Result<std::string> Inspector::WalkRoots(std::string anchor, Picture& picture) {
  TrustedSet set = TRY(TrustedSet::Create(anchor, limits_, now_));
  picture.first_root = set.root().version;
  std::string newest = std::move(anchor);
  std::vector<std::string> faults;
  while (const auto request = set.NextRoot()) {
    const Result<std::string> next = Fetch(request->file_name);
    if (!next && next.error().code() == ErrorCode::kNotFound) break;
    if (!next) return std::unexpected(next.error());
    const auto accepted = set.UpdateRoot(*next);
    if (!accepted) faults.push_back(accepted.error().message());
    if (!accepted) break;
    newest = *next;
  }
  picture.last_root = set.root().version;
  const Place place{"root", fmt::format("{}.root.json", set.root().version), nullptr,
                    &set.root().keys, &set.root().root};
  RolePicture& root = picture.roles.emplace_back();
  const Document document = TRY(Document::Parse(newest, limits_));
  root.name = place.name;
  root.file_name = place.file_name;
  root.version = set.root().version;
  root.expires = set.root().expires;
  root.faults = std::move(faults);
  LookAtSignatures(document, *place.keys, *place.signers, root);
  if (root.expires <= now_) root.faults.emplace_back("expired");
  return newest;
}

template <typename T>
std::optional<T> Inspector::LookAt(const Place& place, Role role, const Decode<T>& decode,
                                   RolePicture& picture) {
  picture.name = place.name;
  picture.file_name = place.file_name;
  const auto read = [&]() -> Result<T> {
    const std::string bytes = TRY(Fetch(place.file_name));
    const bool has_listed_length = place.listed != nullptr && place.listed->length.has_value();
    if (has_listed_length && *place.listed->length != bytes.size()) {
      picture.faults.push_back(
          fmt::format("{} bytes, listed are {}", bytes.size(), *place.listed->length));
    }
    if (place.listed != nullptr && place.listed->hashes) {
      const Result<> matches = VerifyHashes(*place.listed->hashes, bytes);
      if (!matches) picture.faults.push_back(matches.error().message());
    }
    Document document = TRY(Document::Parse(bytes, limits_));
    TRY(CheckType(document.signed_part(), role));
    LookAtSignatures(document, *place.keys, *place.signers, picture);
    return decode(std::move(document), limits_);
  };
  Result<T> decoded = read();
  if (!decoded) {
    picture.faults.push_back(decoded.error().message());
    return std::nullopt;
  }
  picture.version = decoded->version;
  picture.expires = decoded->expires;
  if (place.listed != nullptr && place.listed->version != decoded->version) {
    picture.faults.push_back(
        fmt::format("version is {}, listed is {}", decoded->version, place.listed->version));
  }
  if (decoded->expires <= now_) picture.faults.emplace_back("expired");
  return *std::move(decoded);
}

std::string Inspector::FileName(const std::string& role, const MetaFile& listed) const {
  const std::string name = PercentEncode(role) + ".json";
  return consistent_snapshot_ ? fmt::format("{}.{}", listed.version, name) : name;
}

void Inspector::LookAtDelegated(RolePicture role, const Keys& keys, const RoleKeys& signers,
                                const Snapshot& snapshot, Picture& picture) {
  const std::optional<MetaFile> listed = snapshot.meta.Find(role.name + ".json");
  if (!listed) {
    role.faults.emplace_back("the snapshot does not list it");
    picture.roles.push_back(std::move(role));
    return;
  }
  const Place place{role.name, FileName(role.name, *listed), &*listed, &keys, &signers};
  const auto targets = LookAt<Targets>(place, Role::kTargets, DecodeTargets, role);
  if (targets) role.targets = targets->files.size();
  const std::string name = role.name;
  const std::size_t depth = role.depth;
  picture.roles.push_back(std::move(role));
  // In a circle of delegations every role is shown, but what it delegates to only once.
  if (targets && targets->delegations && seen_.insert(name).second)
    LookAtDelegations(name, *targets->delegations, snapshot, depth + 1, picture);
}

void Inspector::LookAtDelegations(const std::string& delegator, const Delegations& delegations,
                                  const Snapshot& snapshot, std::size_t depth, Picture& picture) {
  // As deep as no honest repository is.
  constexpr std::size_t kMaxDepth = 32;
  if (depth > kMaxDepth) return;
  RolePicture role;
  role.delegator = delegator;
  role.depth = depth;
  if (const auto* bins = std::get_if<SuccinctRoles>(&delegations.roles)) {
    role.paths = "bin";
    role.terminating = true;
    const auto names = BinNames(*bins);
    for (const std::string& name : names ? *names : std::vector<std::string>()) {
      role.name = name;
      LookAtDelegated(role, delegations.keys, bins->signers, snapshot, picture);
    }
    return;
  }
  for (const DelegatedRole& listed : std::get<DelegatedRoles>(delegations.roles)) {
    const auto* patterns = std::get_if<PathPatterns>(&listed.paths);
    role.name = listed.name;
    role.terminating = listed.terminating == Terminating::kYes;
    role.paths =
        patterns != nullptr
            ? fmt::format("{}", fmt::join(patterns->globs, " "))
            : fmt::format("hash prefixes {}",
                          fmt::join(std::get<PathHashPrefixes>(listed.paths).prefixes, " "));
    LookAtDelegated(role, delegations.keys, listed.signers, snapshot, picture);
  }
}

Result<Picture> Inspector::Look(const std::optional<std::string>& trusted_root) {
  Picture picture;
  picture.verified_from_given_root = trusted_root.has_value();
  const std::string newest =
      TRY(WalkRoots(trusted_root ? *trusted_root : TRY(Fetch("1.root.json")), picture));
  const Root root = TRY(DecodeRoot(TRY(Document::Parse(newest, limits_)), limits_));
  consistent_snapshot_ = root.consistent_snapshot;

  const auto timestamp =
      LookAt<Timestamp>({"timestamp", "timestamp.json", nullptr, &root.keys, &root.timestamp},
                        Role::kTimestamp, DecodeTimestamp, picture.roles.emplace_back());
  if (!timestamp) return picture;
  const auto snapshot =
      LookAt<Snapshot>({"snapshot", FileName("snapshot", timestamp->snapshot), &timestamp->snapshot,
                        &root.keys, &root.snapshot},
                       Role::kSnapshot, DecodeSnapshot, picture.roles.emplace_back());
  if (!snapshot) return picture;
  RolePicture& place = picture.roles.emplace_back();
  const MetaFile listed = snapshot->targets();
  const auto targets =
      LookAt<Targets>({"targets", FileName("targets", listed), &listed, &root.keys, &root.targets},
                      Role::kTargets, DecodeTargets, place);
  if (!targets) return picture;
  place.targets = targets->files.size();
  if (targets->delegations)
    LookAtDelegations("targets", *targets->delegations, *snapshot, 1, picture);
  return picture;
}

}  // namespace

bool Picture::healthy() const {
  return std::all_of(roles.begin(), roles.end(),
                     [](const RolePicture& role) { return role.faults.empty(); });
}

Result<Picture> Inspect(Transport& transport, std::string_view metadata_base_url,
                        const std::optional<std::string>& trusted_root, base::Time now) {
  return Inspector(transport, metadata_base_url, now).Look(trusted_root);
}

}  // namespace tough::tuftool
