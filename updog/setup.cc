#include "updog/setup.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/file.h"
#include "partitions/os_disk.h"

namespace updog {
namespace {

using base::ErrorCode;

constexpr std::uint64_t kMaxTrustedRootBytes = std::uint64_t{512} << 10;

tough::HttpOptions MakeHttpOptions(const Config& config, std::uint32_t random) {
  tough::HttpOptions options;
  options.user_agent = "updog";
  options.https_proxy = config.https_proxy;
  options.no_proxy = config.no_proxy;
  options.ca_bundle = config.ca_bundle;
  options.client_certificate = config.client_certificate;
  options.client_key = config.client_key;
  options.jitter_seed = random;
  return options;
}

}  // namespace

base::Result<Host> IdentifyHost(const Config& config, const std::string& variant,
                                const std::string& machine) {
  const OsRelease release = TRY(LoadOsRelease(config.os_release));
  Host host;
  host.variant = variant.empty() ? release.variant_id : variant;
  host.arch = config.arch.empty() ? machine : config.arch;
  host.seed = config.seed;
  if (host.variant.empty()) {
    return base::Fail(ErrorCode::kUsage, fmt::format("{} has no VARIANT_ID: name the variant with "
                                                     "--variant",
                                                     config.os_release));
  }
  host.version = TRY(RunningVersion(config));
  return host;
}

base::Result<Version> RunningVersion(const Config& config) {
  const OsRelease release = TRY(LoadOsRelease(config.os_release));
  return TRY_CONTEXT(Version::Parse(release.version_id),
                     fmt::format("VERSION_ID in {}", config.os_release));
}

base::Result<signpost::Signpost> OpenSignpost(const Config& config) {
  const partitions::SystemView system = TRY(partitions::CurrentSystem());
  std::optional<signpost::ChosenDisk> chosen;
  if (!config.disk.empty()) {
    chosen = {.path = config.disk, .active = config.active_set.value()};
  }
  return signpost::Signpost::Open(std::move(chosen), system);
}

base::Result<bool> RunningOnTrial() {
  const signpost::Signpost signpost = TRY(OpenSignpost(Config()));
  return TRY(signpost.ReadStatus()).running_on_trial();
}

base::Result<std::string> ReadTrustedRoot(const Config& config) {
  return TRY_CONTEXT(base::ReadFile(config.trusted_root, kMaxTrustedRootBytes), "trusted root");
}

base::Result<Repository> OpenRepository(const Config& config, const Host& host,
                                        std::uint32_t random) {
  const std::string trusted_root = TRY(ReadTrustedRoot(config));
  auto http = TRY(tough::HttpTransport::Create(MakeHttpOptions(config, random)));
  auto transport = std::make_unique<QueryTransport>(*http, host.version.text(), host.seed);
  tough::ClientOptions options;
  options.metadata_base_url = config.metadata_base_url;
  options.targets_base_url = config.targets_base_url;
  options.metadata_dir = config.metadata_dir;
  tough::Client client = TRY(tough::Client::Open(trusted_root, std::move(options), *transport));
  return Repository{
      .http = std::move(http), .transport = std::move(transport), .client = std::move(client)};
}

}  // namespace updog
