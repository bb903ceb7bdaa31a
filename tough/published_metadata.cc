#include "tough/published_metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <ranges>
#include <set>
#include <utility>

#include "base/sink.h"
#include "tough/delegation_editor.h"
#include "tough/schema.h"
#include "tough/trusted_set.h"
#include "tough/url.h"
#include "tough/verify.h"

namespace tough {

using base::ErrorCode;
using base::Fail;
using base::Result;

namespace {

// A root that the repository has, or that is still to be published.
struct Link {
  std::string bytes;
  std::uint64_t version = 0;
  bool published = false;
};

struct ReadRoot {
  Document document;
  Root root;
};
Result<ReadRoot> Read(const std::string& bytes, const Limits& limits) {
  Document document = TRY(Document::Parse(bytes, limits));
  Root root = TRY(DecodeRoot(document, limits));
  return ReadRoot{std::move(document), std::move(root)};
}

std::string RootName(std::uint64_t version) {
  return fmt::format("{}.root.json", version);
}

// The keys that signed `document`, of those that `delegator` lets sign its root.
std::set<std::string_view> Signers(const Document& document, const Root& delegator) {
  std::set<std::string_view> signers;
  for (const Signature& signature : document.signatures) {
    const auto signer = FindSigner(document, signature, delegator.keys, delegator.root);
    if (signer.has_value()) signers.insert((*signer)->identity());
  }
  return signers;
}

// Is `previous`, which nobody vouches for but the repository, the root that the holders of the keys
// of `next` signed, too? By the threshold of `next`: it takes as many stolen keys to forge it.
Result<> CheckVouchedFor(const ReadRoot& previous, const ReadRoot& next) {
  const auto before = Signers(previous.document, previous.root);
  const auto after = Signers(next.document, previous.root);
  const auto both = std::count_if(before.begin(), before.end(),
                                  [&](std::string_view signer) { return after.contains(signer); });
  if (static_cast<std::uint64_t>(both) >= next.root.root.threshold) return {};
  return Fail(ErrorCode::kUntrusted,
              fmt::format("{} of the keys that signed {} signed {}, and {} are asked for: give "
                          "both roots, the one that you trust first",
                          both, RootName(next.root.version), RootName(previous.root.version),
                          next.root.root.threshold));
}

Result<> CheckExpiry(std::string_view what, base::Time expires, base::Time now) {
  if (expires > now) return {};
  return Fail(ErrorCode::kExpired, fmt::format("{}: expired at {} (the time is {})", what,
                                               base::FormatTime(expires), base::FormatTime(now)));
}

class Reader {
 public:
  Reader(Transport& transport, std::string_view base_url, base::Time reference_time,
         const Limits& limits)
      : transport_(transport),
        base_url_(base_url),
        reference_time_(reference_time),
        limits_(limits) {}

  // From the first of `roots` to the newest.
  Result<std::deque<Link>> WalkRoots(std::span<const std::string> roots);
  // Puts the published root before the first one in front of it. Answers how many: none where the
  // repository has none.
  Result<std::size_t> AddPredecessor(std::deque<Link>& chain);
  // The other roles, by the keys of this root.
  Result<PublishedMetadata> ReadUnder(const std::string& root);

 private:
  Result<std::string> Fetch(const MetadataRequest& request);
  Result<std::optional<std::string>> FetchRoot(std::uint64_t version);
  Result<std::optional<Link>> NextLink(std::uint64_t version, std::span<const std::string> given);

  Transport& transport_;
  std::string base_url_;
  base::Time reference_time_;
  Limits limits_;
};

Result<std::string> Reader::Fetch(const MetadataRequest& request) {
  base::StringSink sink(request.file_name, request.max_bytes);
  TRY(transport_.Fetch({.url = MetadataUrl(base_url_, request.file_name),
                        .max_bytes = request.max_bytes,
                        .kind = FetchKind::kMetadata},
                       sink));
  return sink.Take();
}

Result<std::optional<std::string>> Reader::FetchRoot(std::uint64_t version) {
  Result<std::string> fetched = Fetch({RootName(version), limits_.root_bytes});
  if (!fetched && fetched.error().code() == ErrorCode::kNotFound) return std::nullopt;
  return TRY(std::move(fetched));
}

// As it is published, else as it was given.
Result<std::optional<Link>> Reader::NextLink(std::uint64_t version,
                                             std::span<const std::string> given) {
  std::optional<std::string> published = TRY(FetchRoot(version));
  for (const std::string& bytes : given) {
    const ReadRoot root = TRY(Read(bytes, limits_));
    if (root.root.version != version) continue;
    if (!published) return Link{bytes, version, false};
    // Two roots of one version: some clients have the other one already.
    const ReadRoot other = TRY_CONTEXT(Read(*published, limits_), RootName(version));
    if (other.document.signed_bytes.view() == root.document.signed_bytes.view()) break;
    return Fail(ErrorCode::kMismatch,
                fmt::format("{} is published already, with another content than the given root "
                            "of this version",
                            RootName(version)));
  }
  if (!published) return std::nullopt;
  return Link{*std::move(published), version, true};
}

Result<std::deque<Link>> Reader::WalkRoots(std::span<const std::string> roots) {
  TrustedSet set = TRY(TrustedSet::Create(roots.front(), limits_, reference_time_));
  const std::uint64_t first = set.root().version;
  // For the comparison with what is published; the given one stays the anchor.
  const std::optional<Link> anchor = TRY(NextLink(first, roots.first(1)));
  std::deque<Link> chain = {{roots.front(), first, anchor && anchor->published}};
  while (set.NextRoot()) {
    std::optional<Link> next = TRY(NextLink(set.root().version + 1, roots.subspan(1)));
    if (!next) break;
    TRY(set.UpdateRoot(next->bytes));
    chain.push_back(*std::move(next));
  }
  for (const std::string& bytes : roots.subspan(1)) {
    const std::uint64_t version = TRY(Read(bytes, limits_)).root.version;
    if (version > set.root().version) {
      return Fail(ErrorCode::kMismatch,
                  fmt::format("{} does not follow {}, the newest before it", RootName(version),
                              RootName(set.root().version)));
    }
  }
  TRY(set.FinishRoots());
  return chain;
}

Result<std::size_t> Reader::AddPredecessor(std::deque<Link>& chain) {
  const Link& next = chain.front();
  if (next.version == 1) return 0;
  const std::uint64_t version = next.version - 1;
  std::optional<std::string> bytes = TRY(FetchRoot(version));
  if (!bytes) return 0;
  const ReadRoot previous = TRY_CONTEXT(Read(*bytes, limits_), RootName(version));
  TRY_CONTEXT(CheckVouchedFor(previous, TRY(Read(next.bytes, limits_))), RootName(version));
  TrustedSet set = TRY(TrustedSet::Create(*bytes, limits_, reference_time_));
  TRY(set.UpdateRoot(next.bytes));
  chain.push_front({*std::move(bytes), version, true});
  return 1;
}

Result<PublishedMetadata> Reader::ReadUnder(const std::string& root) {
  // Of the roots only the newest has to be valid today, and this one need not be it.
  TrustedSet set = TRY(TrustedSet::Create(root, limits_, base::Time::min()));
  TRY(set.FinishRoots());
  PublishedMetadata published;
  published.root = root;
  published.timestamp = TRY(Fetch(set.TimestampRequest()));
  TRY(set.UpdateTimestamp(published.timestamp));
  published.snapshot = TRY(Fetch(TRY(set.SnapshotRequest())));
  TRY(set.UpdateSnapshot(published.snapshot));
  published.targets = TRY(Fetch(TRY(set.TargetsRequest())));
  TRY(set.UpdateTargets(published.targets));
  TRY(CheckExpiry("timestamp.json", set.timestamp()->expires, reference_time_));
  TRY(CheckExpiry("snapshot.json", set.snapshot()->expires, reference_time_));
  TRY(CheckExpiry("targets.json", set.targets()->expires, reference_time_));
  const auto load = [this](std::string_view, const MetadataRequest& request) {
    return Fetch(request);
  };
  published.delegated = TRY(LoadDelegatedRoles(set, reference_time_, load));
  return published;
}

// The roles that a delegation leads to. What the snapshot does not list is neither fetched nor
// trusted (R52).
std::vector<Delegations::Match> DelegatedBy(const Delegations& delegations,
                                            const Snapshot& snapshot) {
  std::vector<Delegations::Match> roles;
  if (const auto* bins = std::get_if<SuccinctRoles>(&delegations.roles)) {
    for (const auto& [file, unused] : snapshot.meta) {
      if (!file.ends_with(".json")) continue;
      const std::string name(file.substr(0, file.size() - 5));
      if (IsBin(*bins, name)) roles.push_back({name, bins->signers, Terminating::kYes});
    }
    return roles;
  }
  for (const DelegatedRole& role : std::get<DelegatedRoles>(delegations.roles)) {
    if (snapshot.meta.Find(role.name + ".json"))
      roles.push_back({role.name, role.signers, role.terminating});
  }
  return roles;
}

}  // namespace

Result<DelegatedMetadata> LoadDelegatedRoles(const TrustedSet& set, base::Time reference_time,
                                             const LoadRole& load) {
  DelegatedMetadata loaded;
  // Each role that has been seen, with what it delegates to: the list grows while it is walked.
  std::deque<Targets> seen;
  const auto visit = [&](const Delegations& delegations) -> Result<> {
    for (const Delegations::Match& role : DelegatedBy(delegations, *set.snapshot())) {
      const auto [place, is_new] = loaded.try_emplace(role.name);
      if (is_new) place->second = TRY(load(role.name, TRY(set.DelegatedRequest(role.name))));
      // By each of its delegators: a client may come by any of them.
      Targets targets = TRY(set.VerifyDelegated(delegations, role, place->second, reference_time));
      if (is_new) seen.push_back(std::move(targets));
    }
    return {};
  };
  if (set.targets()->delegations) TRY(visit(*set.targets()->delegations));
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (seen[i].delegations) TRY(visit(*seen[i].delegations));
  }
  return loaded;
}

Result<PublishedMetadata> ReadPublishedMetadata(Transport& transport,
                                                std::string_view metadata_base_url,
                                                std::span<const std::string> roots,
                                                base::Time reference_time, const Limits& limits) {
  Reader reader(transport, metadata_base_url, reference_time, limits);
  std::deque<Link> chain = TRY(reader.WalkRoots(roots));
  if (!chain.front().published) TRY(reader.AddPredecessor(chain));
  std::size_t newest = chain.size() - 1;
  while (newest > 0 && !chain[newest].published) --newest;
  Result<PublishedMetadata> read = reader.ReadUnder(chain[newest].bytes);
  if (!read && read.error().code() == ErrorCode::kUntrusted) {
    // Published, but its keys are still to sign: whoever published it was cut off. The one before
    // then, and no further back: keys that were replaced long ago vouch for nothing.
    if (newest == 0) newest += TRY(reader.AddPredecessor(chain));
    if (newest == 0) return read;
    Result<PublishedMetadata> read_before = reader.ReadUnder(chain[--newest].bytes);
    if (!read_before) return read;
    read = std::move(read_before);
  }
  PublishedMetadata published = TRY(std::move(read));
  for (const Link& link : chain | std::views::take(newest))
    published.past_roots.push_back(link.bytes);
  for (const Link& link : chain | std::views::drop(newest + 1))
    published.next_roots.push_back(link.bytes);
  return published;
}

}  // namespace tough
