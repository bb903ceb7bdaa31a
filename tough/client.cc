#include "tough/client.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/log.h"
#include "tough/datastore.h"
#include "tough/save_target.h"
#include "tough/schema.h"
#include "tough/trusted_set.h"
#include "tough/url.h"
#include "tough/verified_sink.h"

namespace tough {

using base::ErrorCode;
using base::Fail;
using base::Result;
using base::Time;

struct Client::State {
  std::string trusted_root;
  ClientOptions options;
  Transport& transport;
  Datastore datastore;
  std::optional<TrustedSet> trusted = std::nullopt;  // of the last refresh that succeeded

  Result<> CheckClock(Time now) const;
  Result<TrustedSet> RunWorkflow(Time now);
  Result<> UpdateRoots(TrustedSet& set);
  Result<> UpdateTimestamp(TrustedSet& set);
  Result<> UpdateSnapshot(TrustedSet& set);
  Result<> UpdateTargets(TrustedSet& set);
  Result<std::string> FetchMetadata(const MetadataRequest& request);

  Result<TargetFile> Find(std::string_view name) const;
  Result<TargetFile> FindValid(std::string_view name, Time now) const;
  Result<> FetchTarget(std::string_view name, const TargetFile& target, base::ByteSink& sink);
  Result<std::string> UrlOf(std::string_view name, const TargetFile& target) const;
};

namespace {

// A cached file that is refused counts as absent, whatever the reason; the log keeps it.
template <typename T>
bool Usable(const Result<T>& loaded) {
  if (!loaded) base::log::Info(fmt::format("{}; ignored", loaded.error().message()));
  return loaded.has_value();
}

// "dir/HASH.basename": the hash goes before the file name, not before the path (R68).
std::string WithHashPrefix(std::string_view name, const Hash& hash) {
  const std::size_t slash = name.rfind('/');
  const std::size_t file_name = slash == std::string_view::npos ? 0 : slash + 1;
  return fmt::format("{}{}.{}", name.substr(0, file_name), hash.hex, name.substr(file_name));
}

}  // namespace

// A clock that went back would let expired metadata pass for valid again.
Result<> Client::State::CheckClock(Time now) const {
  const std::optional<Time> known = datastore.LatestKnownTime();
  if (!known || now >= *known) return {};
  return Fail(ErrorCode::kExpired,
              fmt::format("the clock says {}, which is before the last successful refresh at {}: "
                          "set the clock",
                          base::FormatTime(now), base::FormatTime(*known)));
}

Result<TrustedSet> Client::State::RunWorkflow(Time now) {
  TRY(CheckClock(now));
  TrustedSet set = TRY(TrustedSet::Create(trusted_root, options.limits, now));
  TRY(UpdateRoots(set));
  TRY(UpdateTimestamp(set));
  TRY(UpdateSnapshot(set));
  TRY(UpdateTargets(set));
  // Last, so that it never lies beyond the expiry of an accepted timestamp: a clock that was wrong
  // by years has failed above, and is not remembered.
  TRY(datastore.StoreLatestKnownTime(now));
  return set;
}

Result<> Client::State::UpdateRoots(TrustedSet& set) {
  std::string latest = trusted_root;
  while (auto cached = datastore.LoadPastRoot(set.root().version + 1, options.limits.root_bytes)) {
    if (!Usable(set.LoadRoot(*cached))) break;
    latest = *std::move(cached);
  }
  // Also mends what a cut between the two files of a root left behind.
  if (datastore.Load("root", options.limits.root_bytes) != latest) {
    TRY(datastore.Store("root", latest));
  }
  while (const std::optional<MetadataRequest> request = set.NextRoot()) {
    const auto received = FetchMetadata(*request);
    if (!received && received.error().code() == ErrorCode::kNotFound) break;  // TUF 5.3.3
    if (!received) return std::unexpected(received.error());
    const Floor floor = TRY(set.UpdateRoot(*received));
    if (floor == Floor::kDelete) {
      // Before the root is stored. A cut in between costs the floor; in the other order the next
      // run would find the root in its history, and keep a fast-forwarded floor for ever.
      TRY(datastore.Remove("snapshot"));
      TRY(datastore.Remove("timestamp"));
    }
    TRY(datastore.StorePastRoot(set.root().version, *received));
    TRY(datastore.Store("root", *received));
  }
  return set.FinishRoots();
}

Result<> Client::State::UpdateTimestamp(TrustedSet& set) {
  if (const auto cached = datastore.Load("timestamp", options.limits.timestamp_bytes)) {
    Usable(set.LoadTimestamp(*cached));
  }
  const std::string received = TRY(FetchMetadata(set.TimestampRequest()));
  const Accepted accepted = TRY(set.UpdateTimestamp(received));
  if (accepted == Accepted::kSame) return {};
  return datastore.Store("timestamp", received);
}

Result<> Client::State::UpdateSnapshot(TrustedSet& set) {
  if (const auto cached = datastore.Load("snapshot", options.limits.listed_bytes)) {
    const auto loaded = set.LoadSnapshot(*cached);
    if (Usable(loaded) && *loaded == Cached::kCurrent) return {};
  }
  const MetadataRequest request = TRY(set.SnapshotRequest());
  const std::string received = TRY(FetchMetadata(request));
  TRY(set.UpdateSnapshot(received));
  return datastore.Store("snapshot", received);
}

Result<> Client::State::UpdateTargets(TrustedSet& set) {
  const MetadataRequest request = TRY(set.TargetsRequest());
  if (const auto cached = datastore.Load("targets", options.limits.listed_bytes)) {
    if (Usable(set.LoadTargets(*cached))) return {};
  }
  const std::string received = TRY(FetchMetadata(request));
  TRY(set.UpdateTargets(received));
  return datastore.Store("targets", received);
}

Result<std::string> Client::State::FetchMetadata(const MetadataRequest& request) {
  base::StringSink sink(request.file_name, request.max_bytes);
  TRY(transport.Fetch({.url = MetadataUrl(options.metadata_base_url, request.file_name),
                       .max_bytes = request.max_bytes,
                       .kind = FetchKind::kMetadata},
                      sink));
  return sink.Take();
}

Result<TargetFile> Client::State::Find(std::string_view name) const {
  if (!trusted) return Fail(ErrorCode::kState, "targets are known only after a refresh");
  if (auto found = trusted->targets()->files.Find(name)) return *std::move(found);
  return Fail(ErrorCode::kNotFound, fmt::format("target {}: no metadata lists it", name));
}

Result<TargetFile> Client::State::FindValid(std::string_view name, Time now) const {
  TargetFile target = TRY(Find(name));
  TRY(trusted->CheckExpiry(now));
  return target;
}

Result<std::string> Client::State::UrlOf(std::string_view name, const TargetFile& target) const {
  const bool prefixed =
      trusted->root().consistent_snapshot && options.hash_prefix == HashPrefix::kAdd;
  return TargetUrl(options.targets_base_url,
                   prefixed ? WithHashPrefix(name, target.hashes.front()) : std::string(name));
}

Result<> Client::State::FetchTarget(std::string_view name, const TargetFile& target,
                                    base::ByteSink& sink) {
  const auto verified = TRY(VerifiedSink::Create(name, target, sink));
  const std::string url = TRY(UrlOf(name, target));
  TRY(transport.Fetch({.url = url, .max_bytes = target.length, .kind = FetchKind::kTarget},
                      *verified));
  return verified->Finish();
}

Client::Client(std::unique_ptr<State> state) : state_(std::move(state)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::Open(std::string_view trusted_root, ClientOptions options,
                            Transport& transport) {
  // Expiry does not matter here (R21), so any time will do.
  TRY(TrustedSet::Create(trusted_root, options.limits, Time::min()));
  Datastore datastore = TRY(Datastore::Open(options.metadata_dir));
  return Client(std::make_unique<State>(State{.trusted_root = std::string(trusted_root),
                                              .options = std::move(options),
                                              .transport = transport,
                                              .datastore = std::move(datastore)}));
}

Result<> Client::Refresh(Time now) {
  state_->trusted = TRY(state_->RunWorkflow(now));
  return {};
}

Result<TargetFile> Client::FindTarget(std::string_view name) const {
  return state_->Find(name);
}

Result<> Client::Download(std::string_view name, Time now, base::ByteSink& sink) {
  const TargetFile target = TRY(state_->FindValid(name, now));
  return state_->FetchTarget(name, target, sink);
}

Result<std::string> Client::Fetch(std::string_view name, std::uint64_t max_bytes, Time now) {
  const TargetFile target = TRY(state_->FindValid(name, now));
  if (target.length > max_bytes) {
    return Fail(ErrorCode::kTooLarge, fmt::format("target {}: {} bytes, at most {} are accepted",
                                                  name, target.length, max_bytes));
  }
  base::StringSink sink(std::string(name), max_bytes);
  TRY(state_->FetchTarget(name, target, sink));
  return sink.Take();
}

Result<> Client::Save(std::string_view name, const std::string& directory, Time now) {
  const TargetFile target = TRY(state_->FindValid(name, now));
  TargetPlace place = TRY(TargetPlace::Open(directory, name));
  if (place.Holds(target)) return {};
  return place.Fill([&](base::ByteSink& sink) { return state_->FetchTarget(name, target, sink); });
}

}  // namespace tough
