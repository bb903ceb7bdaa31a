// What this host says of itself: what runs, what is staged, what boots next. Read anew at each call
// from the configuration, os-release and the partition table; nothing is written.
#pragma once

#include <string>

#include "api/update_status.h"
#include "base/result.h"
#include "updog/config.h"

namespace api {

struct OsFacts {
  updog::OsRelease release;
  std::string arch;
};

// `machine` (uname -m) is the architecture where the configuration names none.
base::Result<OsFacts> ReadOs(const std::string& config_path, const std::string& machine);
base::Result<Partitions> ReadPartitions(const std::string& config_path, const std::string& machine);

// Whether what is staged finds the migrations of its settings after the reboot.
bool HasMigrationsTo(const std::string& config_path, const std::string& version);

// {"arch": …, "build_id": …, "pretty_name": …, "variant_id": …, "version_id": …}
base::json::Object EncodeOs(const OsFacts& os);

}  // namespace api
