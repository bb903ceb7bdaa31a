// Which migrations lead from one version to another.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "updog/manifest.h"

namespace updog {

// The names of the programs to run, in the order in which they run; for a downgrade that of the
// upgrade reversed. At each step the pair that goes furthest without passing the goal is taken.
// kNotFound, naming the version from which no pair leads on.
base::Result<std::vector<std::string>> FindMigrations(const std::vector<Migration>& migrations,
                                                      const Version& from, const Version& to);

// The same for a repository: one that lists no migrations at all has none to run.
base::Result<std::vector<std::string>> PlanMigrations(const Manifest& manifest, const Version& from,
                                                      const Version& to);

}  // namespace updog
