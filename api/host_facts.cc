#include "api/host_facts.h"

#include <optional>
#include <utility>

#include "signpost/signpost.h"
#include "updog/saved_migrations.h"
#include "updog/setup.h"
#include "updog/staged.h"

namespace api {
namespace {

OsFacts Describe(const updog::Config& config, updog::OsRelease release,
                 const std::string& machine) {
  return {.release = std::move(release), .arch = config.arch.empty() ? machine : config.arch};
}

}  // namespace

base::Result<OsFacts> ReadOs(const std::string& config_path, const std::string& machine) {
  // What runs can be told where updog is not configured yet, too.
  const updog::Config config = updog::LoadConfig(config_path).value_or(updog::Config{});
  return Describe(config, TRY(updog::LoadOsRelease(config.os_release)), machine);
}

base::Result<Partitions> ReadPartitions(const std::string& config_path,
                                        const std::string& machine) {
  const updog::Config config = TRY(updog::LoadConfig(config_path));
  const OsFacts os = Describe(config, TRY(updog::LoadOsRelease(config.os_release)), machine);
  const signpost::Signpost signpost = TRY(updog::OpenSignpost(config));
  const signpost::Status status = TRY(signpost.ReadStatus());
  Partitions partitions;
  partitions.active = {.image = {.arch = os.arch,
                                 .version = os.release.version_id,
                                 .variant = os.release.variant_id},
                       .next_to_boot = status.next == signpost.active()};
  if (const auto staged = updog::ReadStaged(config.state_dir, status)) {
    partitions.staging = {.image = {.arch = staged->arch,
                                    .version = staged->version.text(),
                                    .variant = staged->variant},
                          .next_to_boot = status.next == signpost.inactive()};
  }
  return partitions;
}

bool HasMigrationsTo(const std::string& config_path, const std::string& version) {
  const auto config = updog::LoadConfig(config_path);
  const auto to = updog::Version::Parse(version);
  return config && to && updog::RequireSavedMigrations(*config, *to);
}

base::json::Object EncodeOs(const OsFacts& os) {
  base::json::Object object;
  object.Set("arch", os.arch);
  object.Set("build_id", os.release.build_id);
  object.Set("pretty_name", os.release.pretty_name);
  object.Set("variant_id", os.release.variant_id);
  object.Set("version_id", os.release.version_id);
  return object;
}

}  // namespace api
