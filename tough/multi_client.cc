#include "tough/multi_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "tough/url.h"

namespace tough {

using base::Error;
using base::ErrorCode;
using base::Fail;
using base::Result;
using base::Time;

namespace {

// What repositories have to agree on; what is custom is each one's own (TAP 4).
bool Agree(const TargetFile& a, const TargetFile& b) {
  return a.length == b.length && a.hashes == b.hashes;
}

std::string Below(const std::string& base_url, std::string_view folder) {
  return fmt::format("{}{}{}", base_url, base_url.ends_with('/') ? "" : "/", folder);
}

ClientOptions OptionsOf(const std::string& name, const std::vector<std::string>& base_urls,
                        const MultiClientOptions& options) {
  ClientOptions client;
  client.metadata_base_url = Below(base_urls.front(), "metadata");
  client.targets_base_url = Below(base_urls.front(), "targets");
  for (std::size_t i = 1; i < base_urls.size(); ++i) {
    client.metadata_mirrors.push_back(Below(base_urls[i], "metadata"));
    client.targets_mirrors.push_back(Below(base_urls[i], "targets"));
  }
  client.metadata_dir = options.metadata_dir + "/" + PercentEncode(name);
  client.limits = options.limits;
  client.hash_prefix = options.hash_prefix;
  return client;
}

}  // namespace

Result<MultiClient> MultiClient::Open(
    RepositoryMap map, const std::map<std::string, std::string, std::less<>>& trusted_roots,
    const MultiClientOptions& options, Transport& transport) {
  Clients clients;
  for (const auto& [name, base_urls] : map.repositories) {
    const auto root = trusted_roots.find(name);
    if (root == trusted_roots.end())
      return Fail(ErrorCode::kUsage, fmt::format("repository {:.80}: no trusted root", name));
    clients.emplace(name, TRY_CONTEXT(Client::Open(root->second,
                                                   OptionsOf(name, base_urls, options), transport),
                                      fmt::format("repository {:.80}", name)));
  }
  return MultiClient(std::move(map), std::move(clients));
}

Result<> MultiClient::Refresh(Time now) {
  Result<> all;
  for (auto& [name, client] : clients_) {
    Result<> refreshed = client.Refresh(now);
    if (!refreshed && all)
      all = std::unexpected(
          std::move(refreshed).error().WithContext(fmt::format("repository {:.80}", name)));
  }
  return all;
}

Result<MultiClient::Found> MultiClient::FindIn(const RepositoryMap::Mapping& mapping,
                                               std::string_view name, Time now) {
  std::vector<Found> listed;
  std::optional<Error> failure;
  for (const std::string& repository : mapping.repositories) {
    Client& client = clients_.find(repository)->second;
    Result<TargetFile> file = client.FindTarget(name, now);
    if (file) {
      listed.push_back({*std::move(file), &client});
    } else if (file.error().code() != ErrorCode::kNotFound && !failure) {
      failure = std::move(file).error().WithContext(fmt::format("repository {:.80}", repository));
    }
  }
  for (const Found& found : listed) {
    const auto agreeing = std::count_if(listed.begin(), listed.end(), [&](const Found& other) {
      return Agree(found.file, other.file);
    });
    if (static_cast<std::size_t>(agreeing) >= mapping.threshold) return found;
  }
  if (failure) return std::unexpected(*std::move(failure));
  const bool agree = std::all_of(listed.begin(), listed.end(), [&](const Found& found) {
    return Agree(found.file, listed.front().file);
  });
  const std::string counts =
      fmt::format("target {}: {} of {} repositories list it, {} have to agree", name, listed.size(),
                  mapping.repositories.size(), mapping.threshold);
  if (!agree) return Fail(ErrorCode::kMismatch, counts + ", and they do not");
  return Fail(ErrorCode::kNotFound, counts);
}

Result<MultiClient::Found> MultiClient::Find(std::string_view name, Time now) {
  for (const RepositoryMap::Mapping& mapping : map_.mappings) {
    if (!mapping.Matches(name)) continue;
    Result<Found> found = FindIn(mapping, name, now);
    const bool next_may = !found && found.error().code() == ErrorCode::kNotFound &&
                          mapping.terminating == Terminating::kNo;
    if (!next_may) return found;
  }
  return Fail(ErrorCode::kNotFound, fmt::format("target {}: no mapping leads to it", name));
}

Result<TargetFile> MultiClient::FindTarget(std::string_view name, Time now) {
  return TRY(Find(name, now)).file;
}

Result<> MultiClient::Download(std::string_view name, Time now, base::ByteSink& sink) {
  return TRY(Find(name, now)).client->Download(name, now, sink);
}

Result<> MultiClient::Save(std::string_view name, const std::string& directory, Time now) {
  return TRY(Find(name, now)).client->Save(name, directory, now);
}

}  // namespace tough
