#include "tough/workflow.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/log.h"
#include "tough/url.h"

namespace tough {

using base::ErrorCode;
using base::Fail;
using base::Result;
using base::Time;

namespace {

// A cached file that is refused counts as absent, whatever the reason; the log keeps it.
template <typename T>
bool Usable(const Result<T>& loaded) {
  if (!loaded) base::log::Info(fmt::format("{}; ignored", loaded.error().message()));
  return loaded.has_value();
}

}  // namespace

// A clock that went back would let expired metadata pass for valid again.
Result<> Workflow::CheckClock(Time now) const {
  if (now == Time::min()) return {};  // the caller looks at no clock at all
  const std::optional<Time> known = datastore.LatestKnownTime();
  if (!known || now >= *known) return {};
  return Fail(ErrorCode::kExpired,
              fmt::format("the clock says {}, which is before the last successful refresh at {}: "
                          "set the clock",
                          base::FormatTime(now), base::FormatTime(*known)));
}

Result<TrustedSet> Workflow::Refresh(Time now) {
  TRY(CheckClock(now));
  TrustedSet set = TRY(TrustedSet::Create(trusted_root, limits, now));
  TRY(UpdateRoots(set));
  TRY(UpdateTimestamp(set));
  TRY(UpdateSnapshot(set));
  TRY(UpdateTargets(set));
  // Last, so that it never lies beyond the expiry of an accepted timestamp: a clock that was wrong
  // by years has failed above, and is not remembered.
  if (transport != nullptr) TRY(datastore.StoreLatestKnownTime(now));
  return set;
}

Result<> Workflow::LoadRoots(TrustedSet& set) {
  std::string latest = trusted_root;
  while (auto cached = datastore.LoadPastRoot(set.root().version + 1, limits.root_bytes)) {
    if (!Usable(set.LoadRoot(*cached))) break;
    latest = *std::move(cached);
  }
  if (transport == nullptr) return {};
  const std::optional<std::string> earlier = datastore.Load("root", limits.root_bytes);
  if (earlier == latest) return {};
  if (earlier) TRY(ApplyToFloor(set.FloorUnder(*earlier)));
  // Also mends what a cut between the two files of a root left behind.
  return datastore.Store("root", latest);
}

// Before the root is stored. A cut in between costs the floor; in the other order the next run
// would find the root in its history, and keep a fast-forwarded floor for ever.
Result<> Workflow::ApplyToFloor(Floor floor) {
  if (floor == Floor::kKeep) return {};
  TRY(datastore.Remove("snapshot"));
  return datastore.Remove("timestamp");
}

Result<> Workflow::UpdateRoots(TrustedSet& set) {
  TRY(LoadRoots(set));
  while (const std::optional<MetadataRequest> request = set.NextRoot()) {
    Floor floor = Floor::kKeep;
    const auto received = Fetch(*request, [&](std::string_view bytes) -> Result<> {
      floor = TRY(set.UpdateRoot(bytes));
      return {};
    });
    if (!received && received.error().code() == ErrorCode::kNotFound) break;  // TUF 5.3.3
    if (!received) return std::unexpected(received.error());
    TRY(ApplyToFloor(floor));
    TRY(datastore.StorePastRoot(set.root().version, *received));
    TRY(datastore.Store("root", *received));
  }
  return set.FinishRoots();
}

Result<> Workflow::UpdateTimestamp(TrustedSet& set) {
  const auto cached = datastore.Load("timestamp", limits.timestamp_bytes);
  if (cached) Usable(set.LoadTimestamp(*cached));
  Accepted accepted = Accepted::kNew;
  const auto accept = [&](std::string_view bytes) -> Result<> {
    accepted = TRY(set.UpdateTimestamp(bytes));
    return {};
  };
  // Offline, what is cached stands for what the server would say.
  if (transport == nullptr && cached) return accept(*cached);
  const std::string received = TRY(Fetch(set.TimestampRequest(), accept));
  if (accepted == Accepted::kSame) return {};
  return datastore.Store("timestamp", received);
}

Result<> Workflow::UpdateSnapshot(TrustedSet& set) {
  if (auto cached = datastore.Load("snapshot", limits.listed_bytes)) {
    const auto loaded = set.LoadSnapshot(*std::move(cached));
    if (Usable(loaded) && *loaded == Cached::kCurrent) return {};
  }
  const MetadataRequest request = TRY(set.SnapshotRequest());
  TRY(Fetch(request, [&](std::string& bytes) { return set.UpdateSnapshot(std::move(bytes)); }));
  return datastore.Store("snapshot", set.snapshot()->json.text());
}

Result<> Workflow::UpdateTargets(TrustedSet& set) {
  const MetadataRequest request = TRY(set.TargetsRequest());
  if (auto cached = datastore.Load("targets", limits.listed_bytes)) {
    if (Usable(set.LoadTargets(*std::move(cached)))) return {};
  }
  TRY(Fetch(request, [&](std::string& bytes) { return set.UpdateTargets(std::move(bytes)); }));
  return datastore.Store("targets", set.targets()->json.text());
}

Result<Targets> Workflow::LoadDelegated(const TrustedSet& set, const Delegations& delegator,
                                        const Delegations::Match& role, Time now) {
  const MetadataRequest request = TRY(set.DelegatedRequest(role.name));
  if (auto cached = datastore.Load(role.name, limits.listed_bytes)) {
    auto loaded = set.VerifyDelegated(delegator, role, *std::move(cached), now);
    if (Usable(loaded)) return loaded;
  }
  std::optional<Targets> verified;
  const auto received = Fetch(request, [&](std::string& bytes) -> Result<> {
    verified = TRY(set.VerifyDelegated(delegator, role, std::move(bytes), now));
    return {};
  });
  // A role that is listed and missing is no target that nobody lists.
  if (!received && received.error().code() == ErrorCode::kNotFound) {
    return Fail(ErrorCode::kMismatch, fmt::format("the snapshot lists role {:.80}, but: {}",
                                                  role.name, received.error().message()));
  }
  TRY(received);
  TRY(datastore.Store(role.name, verified->json.text()));
  return *std::move(verified);
}

Result<std::string> Workflow::Fetch(const MetadataRequest& request, const Accept& accept) {
  if (transport == nullptr)
    return Fail(ErrorCode::kNotFound, fmt::format("{} is not in the cache", request.file_name));
  std::string accepted;
  TRY(mirrors.Ask([&](const std::string& base_url) -> Result<> {
    std::string received = TRY(FetchFrom(base_url, request));
    TRY(accept(received));
    accepted = std::move(received);
    return {};
  }));
  return accepted;
}

Result<std::string> Workflow::FetchFrom(const std::string& base_url,
                                        const MetadataRequest& request) {
  base::StringSink sink(request.file_name, request.max_bytes);
  TRY(transport->Fetch({.url = MetadataUrl(base_url, request.file_name),
                        .max_bytes = request.max_bytes,
                        .kind = FetchKind::kMetadata},
                       sink));
  return sink.Take();
}

}  // namespace tough
