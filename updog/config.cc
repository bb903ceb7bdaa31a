#include "updog/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/file.h"
#include "base/json.h"
#include "signpost/signpost.h"
#include "updog/toml.h"
#include "updog/urls.h"
#include "updog/waves.h"

namespace updog {
namespace {

using base::ErrorCode;
using base::json::Object;
using base::json::Value;

constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 20;

constexpr auto kKnownKeys = std::to_array<std::string_view>(
    {"active_set", "arch", "ca_bundle", "client_certificate", "client_key", "disk", "https_proxy",
     "ignore_waves", "metadata_base_url", "metadata_dir", "migrations_dir", "no_proxy",
     "os_release", "seed", "state_dir", "targets_base_url", "trusted_root", "version_lock"});

std::unexpected<base::Error> FailKey(std::string_view key, std::string_view what) {
  return base::Fail(ErrorCode::kUsage, fmt::format("{:.60}: {}", key, what));
}

// The optional string at `key`: `into` keeps its default where the key is absent.
base::Result<> ReadText(const Object& document, std::string_view key, std::string& into) {
  const Value* value = document.Find(key);
  if (value == nullptr) return {};
  if (value->string() == nullptr) return FailKey(key, "not a string");
  into = *value->string();
  return {};
}

base::Result<> ReadPath(const Object& document, std::string_view key, std::string& into) {
  TRY(ReadText(document, key, into));
  if (document.Find(key) != nullptr && into.empty()) return FailKey(key, "empty");
  // What lies beside a directory has its name with something added.
  while (into.size() > 1 && into.ends_with('/')) into.pop_back();
  return {};
}

base::Result<> ReadBaseUrl(const Object& document, std::string_view key, std::string& into) {
  if (document.Find(key) == nullptr) return {};
  TRY(ReadText(document, key, into));
  TRY_CONTEXT(CheckBaseUrl(into), key);
  return {};
}

base::Result<> ReadFlag(const Object& document, std::string_view key, bool& into) {
  const Value* value = document.Find(key);
  if (value == nullptr) return {};
  if (value->boolean() == nullptr) return FailKey(key, "neither true nor false");
  into = *value->boolean();
  return {};
}

base::Result<> ReadSeed(const Object& document, std::uint32_t& into) {
  const Value* value = document.Find("seed");
  if (value == nullptr) return {};
  into = TRY_CONTEXT(ParseSeed(*value), "seed");
  return {};
}

base::Result<> ReadList(const Object& document, std::string_view key,
                        std::vector<std::string>& into) {
  const Value* value = document.Find(key);
  if (value == nullptr) return {};
  if (value->array() == nullptr) return FailKey(key, "not a list of strings");
  for (const Value& element : *value->array()) {
    if (element.string() == nullptr) return FailKey(key, "not a list of strings");
    into.push_back(*element.string());
  }
  return {};
}

base::Result<> ReadVersionLock(const Object& document, VersionLock& into) {
  std::string text = "latest";
  TRY(ReadText(document, "version_lock", text));
  into = TRY_CONTEXT(ParseVersionLock(text), "version_lock");
  return {};
}

base::Result<> ReadDisk(const Object& document, Config& config) {
  TRY(ReadPath(document, "disk", config.disk));
  std::string active;
  TRY(ReadText(document, "active_set", active));
  if (document.Find("active_set") != nullptr) {
    config.active_set = TRY_CONTEXT(signpost::ParseSlot(active), "active_set");
  }
  if (config.disk.empty() && config.active_set) {
    return FailKey("active_set", "is for use with disk, which is missing");
  }
  if (!config.disk.empty() && !config.active_set) {
    return FailKey("active_set", "missing; disk needs it (\"a\" or \"b\")");
  }
  return {};
}

base::Result<> ReadCertificates(const Object& document, Config& config) {
  TRY(ReadPath(document, "ca_bundle", config.ca_bundle));
  TRY(ReadPath(document, "client_certificate", config.client_certificate));
  TRY(ReadPath(document, "client_key", config.client_key));
  if (config.client_certificate.empty() != config.client_key.empty()) {
    return FailKey(config.client_key.empty() ? "client_key" : "client_certificate",
                   "missing; client_certificate and client_key go together");
  }
  return {};
}

base::Result<> RefuseUnknownKeys(const Object& document) {
  for (const base::json::Member& member : document.members()) {
    if (!std::ranges::binary_search(kKnownKeys, member.name)) {
      return FailKey(member.name, "unknown key");
    }
  }
  return {};
}

base::Result<> RequireWhatHasNoDefault(const Object& document) {
  for (const std::string_view key : {"metadata_base_url", "targets_base_url"}) {
    if (document.Find(key) == nullptr) return FailKey(key, "missing");
  }
  if (document.Find("seed") != nullptr) return {};
  return FailKey("seed", "missing; choose a number from 0 to 2047 for this host, at random");
}

base::Result<Config> Decode(const Object& document) {
  TRY(RefuseUnknownKeys(document));
  Config config;
  TRY(ReadBaseUrl(document, "metadata_base_url", config.metadata_base_url));
  TRY(ReadBaseUrl(document, "targets_base_url", config.targets_base_url));
  TRY(ReadSeed(document, config.seed));
  TRY(ReadVersionLock(document, config.version_lock));
  TRY(ReadFlag(document, "ignore_waves", config.ignore_waves));
  TRY(ReadText(document, "https_proxy", config.https_proxy));
  TRY(ReadList(document, "no_proxy", config.no_proxy));
  TRY(ReadPath(document, "trusted_root", config.trusted_root));
  TRY(ReadPath(document, "metadata_dir", config.metadata_dir));
  TRY(ReadPath(document, "migrations_dir", config.migrations_dir));
  TRY(ReadPath(document, "state_dir", config.state_dir));
  TRY(ReadPath(document, "os_release", config.os_release));
  TRY(ReadPath(document, "arch", config.arch));
  TRY(ReadDisk(document, config));
  TRY(ReadCertificates(document, config));
  return config;
}

base::Result<Object> ParseDocument(std::string_view toml, std::string_view path) {
  auto document = ParseToml(toml);
  if (document) return *std::move(document);
  return base::Fail(ErrorCode::kUsage, fmt::format("{}: {}", path, document.error().message()));
}

// The value of an assignment as a shell would see it (os-release(5)): quotes off, escapes undone.
std::string Unquote(std::string_view text) {
  if (text.empty() || (text.front() != '"' && text.front() != '\'')) return std::string(text);
  const char quote = text.front();
  std::string value;
  for (std::size_t i = 1; i < text.size() && text[i] != quote; ++i) {
    const bool escape = quote == '"' && text[i] == '\\' && i + 1 < text.size();
    if (escape) ++i;
    value.push_back(text[i]);
  }
  return value;
}

std::string_view TrimRight(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r");
  return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

}  // namespace

base::Result<std::uint32_t> ParseSeed(const Value& value) {
  const std::uint64_t* number = value.unsigned_integer();
  if (number != nullptr && *number <= kSeeds) return static_cast<std::uint32_t>(*number);
  return base::Fail(ErrorCode::kUsage,
                    fmt::format("not a whole number from 0 to {}, in digits", kSeeds - 1));
}

base::Result<Config> ParseConfig(std::string_view toml, std::string_view path) {
  const Object document = TRY(ParseDocument(toml, path));
  // First what is there: a misspelt key would otherwise be reported as a missing one.
  Config config = TRY_CONTEXT(Decode(document), path);
  TRY_CONTEXT(RequireWhatHasNoDefault(document), path);
  return config;
}

base::Result<Config> ParseImageConfig(std::string_view toml, std::string_view path) {
  return TRY_CONTEXT(Decode(TRY(ParseDocument(toml, path))), path);
}

base::Result<Config> LoadConfig(const std::string& path) {
  auto text = base::ReadFile(path, kMaxFileBytes);
  // Whatever keeps it from being read, it is the configuration that is wrong: exit status 2.
  if (!text) {
    return base::Fail(ErrorCode::kUsage, fmt::format("configuration: {}", text.error().message()));
  }
  return ParseConfig(*text, path);
}

OsRelease ParseOsRelease(std::string_view text) {
  OsRelease release;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = TrimRight(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, equals);
    const std::string value = Unquote(line.substr(equals + 1));
    if (name == "VARIANT_ID") release.variant_id = value;
    if (name == "VERSION_ID") release.version_id = value;
    if (name == "BUILD_ID") release.build_id = value;
    if (name == "PRETTY_NAME") release.pretty_name = value;
  }
  return release;
}

base::Result<OsRelease> LoadOsRelease(const std::string& path) {
  return ParseOsRelease(TRY(base::ReadFile(path, kMaxFileBytes)));
}

}  // namespace updog
