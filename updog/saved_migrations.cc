#include "updog/saved_migrations.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/bytes.h"
#include "base/file.h"
#include "base/null_sink.h"
#include "tough/datastore.h"
#include "tough/limits.h"
#include "tough/trusted_set.h"
#include "tough/url.h"
#include "updog/migrations.h"
#include "updog/setup.h"

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

// Whether what lies there, or is to be made there, is gone after a reboot.
bool IsInMemory(const std::string& path) {
  fs::path present = fs::absolute(path);
  struct statfs status{};
  while (statfs(present.c_str(), &status) != 0) {
    if (present == present.root_path()) return false;
    present = present.parent_path();
  }
  return status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC;
}

bool IsForSubstitute(const MigrationPlaces& places) {
  return IsInMemory(places.usual) && !IsInMemory(places.substitute);
}

const std::string& PlaceToSave(const MigrationPlaces& places) {
  return IsForSubstitute(places) ? places.substitute : places.usual;
}

base::Result<> RemoveTree(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return base::FailErrno(error.value(), path);
  return {};
}

base::Result<Manifest> ReadManifest(const std::string& directory) {
  const std::string path = fmt::format("{}/{}", TargetsOf(directory), kManifestName);
  return TRY_CONTEXT(ParseManifest(TRY(base::ReadFile(path, kMaxManifestBytes))), path);
}

base::Result<> FetchAll(tough::Transport& transport, const MigrationSource& source,
                        const VersionChange& change, const std::string& directory, base::Time now) {
  tough::ClientOptions options;
  options.metadata_base_url = source.metadata_base_url;
  options.targets_base_url = source.targets_base_url;
  // A cache of its own, which stays what it is now while updog's goes on.
  options.metadata_dir = MetadataOf(directory);
  tough::Client client =
      TRY(tough::Client::Open(source.trusted_root, std::move(options), transport));
  TRY(client.Refresh(now));
  TRY(client.Save(kManifestName, TargetsOf(directory), now));
  // The one that was saved, which may be newer than the one that the update was chosen from.
  const Manifest manifest = TRY(ReadManifest(directory));
  for (const std::string& name : TRY(PlanMigrations(manifest, change.from, change.to))) {
    TRY(client.Save(name, TargetsOf(directory), now));
  }
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

base::Result<> Rename(const std::string& from, const std::string& to, unsigned flags) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) == 0) return {};
  return base::FailErrno(errno, fmt::format("rename {} to {}", from, to));
}

base::Result<FoundMigrations> FindIn(const std::string& directory, std::string_view trusted_root,
                                     const VersionChange& change) {
  SavedMigrations saved = TRY(SavedMigrations::Open(directory, trusted_root));
  std::vector<std::string> names = TRY(PlanMigrations(saved.manifest(), change.from, change.to));
  for (const std::string& name : names) {
    base::NullSink verified;
    TRY_CONTEXT(saved.Read(name, verified), fmt::format("migration {:.100}", name));
  }
  return FoundMigrations{.saved = std::move(saved), .names = std::move(names)};
}

}  // namespace

MigrationPlaces PlacesOf(const Config& config) {
  return {.usual = config.migrations_dir, .substitute = config.state_dir + "/migrations"};
}

base::Result<> FetchMigrations(tough::Transport& transport, const MigrationSource& source,
                               const VersionChange& change, const MigrationPlaces& places,
                               base::Time now) {
  const std::string fresh = PlaceToSave(places) + ".new";
  TRY(RemoveTree(fresh));
  auto fetched = FetchAll(transport, source, change, fresh, now);
  if (fetched) fetched = FetchOlderRoots(transport, source, fresh);
  if (!fetched) {
    // Half of it must not be put in place by a later update.
    (void)RemoveTree(fresh);
    return std::unexpected(std::move(fetched).error().WithContext("migrations"));
  }
  return {};
}

base::Result<> PutMigrationsInPlace(const MigrationPlaces& places) {
  const std::string& directory = PlaceToSave(places);
  const std::string fresh = directory + ".new";
  if (!Rename(fresh, directory, RENAME_EXCHANGE)) {
    // There are none before them; or the file system does not know that.
    TRY(RemoveTree(directory));
    TRY(Rename(fresh, directory, 0));
  }
  // Durable before the set is marked valid: an update that starts finds its migrations.
  const std::string parent = fs::absolute(directory).parent_path();
  const base::UniqueFd opened = TRY(base::OpenDirectory(parent));
  if (fsync(opened.get()) != 0) return base::FailErrno(errno, parent);
  // Nothing depends on it that these are gone; they only take room.
  (void)RemoveTree(fresh);
  std::error_code unequal;
  if (places.usual == places.substitute || fs::equivalent(places.usual, places.substitute, unequal))
    return {};
  (void)RemoveTree(&directory == &places.usual ? places.substitute : places.usual);
  return {};
}

SavedMigrations::SavedMigrations(std::unique_ptr<tough::HttpTransport> transport,
                                 tough::Client client, Manifest manifest)
    : transport_(std::move(transport)),
      client_(std::move(client)),
      manifest_(std::move(manifest)) {}

base::Result<SavedMigrations> SavedMigrations::Open(const std::string& directory,
                                                    std::string_view trusted_root) {
  std::error_code error;  // whatever it is, nothing can be read there
  if (!fs::exists(MetadataOf(directory), error)) {
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

base::Result<tough::TargetFile> SavedMigrations::Find(const std::string& name) {
  return client_.FindTarget(name);
}

base::Result<> SavedMigrations::Read(const std::string& name, base::ByteSink& sink) {
  return client_.Download(name, kAnyTime, sink);
}

base::Result<FoundMigrations> FindSavedMigrations(const MigrationPlaces& places,
                                                  std::string_view trusted_root,
                                                  const VersionChange& change) {
  auto usual = FindIn(places.usual, trusted_root, change);
  if (usual) return usual;
  auto substitute = FindIn(places.substitute, trusted_root, change);
  // Where neither will do, the usual place is the one to look at, unless nothing is there.
  return substitute || IsForSubstitute(places) ? std::move(substitute) : std::move(usual);
}

base::Result<> RequireSavedMigrations(const Config& config, const Version& to) {
  const Version from = TRY(RunningVersion(config));
  const auto found =
      FindSavedMigrations(PlacesOf(config), TRY(ReadTrustedRoot(config)), {.from = from, .to = to});
  if (found) return {};
  // Somebody else looks at them at this moment.
  if (found.error().code() == ErrorCode::kBusy) return std::unexpected(found.error());
  return base::Fail(ErrorCode::kState,
                    fmt::format("what carries the settings to {} is not there ({}): updog "
                                "update-image fetches it again",
                                to.text(), found.error().message()));
}

bool AreMigrationsSaved(const Config& config, const VersionChange& change,
                        const std::vector<std::string>& names, tough::Client& repository) {
  const auto trusted_root = ReadTrustedRoot(config);
  if (!trusted_root) return false;
  auto found = FindSavedMigrations(PlacesOf(config), *trusted_root, change);
  if (!found || found->names != names) return false;
  return std::ranges::all_of(names, [&](const std::string& name) {
    const auto saved = found->saved.Find(name);
    const auto published = repository.FindTarget(name);
    return saved && published && saved->length == published->length &&
           saved->hashes == published->hashes;
  });
}

}  // namespace updog
