#include "tough/target_search.h"

#include <fmt/format.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace tough {

using base::ErrorCode;
using base::Fail;
using base::Result;

namespace {

struct Step {
  const Targets* delegator;
  Delegations::Match role;
};

// The roles to be asked next; the back comes first.
using Steps = std::vector<Step>;

void AddDelegations(const Targets& role, std::string_view path, Steps& steps) {
  if (!role.delegations) return;
  std::vector<Delegations::Match> matching = role.delegations->Matching(path);
  // TUF 5.6.7.2.1: of all that is left, only the descendants of a terminating delegation are asked
  // (GHSA-3633-5h82-39pq: a client that went on would let those after it speak for its paths).
  if (!matching.empty() && matching.back().terminating == Terminating::kYes) steps.clear();
  while (!matching.empty()) {
    steps.push_back({&role, std::move(matching.back())});
    matching.pop_back();
  }
}

}  // namespace

Result<TargetFile> SearchTarget(const Targets& top, std::string_view path, std::size_t max_roles,
                                const LoadDelegated& load) {
  std::set<std::string> visited;
  Steps steps;
  for (const Targets* role = &top;;) {
    if (std::optional<TargetFile> found = role->files.Find(path)) return *std::move(found);
    AddDelegations(*role, path, steps);
    while (!steps.empty() && visited.contains(steps.back().role.name)) steps.pop_back();
    if (steps.empty())
      return Fail(ErrorCode::kNotFound, fmt::format("target {}: no metadata lists it", path));
    if (visited.size() == max_roles) {
      return Fail(ErrorCode::kTooLarge,
                  fmt::format("target {} is not listed by any of {} delegated roles, the most that "
                              "are asked",
                              path, max_roles));
    }
    const Step step = std::move(steps.back());
    steps.pop_back();
    visited.insert(step.role.name);
    role = TRY_CONTEXT(load(*step.delegator, step.role),
                       fmt::format("target {} cannot be found", path));
  }
}

}  // namespace tough
