#include "updog/saved_migrations.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/bytes.h"
#include "base/file.h"
#include "tough/datastore.h"
#include "tough/limits.h"
#include "tough/trusted_set.h"
#include "tough/url.h"

namespace updog {
namespace {

using base::ErrorCode;
namespace fs = std::filesystem;

// Whatever has expired: what is verified is who signed, not when it was to be replaced.
constexpr base::Time kAnyTime = base::Time::min();
// How far an image that a host goes back to may lag behind, in roots.
constexpr std::uint64_t kMaxOlderRoots = 64;

std::string MetadataOf(const std::string& directory) {
  return directory + "/metadata";
}
std::string TargetsOf(const std::string& directory) {
  return directory + "/targets";
}

std::string FileUrl(const std::string& path) {
  std::string url = "file://";
  for (const fs::path& part : fs::absolute(path).relative_path()) {
    url += "/" + tough::PercentEncode(part.string());
  }
  return url;
}

base::Result<> RemoveTree(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return base::FailErrno(error.value(), path);
  return {};
}

base::Result<> FetchAll(tough::Transport& transport, const MigrationSource& source,
                        const std::vector<std::string>& names, const std::string& directory,
                        base::Time now) {
  tough::ClientOptions options;
  options.metadata_base_url = source.metadata_base_url;
  options.targets_base_url = source.targets_base_url;
  // A cache of its own, which stays what it is now while updog's goes on.
  options.metadata_dir = MetadataOf(directory);
  tough::Client client =
      TRY(tough::Client::Open(source.trusted_root, std::move(options), transport));
  TRY(client.Refresh(now));
  TRY(client.Save(kManifestName, TargetsOf(directory), now));
  for (const std::string& name : names) TRY(client.Save(name, TargetsOf(directory), now));
  return {};
}

// The roots before the trusted one, as far as the repository still has them. They are verified when
// they are used.
base::Result<> FetchOlderRoots(tough::Transport& transport, const MigrationSource& source,
                               const std::string& directory) {
  const tough::Limits limits;
  const auto trusted = TRY(tough::TrustedSet::Create(source.trusted_root, limits, kAnyTime));
  tough::Datastore cache = TRY(tough::Datastore::Open(MetadataOf(directory)));
  const std::uint64_t last = trusted.root().version;
  const std::uint64_t first = last > kMaxOlderRoots ? last - kMaxOlderRoots : 1;
  for (std::uint64_t version = first; version <= last; ++version) {
    const std::string name = fmt::format("{}.root.json", version);
    base::StringSink root(name, limits.root_bytes);
    const auto fetched = transport.Fetch({.url = tough::MetadataUrl(source.metadata_base_url, name),
                                          .max_bytes = limits.root_bytes,
                                          .kind = tough::FetchKind::kMetadata},
                                         root);
    if (!fetched && fetched.error().code() == ErrorCode::kNotFound) continue;
    TRY(base::Result<>(fetched));
    TRY(cache.StorePastRoot(version, root.Take()));
  }
  return {};
}

}  // namespace

base::Result<> FetchMigrations(tough::Transport& transport, const MigrationSource& source,
                               const std::vector<std::string>& names, const std::string& directory,
                               base::Time now) {
  const std::string fresh = directory + ".new";
  TRY(RemoveTree(fresh));
  auto fetched = FetchAll(transport, source, names, fresh, now);
  if (fetched) fetched = FetchOlderRoots(transport, source, fresh);
  if (!fetched) {
    // Half of it must not be put in place by a later update.
    (void)RemoveTree(fresh);
    return std::unexpected(std::move(fetched).error().WithContext("migrations"));
  }
  return {};
}

base::Result<> PutMigrationsInPlace(const std::string& directory) {
  const std::string fresh = directory + ".new";
  TRY(RemoveTree(directory));
  if (std::rename(fresh.c_str(), directory.c_str()) != 0) {
    return base::FailErrno(errno, fmt::format("rename {} to {}", fresh, directory));
  }
  // Durable before the set is marked valid: an update that starts finds its migrations.
  const std::string parent = fs::absolute(directory).parent_path();
  const base::UniqueFd opened = TRY(base::OpenDirectory(parent));
  if (fsync(opened.get()) != 0) return base::FailErrno(errno, parent);
  return {};
}

SavedMigrations::SavedMigrations(std::unique_ptr<tough::HttpTransport> transport,
                                 tough::Client client, Manifest manifest)
    : transport_(std::move(transport)),
      client_(std::move(client)),
      manifest_(std::move(manifest)) {}

base::Result<SavedMigrations> SavedMigrations::Open(const std::string& directory,
                                                    std::string_view trusted_root) {
  if (!fs::exists(MetadataOf(directory))) {
    return base::Fail(ErrorCode::kNotFound,
                      fmt::format("no migrations are saved in {}", directory));
  }
  tough::HttpOptions http;
  http.attempts = 1;  // a file that cannot be read now cannot be read in a second
  auto transport = TRY(tough::HttpTransport::Create(std::move(http)));
  tough::ClientOptions options;
  options.targets_base_url = FileUrl(TargetsOf(directory));
  options.metadata_dir = MetadataOf(directory);
  options.hash_prefix = tough::HashPrefix::kOmit;
  tough::Client client = TRY(tough::Client::Open(trusted_root, std::move(options), *transport));
  TRY_CONTEXT(client.LoadOffline(kAnyTime), directory);
  const std::string text =
      TRY_CONTEXT(client.Fetch(kManifestName, kMaxManifestBytes, kAnyTime), directory);
  Manifest manifest =
      TRY_CONTEXT(ParseManifest(text), fmt::format("{}/{}", directory, kManifestName));
  return SavedMigrations(std::move(transport), std::move(client), std::move(manifest));
}

base::Result<> SavedMigrations::Read(const std::string& name, base::ByteSink& sink) {
  return client_.Download(name, kAnyTime, sink);
}

}  // namespace updog
