#include "tough/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "tough/datastore.h"
#include "tough/mirrors.h"
#include "tough/save_target.h"
#include "tough/schema.h"
#include "tough/target_search.h"
#include "tough/trusted_set.h"
#include "tough/url.h"
#include "tough/verified_sink.h"
#include "tough/workflow.h"

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
  Mirrors metadata_mirrors;
  Mirrors targets_mirrors;
  std::optional<TrustedSet> trusted = std::nullopt;  // of the last refresh that succeeded
  // Those delegated roles that a search has needed since, each under the delegator that it was
  // verified by. Entries stay as they are until the next refresh.
  std::map<std::pair<const Targets*, std::string>, std::unique_ptr<const Targets>> delegated = {};
  Transport* delegated_transport = nullptr;  // null if it was loaded offline

  Result<> Refresh(Time now, Transport* source);
  Workflow With(Transport* source);

  Result<const Targets*> LoadDelegated(const Targets& delegator, const Delegations::Match& role,
                                       Time now);
  Result<TargetFile> Find(std::string_view name, Time now);
  Result<TargetFile> FindValid(std::string_view name, Time now);
  Result<> FetchTarget(std::string_view name, const TargetFile& target, base::ByteSink& sink);
  Result<> FetchAgainIfWrong(const std::function<Result<>()>& fetch);
  Result<std::string> UrlOf(std::string_view base_url, std::string_view name,
                            const TargetFile& target) const;
};

namespace {

std::vector<std::string> Joined(const std::string& first, const std::vector<std::string>& others) {
  std::vector<std::string> all = {first};
  all.insert(all.end(), others.begin(), others.end());
  return all;
}

// Passes on what follows after the first bytes, which another mirror has given already, and
// remembers whether it was what is behind that failed.
class Continuation final : public base::ByteSink {
 public:
  Continuation(base::ByteSink& out, std::uint64_t skip_bytes)
      : out_(out), skip_bytes_(skip_bytes) {}

  Result<> Write(base::ByteView bytes) override {
    const auto skipped = std::min<std::uint64_t>(skip_bytes_, bytes.size());
    skip_bytes_ -= skipped;
    if (skipped == bytes.size()) return {};
    Result<> written = out_.Write(bytes.subspan(static_cast<std::size_t>(skipped)));
    failed_ = !written;
    return written;
  }
  Result<> Finish() override { return out_.Finish(); }
  bool failed() const { return failed_; }

 private:
  base::ByteSink& out_;
  std::uint64_t skip_bytes_;
  bool failed_ = false;
};

// "dir/HASH.basename": the hash goes before the file name, not before the path (R68).
std::string WithHashPrefix(std::string_view name, const Hash& hash) {
  const std::size_t slash = name.rfind('/');
  const std::size_t file_name = slash == std::string_view::npos ? 0 : slash + 1;
  return fmt::format("{}{}.{}", name.substr(0, file_name), hash.hex, name.substr(file_name));
}

}  // namespace

Workflow Client::State::With(Transport* source) {
  return {.trusted_root = trusted_root,
          .limits = options.limits,
          .datastore = datastore,
          .mirrors = metadata_mirrors,
          .transport = source};
}

Result<> Client::State::Refresh(Time now, Transport* source) {
  TrustedSet set = TRY(With(source).Refresh(now));
  delegated.clear();
  delegated_transport = source;
  trusted = std::move(set);
  return {};
}

Result<const Targets*> Client::State::LoadDelegated(const Targets& delegator,
                                                    const Delegations::Match& role, Time now) {
  auto& known = delegated[{&delegator, role.name}];
  if (known == nullptr) {
    Workflow workflow = With(delegated_transport);
    known = std::make_unique<const Targets>(
        TRY(workflow.LoadDelegated(*trusted, *delegator.delegations, role, now)));
  }
  TRY_CONTEXT(CheckNotExpired(known->expires, now), fmt::format("role {:.80}", role.name));
  return known.get();
}

Result<TargetFile> Client::State::Find(std::string_view name, Time now) {
  if (!trusted) return Fail(ErrorCode::kState, "targets are known only after a refresh");
  return SearchTarget(*trusted->targets(), name, options.limits.delegated_roles,
                      [&](const Targets& delegator, const Delegations::Match& role) {
                        return LoadDelegated(delegator, role, now);
                      });
}

Result<TargetFile> Client::State::FindValid(std::string_view name, Time now) {
  if (trusted) TRY(trusted->CheckExpiry(now));
  return Find(name, now);
}

Result<std::string> Client::State::UrlOf(std::string_view base_url, std::string_view name,
                                         const TargetFile& target) const {
  const bool prefixed =
      trusted->root().consistent_snapshot && options.hash_prefix == HashPrefix::kAdd;
  return TargetUrl(base_url,
                   prefixed ? WithHashPrefix(name, target.hashes.front()) : std::string(name));
}

Result<> Client::State::FetchTarget(std::string_view name, const TargetFile& target,
                                    base::ByteSink& sink) {
  const auto verified = TRY(VerifiedSink::Create(name, target, sink));
  Result<> passed_on;
  TRY(targets_mirrors.Ask([&](const std::string& base_url) -> Result<> {
    const std::string url = TRY(UrlOf(base_url, name, target));
    Continuation rest(*verified, verified->length());
    Result<> fetched =
        transport.Fetch({.url = url, .max_bytes = target.length, .kind = FetchKind::kTarget}, rest);
    if (rest.failed()) {  // no other mirror can help
      passed_on = std::move(fetched);
      return {};
    }
    TRY(fetched);
    return verified->CheckLength();
  }));
  TRY(passed_on);
  Result<> finished = verified->Finish();
  if (!finished && finished.error().code() == ErrorCode::kMismatch) targets_mirrors.Demote();
  return finished;
}

// What goes to nobody before it is verified can be had from another mirror if it was wrong.
Result<> Client::State::FetchAgainIfWrong(const std::function<Result<>()>& fetch) {
  Result<> fetched = fetch();
  for (std::size_t i = 1; i < targets_mirrors.size(); ++i) {
    if (fetched || fetched.error().code() != ErrorCode::kMismatch) break;
    fetched = fetch();
  }
  return fetched;
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
  Mirrors metadata(Joined(options.metadata_base_url, options.metadata_mirrors));
  Mirrors targets(Joined(options.targets_base_url, options.targets_mirrors));
  return Client(std::make_unique<State>(State{.trusted_root = std::string(trusted_root),
                                              .options = std::move(options),
                                              .transport = transport,
                                              .datastore = std::move(datastore),
                                              .metadata_mirrors = std::move(metadata),
                                              .targets_mirrors = std::move(targets)}));
}

Result<> Client::Refresh(Time now) {
  return state_->Refresh(now, &state_->transport);
}

Result<> Client::LoadOffline(Time now) {
  return state_->Refresh(now, nullptr);
}

Result<TargetFile> Client::FindTarget(std::string_view name) {
  const auto& trusted = state_->trusted;
  return state_->Find(name, trusted ? trusted->reference_time() : Time::min());
}

Result<TargetFile> Client::FindTarget(std::string_view name, Time now) {
  return state_->FindValid(name, now);
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
  std::string text;
  TRY(state_->FetchAgainIfWrong([&]() -> Result<> {
    base::StringSink sink(std::string(name), max_bytes);
    TRY(state_->FetchTarget(name, target, sink));
    text = sink.Take();
    return {};
  }));
  return text;
}

Result<> Client::Save(std::string_view name, const std::string& directory, Time now) {
  const TargetFile target = TRY(state_->FindValid(name, now));
  TargetPlace place = TRY(TargetPlace::Open(directory, name));
  if (place.Holds(target)) return {};
  return state_->FetchAgainIfWrong([&] {
    return place.Fill(
        [&](base::ByteSink& sink) { return state_->FetchTarget(name, target, sink); });
  });
}

}  // namespace tough
