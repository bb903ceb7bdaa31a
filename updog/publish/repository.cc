#include "updog/publish/repository.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <utility>

#include "base/bytes.h"
#include "base/null_sink.h"
#include "base/temporary_directory.h"
#include "tough/limits.h"
#include "tough/published_metadata.h"
#include "tough/schema.h"
#include "tough/url.h"
#include "updog/manifest.h"

namespace updog::publish {
namespace {

using base::ErrorCode;

constexpr base::Time kBeforeAnyExpiry = base::Time::min();

base::Result<std::string> UrlOf(const std::string& directory) {
  const std::string absolute = std::filesystem::absolute(directory).lexically_normal().string();
  return tough::TargetUrl("file:///", absolute.substr(1));
}

base::Result<std::vector<std::string>> ReadRoots(const std::vector<std::string>& paths) {
  std::vector<std::string> roots;
  roots.reserve(paths.size());
  for (const std::string& path : paths) {
    roots.push_back(TRY(base::ReadFile(path, tough::Limits().root_bytes)));
  }
  return roots;
}

base::Result<base::Time> ExpiryOf(const std::string& path) {
  const std::string text = TRY(base::ReadFile(path, tough::Limits().listed_bytes));
  const base::json::Value document = TRY(base::json::Parse(text));
  const base::json::Object* content = TRY(base::json::RequireObject(*document.object(), "signed"));
  return base::ParseTime(*TRY(base::json::RequireString(*content, "expires")));
}

}  // namespace

struct Repository::Parts {
  RepositoryOptions options;
  base::FileLock lock;
  base::TemporaryDirectory scratch;
  std::vector<std::string> roots;
  std::string metadata_url;
  std::string targets_url;
  std::unique_ptr<tough::HttpTransport> files;
  NextStateTransport transport;
  std::optional<tough::RepositoryEditor> editor;
  // Knows what is published; nobody where nothing is.
  std::optional<tough::Client> old_host;
  std::vector<tough::TargetSource> added;

  base::Result<tough::Client> MakeHost(const std::string& name) {
    tough::ClientOptions client;
    client.metadata_base_url = metadata_url;
    client.targets_base_url = targets_url;
    client.metadata_dir = scratch / name;
    return tough::Client::Open(roots.front(), std::move(client), transport);
  }
};

Repository::Repository(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Repository::Repository(Repository&&) noexcept = default;
Repository::~Repository() = default;

const std::string& Repository::directory() const {
  return parts_->options.directory;
}

base::Result<Repository> Repository::Open(RepositoryOptions options) {
  TRY(base::MakeDirectories(options.directory));
  base::FileLock lock = TRY_CONTEXT(base::FileLock::Acquire(options.directory + "/.publish.lock"),
                                    "somebody else publishes");
  base::TemporaryDirectory scratch = TRY(base::TemporaryDirectory::Create("publish"));
  std::vector<std::string> roots = TRY(ReadRoots(options.roots));
  std::string url = TRY(UrlOf(options.directory));
  tough::HttpOptions http;
  http.jitter_seed = std::random_device()();
  std::unique_ptr<tough::HttpTransport> files = TRY(tough::HttpTransport::Create(http));
  tough::HttpTransport& inner = *files;
  Repository repository(std::unique_ptr<Parts>(new Parts{.options = std::move(options),
                                                         .lock = std::move(lock),
                                                         .scratch = std::move(scratch),
                                                         .roots = std::move(roots),
                                                         .metadata_url = url + "/metadata",
                                                         .targets_url = url + "/targets",
                                                         .files = std::move(files),
                                                         .transport = NextStateTransport(inner),
                                                         .editor = {},
                                                         .old_host = {},
                                                         .added = {}}));
  TRY_CONTEXT(repository.ReadPublished(), repository.parts_->options.directory);
  return repository;
}

base::Result<> Repository::ReadPublished() {
  Parts& parts = *parts_;
  if (access((parts.options.directory + "/metadata/timestamp.json").c_str(), F_OK) != 0) {
    parts.editor = TRY(tough::RepositoryEditor::Create(parts.roots.back()));
    return {};
  }
  const tough::PublishedMetadata published = TRY(tough::ReadPublishedMetadata(
      parts.transport, parts.metadata_url, parts.roots, kBeforeAnyExpiry));
  parts.editor = TRY(tough::RepositoryEditor::Open(published));
  parts.old_host = TRY(parts.MakeHost("old"));
  TRY(parts.old_host->Refresh(kBeforeAnyExpiry));
  auto manifest = parts.old_host->Fetch(kManifestName, kMaxManifestBytes, kBeforeAnyExpiry);
  if (!manifest && manifest.error().code() != ErrorCode::kNotFound) {
    return std::unexpected(std::move(manifest).error());
  }
  if (manifest) manifest_ = *std::move(manifest);
  return {};
}

base::Result<> Repository::Renew(const std::set<std::string>& roles) {
  tough::RepositoryEditor& editor = *parts_->editor;
  const Expiries& expires = parts_->options.expires;
  for (const std::string& role : roles) {
    const bool timestamp = role == "timestamp";
    const base::Time time = role == "snapshot" ? expires.snapshot : expires.targets;
    TRY(editor.SetExpires(role, timestamp ? expires.timestamp : time));
  }
  TRY(editor.Sign(parts_->options.keys));
  return {};
}

base::Result<> Repository::BeginManifest() {
  return BeginRelease({std::string(kManifestName)});
}

base::Result<> Repository::BeginRelease(const std::vector<std::string>& target_names) {
  std::set<std::string> roles = {"snapshot", "timestamp"};
  // All of a new one.
  if (!parts_->old_host) roles.insert("targets");
  for (const std::string& name : target_names) {
    roles.insert(TRY(parts_->editor->RoleForTarget(name)));
  }
  return Renew(roles);
}

base::Result<> Repository::BeginTimestamp() {
  if (!parts_->old_host) {
    return base::Fail(ErrorCode::kNotFound,
                      fmt::format("{}: nothing is published yet", parts_->options.directory));
  }
  return Renew({"timestamp"});
}

bool Repository::Lists(const std::string& target_name) {
  return parts_->old_host && parts_->old_host->FindTarget(target_name).has_value();
}

base::Result<> Repository::AddTarget(const std::string& name, const std::string& path) {
  tough::TargetSource source{.name = name, .path = path, .description = {}};
  source.description = TRY(tough::DescribeTarget(path));
  if (parts_->old_host && name != kManifestName) {
    const auto listed = parts_->old_host->FindTarget(name);
    const tough::Hash hash{.algorithm = base::DigestAlgorithm::kSha256,
                           .hex = source.description.sha256};
    if (listed && std::ranges::find(listed->hashes, hash) == listed->hashes.end()) {
      return base::Fail(ErrorCode::kState,
                        fmt::format("{}: {} is published already with other bytes", path, name));
    }
  }
  const std::string role = TRY(parts_->editor->RoleForTarget(name));
  TRY(parts_->editor->AddTarget(name, source.description, role));
  parts_->added.push_back(std::move(source));
  return {};
}

base::Result<> Repository::SetManifest(const std::string& text) {
  const std::string path = parts_->scratch / std::string(kManifestName);
  TRY(base::ReplaceFile(path, base::AsBytes(text)));
  TRY(AddTarget(std::string(kManifestName), path));
  // One that was delegated after it was published: hosts would find the old one first.
  if (TRY(parts_->editor->RoleForTarget(kManifestName)) != "targets") {
    auto removed = parts_->editor->RemoveTarget(kManifestName);
    if (!removed && removed.error().code() != ErrorCode::kNotFound) return removed;
    if (removed) TRY(Renew({"targets"}));
  }
  manifest_ = text;
  return {};
}

base::Result<> Repository::Publish(base::Time now) {
  Parts& parts = *parts_;
  const std::string& directory = parts.options.directory;
  const std::vector<tough::MetadataFile> metadata =
      TRY(parts.editor->Sign(parts.options.keys, tough::ExistingMetadata(directory)));
  TRY(tough::PublishRepository(directory, parts.added, {}));
  parts.transport.Show(parts.metadata_url, metadata);
  tough::Client new_host = TRY(parts.MakeHost("new"));
  TRY_CONTEXT(Check(new_host, now), "not published: a new host could not take it");
  if (parts.old_host) {
    TRY_CONTEXT(Check(*parts.old_host, now),
                "not published: a host that knows the present state could not take it");
  }
  return tough::PublishRepository(directory, {}, metadata);
}

base::Result<> Repository::Check(tough::Client& host, base::Time now) {
  TRY(host.Refresh(now));
  if (!manifest_) return {};
  const std::string text = TRY(host.Fetch(kManifestName, kMaxManifestBytes, now));
  if (text != *manifest_) {
    return base::Fail(ErrorCode::kMismatch, "hosts find another manifest.json");
  }
  const Manifest manifest = TRY_CONTEXT(ParseManifest(text), kManifestName);
  for (const Update& update : manifest.updates) {
    for (const std::string& name : {update.images.boot, update.images.root, update.images.hash}) {
      TRY_CONTEXT(host.FindTarget(name),
                  fmt::format("{} {}", update.variant, update.version.text()));
    }
  }
  for (const Migration& migration : manifest.migrations) {
    for (const std::string& name : migration.names) TRY(host.FindTarget(name));
  }
  base::NullSink sink;
  for (const tough::TargetSource& source : parts_->added) {
    TRY(host.Download(source.name, now, sink));
  }
  return {};
}

std::vector<std::string> Repository::ExpiringBefore(base::Time time) const {
  std::vector<std::string> lines;
  if (!parts_->old_host) return lines;
  for (const std::string role : {"root", "targets", "snapshot"}) {
    const auto expires = ExpiryOf(parts_->scratch / ("old/" + role + ".json"));
    if (expires && *expires < time) {
      lines.push_back(fmt::format("{} expires {}", role, base::FormatTime(*expires)));
    }
  }
  return lines;
}

}  // namespace updog::publish
