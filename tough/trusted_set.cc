#include "tough/trusted_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "tough/verify.h"

namespace tough {

using base::ErrorCode;
using base::Fail;
using base::Result;

namespace {

Result<> CheckSize(std::string_view bytes, std::uint64_t max_bytes) {
  if (bytes.size() > max_bytes) {
    return Fail(ErrorCode::kTooLarge,
                fmt::format("{} bytes, at most {} allowed", bytes.size(), max_bytes));
  }
  return {};
}

// The first checks of every file, in the order of section 1 of the rules: cap, strict JSON, type.
Result<Document> Open(std::string bytes, Role role, std::uint64_t max_bytes, const Limits& limits) {
  TRY(CheckSize(bytes, max_bytes));
  Document document = TRY(Document::Parse(std::move(bytes), limits));
  TRY(CheckType(document.signed_part(), role));
  return document;
}

// A listed length replaces the role's default cap, up to the ceiling (R41).
std::uint64_t CapOf(const MetaFile& listed, std::uint64_t default_bytes, const Limits& limits) {
  return listed.length ? std::min(*listed.length, limits.listed_bytes) : default_bytes;
}

// Length and hashes, over the bytes as received and before they are parsed (R42).
Result<> CheckListed(std::string_view bytes, const MetaFile& listed) {
  if (listed.length && bytes.size() != *listed.length) {
    return Fail(ErrorCode::kMismatch,
                fmt::format("{} bytes, listed are {}", bytes.size(), *listed.length));
  }
  if (listed.hashes) return VerifyHashes(*listed.hashes, bytes);
  return {};
}

Result<> CheckVersion(std::uint64_t version, const MetaFile& listed) {
  if (version != listed.version) {
    return Fail(ErrorCode::kMismatch,
                fmt::format("version is {}, listed is {}", version, listed.version));
  }
  return {};
}

Result<> CheckNotBelow(std::uint64_t version, std::uint64_t trusted, std::string_view what) {
  if (version < trusted) {
    return Fail(ErrorCode::kRollback,
                fmt::format("{} {} is below the trusted {}", what, version, trusted));
  }
  return {};
}

// TUF 5.5.5: every name that the trusted snapshot lists is still there, with no lower version;
// delegated roles too (CVE-2025-2886's class: a role left out of the check can be rolled back).
Result<> CheckNothingRolledBack(const Snapshot& snapshot, const Snapshot& trusted) {
  TRY(CheckNotBelow(snapshot.version, trusted.version, "version"));
  for (const auto& [name, file] : trusted.meta) {
    const std::optional<MetaFile> found = snapshot.meta.Find(name);
    if (!found) return Fail(ErrorCode::kRollback, fmt::format("{:.80} is no longer listed", name));
    TRY_CONTEXT(CheckNotBelow(found->version, file.version, "version"),
                fmt::format("{:.80}", name));
  }
  return {};
}

Result<Root> VerifyNextRoot(std::string_view bytes, const Root& trusted, const Limits& limits) {
  Document document = TRY(Open(std::string(bytes), Role::kRoot, limits.root_bytes, limits));
  // TUF 5.3.4: signed by the old and by the new root's keys (R25).
  TRY_CONTEXT(VerifyThreshold(document, trusted.keys, trusted.root),
              fmt::format("by the keys of root version {}", trusted.version));
  Root root = TRY(DecodeRoot(document, limits));
  TRY_CONTEXT(VerifyThreshold(document, root.keys, root.root), "by its own keys");
  // TUF 5.3.5: exactly the next version (R26); a gap would skip a rotation (CVE-2020-15163's
  // class).
  const std::uint64_t wanted = trusted.version + 1;
  if (root.version != wanted) {
    return Fail(root.version < wanted ? ErrorCode::kRollback : ErrorCode::kMismatch,
                fmt::format("version is {}, not {}", root.version, wanted));
  }
  return root;
}

std::set<std::string_view> IdentitiesOf(const Root& root, const RoleKeys& role) {
  std::set<std::string_view> identities;
  for (const std::string& keyid : role.keyids) {
    const auto found = root.keys.find(keyid);
    if (found != root.keys.end() && found->second.has_value())
      identities.insert(found->second->identity());
  }
  return identities;
}

// May a key that could sign for `role` no longer do so? Keys are compared, not keyids.
bool KeyRemoved(const Root& before, const Root& after, Role role) {
  const auto old_keys = IdentitiesOf(before, before.ForRole(role));
  const auto new_keys = IdentitiesOf(after, after.ForRole(role));
  return !std::includes(new_keys.begin(), new_keys.end(), old_keys.begin(), old_keys.end());
}

// TUF 5.3.11: the way to recover from a fast-forward attack is to rotate the keys.
Floor FloorAfter(const Root& before, const Root& after) {
  const bool removed =
      KeyRemoved(before, after, Role::kTimestamp) || KeyRemoved(before, after, Role::kSnapshot);
  return removed ? Floor::kDelete : Floor::kKeep;
}

// A root that stands for itself.
Result<Root> VerifyOwnRoot(std::string_view bytes, const Limits& limits) {
  Document document = TRY(Open(std::string(bytes), Role::kRoot, limits.root_bytes, limits));
  Root root = TRY(DecodeRoot(document, limits));
  TRY(VerifyThreshold(document, root.keys, root.root));
  return root;
}

std::string RootName(std::uint64_t version) {
  return fmt::format("{}.root.json", version);
}

constexpr std::string_view kTimestampName = "timestamp.json";

// The file name of any role but root and timestamp: versioned with consistent snapshots (TUF 6.2).
std::string FileName(const Root& root, const MetaFile& listed, std::string_view role) {
  return root.consistent_snapshot ? fmt::format("{}.{}.json", listed.version, role)
                                  : fmt::format("{}.json", role);
}

std::unexpected<base::Error> FailOrder(std::string_view what) {
  return Fail(ErrorCode::kState, fmt::format("out of the workflow's order: {}", what));
}

}  // namespace

TrustedSet::TrustedSet(Root root, const Limits& limits, base::Time reference_time)
    : limits_(limits), reference_time_(reference_time), root_(std::move(root)) {}

Result<TrustedSet> TrustedSet::Create(std::string_view trusted_root, const Limits& limits,
                                      base::Time reference_time) {
  return TrustedSet(TRY_CONTEXT(VerifyOwnRoot(trusted_root, limits), "trusted root"), limits,
                    reference_time);
}

Result<> TrustedSet::LoadRoot(std::string_view bytes) {
  if (roots_finished_) return FailOrder("a root after the last root");
  root_ = TRY_CONTEXT(VerifyNextRoot(bytes, root_, limits_),
                      fmt::format("cached {}", RootName(root_.version + 1)));
  return {};
}

Floor TrustedSet::FloorUnder(std::string_view earlier_root) const {
  const Result<Root> earlier = VerifyOwnRoot(earlier_root, limits_);
  if (!earlier || earlier->version >= root_.version) return Floor::kKeep;
  return FloorAfter(*earlier, root_);
}

std::optional<MetadataRequest> TrustedSet::NextRoot() const {
  if (new_roots_ >= limits_.new_roots) return std::nullopt;
  return MetadataRequest{RootName(root_.version + 1), limits_.root_bytes};
}

Result<Floor> TrustedSet::UpdateRoot(std::string_view bytes) {
  if (roots_finished_ || new_roots_ >= limits_.new_roots)
    return FailOrder("a root after the last root");
  Root next = TRY_CONTEXT(VerifyNextRoot(bytes, root_, limits_), RootName(root_.version + 1));
  const Floor floor = FloorAfter(root_, next);
  root_ = std::move(next);
  ++new_roots_;
  return floor;
}

Result<> TrustedSet::FinishRoots() {
  // TUF 5.3.10: of the roots, only the last has to be valid today (R27, R29).
  TRY_CONTEXT(CheckNotExpired(root_.expires, reference_time_),
              fmt::format("root version {}", root_.version));
  roots_finished_ = true;
  return {};
}

Result<Timestamp> TrustedSet::VerifyTimestamp(std::string_view bytes) const {
  Document document =
      TRY(Open(std::string(bytes), Role::kTimestamp, limits_.timestamp_bytes, limits_));
  TRY(VerifyThreshold(document, root_.keys, root_.timestamp));
  return DecodeTimestamp(document, limits_);
}

Result<> TrustedSet::LoadTimestamp(std::string_view bytes) {
  if (!roots_finished_ || timestamp_) return FailOrder("the cached timestamp");
  timestamp_ = TRY_CONTEXT(VerifyTimestamp(bytes), "cached timestamp.json");
  return {};
}

MetadataRequest TrustedSet::TimestampRequest() const {
  return {std::string(kTimestampName), limits_.timestamp_bytes};
}

Result<Accepted> TrustedSet::UpdateTimestamp(std::string_view bytes) {
  if (!roots_finished_ || timestamp_final_) return FailOrder("timestamp");
  return TRY_CONTEXT(AcceptTimestamp(bytes), kTimestampName);
}

Result<Accepted> TrustedSet::AcceptTimestamp(std::string_view bytes) {
  Timestamp received = TRY(VerifyTimestamp(bytes));
  Accepted accepted = Accepted::kNew;
  if (timestamp_) {
    // TUF 5.4.3.1 and 5.4.3.2.
    TRY(CheckNotBelow(received.version, timestamp_->version, "version"));
    if (received.version == timestamp_->version) {
      accepted = Accepted::kSame;
    } else {
      TRY(CheckNotBelow(received.snapshot.version, timestamp_->snapshot.version,
                        "snapshot version"));
    }
  }
  // From here on it is a floor, whatever its expiry says.
  if (accepted == Accepted::kNew) timestamp_ = std::move(received);
  TRY(CheckNotExpired(timestamp_->expires, reference_time_));
  timestamp_final_ = true;
  return accepted;
}

Result<Snapshot> TrustedSet::VerifySnapshot(std::string bytes, std::uint64_t max_bytes) const {
  Document document = TRY(Open(std::move(bytes), Role::kSnapshot, max_bytes, limits_));
  TRY(VerifyThreshold(document, root_.keys, root_.snapshot));
  return DecodeSnapshot(std::move(document), limits_);
}

Result<Cached> TrustedSet::LoadSnapshot(std::string bytes) {
  if (!timestamp_final_ || snapshot_) return FailOrder("the cached snapshot");
  // It need not be the one that the timestamp lists: as a floor, its signatures are enough (R39).
  snapshot_ =
      TRY_CONTEXT(VerifySnapshot(std::move(bytes), limits_.listed_bytes), "cached snapshot.json");
  const MetaFile& listed = timestamp_->snapshot;
  snapshot_final_ = CheckListed(snapshot_->json.text(), listed).has_value() &&
                    CheckVersion(snapshot_->version, listed).has_value() &&
                    CheckNotExpired(snapshot_->expires, reference_time_).has_value();
  return snapshot_final_ ? Cached::kCurrent : Cached::kFloor;
}

Result<MetadataRequest> TrustedSet::SnapshotRequest() const {
  if (!timestamp_final_) return FailOrder("snapshot before timestamp");
  const MetaFile& listed = timestamp_->snapshot;
  return MetadataRequest{FileName(root_, listed, RoleName(Role::kSnapshot)),
                         CapOf(listed, limits_.snapshot_bytes, limits_)};
}

Result<> TrustedSet::UpdateSnapshot(std::string bytes) {
  const MetadataRequest request = TRY(SnapshotRequest());
  if (snapshot_final_) return FailOrder("a second snapshot");
  TRY_CONTEXT(AcceptSnapshot(std::move(bytes), request.max_bytes), request.file_name);
  return {};
}

Result<> TrustedSet::AcceptSnapshot(std::string bytes, std::uint64_t max_bytes) {
  const MetaFile& listed = timestamp_->snapshot;
  TRY(CheckSize(bytes, max_bytes));
  TRY(CheckListed(bytes, listed));
  Snapshot received = TRY(VerifySnapshot(std::move(bytes), max_bytes));
  TRY(CheckVersion(received.version, listed));
  if (snapshot_) TRY(CheckNothingRolledBack(received, *snapshot_));
  // From here on it is a floor, whatever its expiry says.
  snapshot_ = std::move(received);
  TRY(CheckNotExpired(snapshot_->expires, reference_time_));
  snapshot_final_ = true;
  return {};
}

Result<> TrustedSet::LoadTargets(std::string bytes) {
  if (!snapshot_final_ || targets_) return FailOrder("the cached targets");
  TRY_CONTEXT(AcceptTargets(std::move(bytes)), "cached targets.json");
  return {};
}

Result<MetadataRequest> TrustedSet::TargetsRequest() const {
  if (!snapshot_final_) return FailOrder("targets before snapshot");
  const MetaFile listed = snapshot_->targets();
  return MetadataRequest{FileName(root_, listed, RoleName(Role::kTargets)),
                         CapOf(listed, limits_.targets_bytes, limits_)};
}

Result<> TrustedSet::UpdateTargets(std::string bytes) {
  const MetadataRequest request = TRY(TargetsRequest());
  if (targets_) return FailOrder("a second targets");
  TRY_CONTEXT(AcceptTargets(std::move(bytes)), request.file_name);
  return {};
}

Result<> TrustedSet::AcceptTargets(std::string bytes) {
  targets_ = TRY(VerifyTargets(std::move(bytes), snapshot_->targets(), root_.keys, root_.targets,
                               reference_time_));
  return {};
}

Result<Targets> TrustedSet::VerifyTargets(std::string bytes, const MetaFile& listed,
                                          const Keys& keys, const RoleKeys& signers,
                                          base::Time now) const {
  const std::uint64_t max_bytes = CapOf(listed, limits_.targets_bytes, limits_);
  TRY(CheckSize(bytes, max_bytes));
  TRY(CheckListed(bytes, listed));
  Document document = TRY(Open(std::move(bytes), Role::kTargets, max_bytes, limits_));
  TRY(VerifyThreshold(document, keys, signers));
  Targets received = TRY(DecodeTargets(std::move(document), limits_));
  TRY(CheckVersion(received.version, listed));
  TRY(CheckNotExpired(received.expires, now));
  return received;
}

Result<MetaFile> TrustedSet::ListedDelegated(std::string_view role) const {
  if (!targets_) return FailOrder("a delegated role before targets");
  std::optional<MetaFile> found = snapshot_->meta.Find(fmt::format("{}.json", role));
  if (!found) {
    return Fail(
        ErrorCode::kMismatch,
        fmt::format("role {:.80} is delegated to, but the snapshot does not list it", role));
  }
  return *std::move(found);
}

Result<MetadataRequest> TrustedSet::DelegatedRequest(std::string_view role) const {
  const MetaFile listed = TRY(ListedDelegated(role));
  return MetadataRequest{FileName(root_, listed, role),
                         CapOf(listed, limits_.targets_bytes, limits_)};
}

Result<Targets> TrustedSet::VerifyDelegated(const Delegations& delegator,
                                            const Delegations::Match& role, std::string bytes,
                                            base::Time now) const {
  const MetaFile listed = TRY(ListedDelegated(role.name));
  return TRY_CONTEXT(VerifyTargets(std::move(bytes), listed, delegator.keys, role.signers, now),
                     FileName(root_, listed, role.name));
}

Result<> TrustedSet::CheckExpiry(base::Time now) const {
  if (!targets_) return FailOrder("a download before the refresh is complete");
  TRY_CONTEXT(CheckNotExpired(root_.expires, now), "root");
  TRY_CONTEXT(CheckNotExpired(timestamp_->expires, now), "timestamp");
  TRY_CONTEXT(CheckNotExpired(snapshot_->expires, now), "snapshot");
  TRY_CONTEXT(CheckNotExpired(targets_->expires, now), "targets");
  return {};
}

Result<> CheckNotExpired(base::Time expires, base::Time now) {
  if (expires > now) return {};
  return Fail(ErrorCode::kExpired, fmt::format("expired at {} (the time is {})",
                                               base::FormatTime(expires), base::FormatTime(now)));
}

}  // namespace tough
