// The map file of TAP 4: which repositories have to agree on which targets.
//
//     {"repositories": {"ours": ["https://a/", "https://mirror/"], "theirs": ["https://b/"]},
//      "mapping": [{"paths": ["*.deb"], "repositories": ["ours", "theirs"], "threshold": 2,
//                   "terminating": true},
//                  {"paths": ["*"], "repositories": ["theirs"]}]}
//
// It is the client's own configuration: as trusted as its root.json, and read as strictly.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tough/delegations.h"
#include "tough/limits.h"

namespace tough {

struct RepositoryMap {
  struct Mapping {
    PathPatterns paths;
    std::vector<std::string> repositories;
    std::size_t
        threshold;  // how many of them have to list the same length and hashes; all if not said
    Terminating terminating = Terminating::kNo;

    bool Matches(std::string_view target) const;
  };

  // By name, the base URLs of the mirrors: metadata lies in metadata/ below them, targets in
  // targets/.
  std::map<std::string, std::vector<std::string>, std::less<>> repositories;
  std::vector<Mapping> mappings;  // in order of priority

  // kMalformed names what is wrong: a shape, a repository that is not defined, a name that no
  // directory can have (it becomes one), a threshold that cannot be met.
  static base::Result<RepositoryMap> Parse(std::string_view text, const Limits& limits = {});
};

}  // namespace tough
