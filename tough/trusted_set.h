// TrustedSet: the core that decides what is trusted. No input or output, no clock.
//
// One set is one refresh (TUF 5): it begins with the trusted root that was shipped, takes the
// client's cached files and then the repository's, in the workflow's order, and accepts or refuses
// each. Whatever it refuses leaves it as it was, with one exception that the specification asks
// for: a file whose only fault is its expiry stays as the floor against rollback. Not thread-safe.
//
// What the client has to do, and in this order (rule numbers are those of docs/trust.md):
//
//   1. Create() with the shipped root and the reference time, read once (R2). Every refresh starts
//      from the shipped root; cached roots are a history, never an anchor (R32).
//   2. LoadRoot() with the cached N+1.root.json as long as there is one; the first that is missing
//      or refused ends this step, and counts as absent. Nothing is deleted for cached roots: that
//      was done when they were new.
//   3. While NextRoot() gives a request: fetch it. HTTP 403 and 404 (kNotFound) end the loop; every
//      other failure aborts the refresh (R23). UpdateRoot(). If that answers Floor::kDelete, delete
//      the cached timestamp.json and snapshot.json *before* storing the root: a crash between the
//      two then costs the floor, the other order would leave a fast-forwarded floor for ever (R1,
//      R30). Store the root at once (R28).
//   4. FinishRoots(): no more roots; fails if the last one is expired (R29).
//   5. LoadTimestamp() with the cached file. A refused file counts as absent; an expired one is a
//      floor (R39). Fetch TimestampRequest(), UpdateTimestamp(); store it if that answers
//      Accepted::kNew, and not if kSame (R35).
//   6. LoadSnapshot() with the cached file: Cached::kCurrent needs no download (R48);
//      Cached::kFloor, or a refusal, does. Then fetch SnapshotRequest(), UpdateSnapshot(), store.
//   7. LoadTargets() with the cached file; if that is refused: fetch TargetsRequest(),
//      UpdateTargets(), store.
//   8. For a target, SearchTarget() over targets(). For each delegated role that it asks for:
//      DelegatedRequest(); VerifyDelegated() with the cached file, and if that is refused, with the
//      fetched one, which is then stored.
//
// "Store" is: exactly the bytes received (R40), durably, after the call succeeded and never after
// it failed. After any failure of an Update call or of FinishRoots the refresh is over. A call out
// of order is kState.
//
// Verifying a cached repository offline is the same workflow with the cache in the network's place,
// and for a caller to whom expiry does not matter, with base::Time::min() as reference time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "tough/limits.h"
#include "tough/schema.h"

namespace tough {

// What to ask the repository for: a file of its metadata folder, and the most that may be read.
struct MetadataRequest {
  std::string file_name;  // "2.root.json"
  std::uint64_t max_bytes = 0;
};

// What becomes of the cached timestamp and snapshot under a new root (R30).
enum class Floor : std::uint8_t { kKeep, kDelete };

enum class Accepted : std::uint8_t {
  kNew,   // store it
  kSame,  // the version that is trusted already: dropped, the trusted one stays
};

enum class Cached : std::uint8_t {
  kCurrent,  // what the parent lists, not expired: no download
  kFloor,    // an older one: it only keeps what follows from going back
};

class TrustedSet {
 public:
  // The shipped root must be well formed and meet its own threshold; its expiry does not matter
  // (R21). `reference_time` is what every expiry in this refresh is compared with.
  static base::Result<TrustedSet> Create(std::string_view trusted_root, const Limits& limits,
                                         base::Time reference_time);

  // Every refusal names the file and what was got and wanted. kTooLarge: over its cap; kMismatch:
  // length, hash, type or version is not what the parent says; kMalformed; kUnsupported:
  // spec_version, or no known hash; kUntrusted: threshold not met; kRollback; kExpired.

  base::Result<> LoadRoot(std::string_view bytes);
  // For the floor that was accepted under this root, the last one of an earlier run: kDelete if it
  // is older than the present one, which no longer has a key that it had. That happens where a
  // newer shipped root skips the part of the chain in which the key was removed (R30). Not an
  // anchor: its word counts only against the floor.
  Floor FloorUnder(std::string_view earlier_root) const;
  std::optional<MetadataRequest> NextRoot() const;  // nothing: 256 were taken (R24)
  base::Result<Floor> UpdateRoot(std::string_view bytes);
  base::Result<> FinishRoots();

  base::Result<> LoadTimestamp(std::string_view bytes);
  MetadataRequest TimestampRequest() const;
  base::Result<Accepted> UpdateTimestamp(std::string_view bytes);

  // The roles that list many keep their files (`json`), so that little is copied out of them.
  base::Result<Cached> LoadSnapshot(std::string bytes);
  base::Result<MetadataRequest> SnapshotRequest() const;
  base::Result<> UpdateSnapshot(std::string bytes);

  base::Result<> LoadTargets(std::string bytes);
  base::Result<MetadataRequest> TargetsRequest() const;
  base::Result<> UpdateTargets(std::string bytes);

  // A delegated role's file gets exactly the checks of targets.json (R51), but with the keys and
  // the threshold of the delegator at hand, which is a role that this set has verified: targets(),
  // or one that VerifyDelegated() answered (R59). Nothing is kept; `now` is what its expiry is
  // compared with. kMismatch also for a role that the snapshot does not list (R52).
  base::Result<MetadataRequest> DelegatedRequest(std::string_view role) const;
  base::Result<Targets> VerifyDelegated(const Delegations& delegator,
                                        const Delegations::Match& role, std::string bytes,
                                        base::Time now) const;

  // For a process that lives long: is everything that a download rests on still valid at `now`?
  // kExpired names the role (R72). kState before the refresh is complete.
  base::Result<> CheckExpiry(base::Time now) const;

  base::Time reference_time() const { return reference_time_; }

  // The latest accepted root; the others are null until they are final (verified, and not expired
  // at the reference time).
  const Root& root() const { return root_; }
  const Timestamp* timestamp() const { return timestamp_final_ ? &*timestamp_ : nullptr; }
  const Snapshot* snapshot() const { return snapshot_final_ ? &*snapshot_ : nullptr; }
  const Targets* targets() const { return targets_ ? &*targets_ : nullptr; }

 private:
  TrustedSet(Root root, const Limits& limits, base::Time reference_time);

  base::Result<Timestamp> VerifyTimestamp(std::string_view bytes) const;
  base::Result<Accepted> AcceptTimestamp(std::string_view bytes);
  base::Result<Snapshot> VerifySnapshot(std::string bytes, std::uint64_t max_bytes) const;
  base::Result<> AcceptSnapshot(std::string bytes, std::uint64_t max_bytes);
  base::Result<> AcceptTargets(std::string bytes);
  base::Result<Targets> VerifyTargets(std::string bytes, const MetaFile& listed, const Keys& keys,
                                      const RoleKeys& signers, base::Time now) const;
  base::Result<MetaFile> ListedDelegated(std::string_view role) const;

  Limits limits_;
  base::Time reference_time_;
  Root root_;
  std::uint32_t new_roots_ = 0;
  bool roots_finished_ = false;
  // Trusted as a floor as soon as verified, as a parent only when final.
  std::optional<Timestamp> timestamp_;
  bool timestamp_final_ = false;
  std::optional<Snapshot> snapshot_;
  bool snapshot_final_ = false;
  std::optional<Targets> targets_;
};

// kExpired unless `expires` lies after `now`: equal is expired (R3).
base::Result<> CheckNotExpired(base::Time expires, base::Time now);

}  // namespace tough
