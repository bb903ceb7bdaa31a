#include "tough/tuftool/published_repository.h"

#include <filesystem>
#include <random>
#include <set>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "tough/http_transport.h"
#include "tough/limits.h"
#include "tough/schema.h"
#include "tough/url.h"

namespace tough::tuftool {

namespace fs = std::filesystem;
using base::Result;

std::string AsUrl(const std::string& text) {
  if (text.find("://") != std::string::npos) return text;
  return "file://" + fs::absolute(text).string();
}

Result<std::unique_ptr<Transport>> MakeTransport() {
  HttpOptions options;
  options.user_agent = "tuftool";
  options.jitter_seed = std::random_device()();
  return TRY(HttpTransport::Create(std::move(options)));
}

std::string MetadataUrlOf(const std::string& text) {
  std::error_code error;
  const fs::path below = fs::path(text) / "metadata";
  return AsUrl(fs::is_directory(below, error) ? below.string() : text);
}

Result<PublishedMetadata> ReadPublished(const std::vector<std::string>& roots,
                                        const std::string& metadata_url, base::Time now,
                                        Expired expired) {
  std::vector<std::string> texts;
  texts.reserve(roots.size());
  for (const std::string& path : roots)
    texts.push_back(TRY(base::ReadFile(path, Limits().root_bytes)));
  const auto transport = TRY(MakeTransport());
  const base::Time reference_time = expired == Expired::kAllow ? base::Time::min() : now;
  return TRY_CONTEXT(ReadPublishedMetadata(*transport, AsUrl(metadata_url), texts, reference_time),
                     metadata_url);
}

Result<std::string> ReadRoleFile(const std::string& directory, std::string_view role) {
  const std::string path = directory + "/" + PercentEncode(role) + ".json";
  return base::ReadFile(path, Limits().listed_bytes);
}

PublishedRepository::PublishedRepository(base::TemporaryDirectory scratch,
                                         std::unique_ptr<Transport> transport, Client client,
                                         std::string trusted_root, std::string metadata_url,
                                         base::Time now)
    : scratch_(std::move(scratch)),
      transport_(std::move(transport)),
      client_(std::move(client)),
      trusted_root_(std::move(trusted_root)),
      metadata_url_(std::move(metadata_url)),
      now_(now) {}
PublishedRepository::PublishedRepository(PublishedRepository&&) noexcept = default;
PublishedRepository::~PublishedRepository() = default;

Result<PublishedRepository> PublishedRepository::Open(std::string_view trusted_root,
                                                      const std::string& metadata_url,
                                                      const std::string& targets_url,
                                                      base::Time now, Expired expired) {
  // Before the beginning of time nothing has expired.
  const base::Time reference_time = expired == Expired::kAllow ? base::Time::min() : now;
  base::TemporaryDirectory scratch = TRY(base::TemporaryDirectory::Create("tuftool"));
  auto transport = TRY(MakeTransport());
  ClientOptions options;
  options.metadata_base_url = AsUrl(metadata_url);
  options.targets_base_url = AsUrl(targets_url.empty() ? metadata_url : targets_url);
  options.metadata_dir = scratch.path();
  Client client = TRY(Client::Open(trusted_root, std::move(options), *transport));
  TRY_CONTEXT(client.Refresh(reference_time), metadata_url);
  return PublishedRepository(std::move(scratch), std::move(transport), std::move(client),
                             std::string(trusted_root), AsUrl(metadata_url), reference_time);
}

Result<std::vector<std::string>> PublishedRepository::TargetNames() const {
  const std::vector<std::string> roots = {trusted_root_};
  const PublishedMetadata published =
      TRY(ReadPublishedMetadata(*transport_, metadata_url_, roots, now_));
  std::set<std::string> names;
  const auto add = [&names](const std::string& bytes) -> Result<> {
    const Targets targets = TRY(DecodeTargets(TRY(Document::Parse(bytes, Limits())), Limits()));
    for (std::string& name : targets.files.Names()) names.insert(std::move(name));
    return {};
  };
  TRY(add(published.targets));
  for (const auto& [role, bytes] : published.delegated) TRY(add(bytes));
  return std::vector<std::string>(names.begin(), names.end());
}

Result<TargetFile> PublishedRepository::Find(const std::string& name) {
  return client_.FindTarget(name);
}

Result<> PublishedRepository::Save(const std::string& name, const std::string& directory) {
  return client_.Save(name, directory, now_);
}

}  // namespace tough::tuftool
