// The search for who lists a target (TUF 5.6.7): through a tree of delegations, lazily. No input or
// output of its own.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "base/result.h"
#include "tough/delegations.h"
#include "tough/schema.h"

namespace tough {

// The metadata of a delegated role, verified with the keys and the threshold of this delegator, and
// valid now; it stays in place while the search lasts.
using LoadDelegated = std::function<base::Result<const Targets*>(const Targets& delegator,
                                                                 const Delegations::Match& role)>;

// Pre-order and depth first from `top`: a role's own targets, then its delegations that match
// `path`, in their order. A matching terminating one is the last that is asked, with what is below
// it. A role is visited once, whoever delegates to it.
//   kNotFound   none of those asked lists it
//   kTooLarge   more than `max_roles` delegated roles would have to be asked (cycles do not count)
// An error of `load` ends the search (R57) and comes back with the target's name: what a role that
// cannot be had would have said is not known, so no role after it may answer in its place.
base::Result<TargetFile> SearchTarget(const Targets& top, std::string_view path,
                                      std::size_t max_roles, const LoadDelegated& load);

}  // namespace tough
