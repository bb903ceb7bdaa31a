// The sequence of the client workflow (TUF 5.1 to 5.6): asks for exactly the files that are needed,
// in their order, each under its cap; lets the trusted set decide; stores a file only after the
// decision. What lies in the cache is verified again before it counts for anything, and what does
// not verify counts as absent.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "tough/datastore.h"
#include "tough/limits.h"
#include "tough/mirrors.h"
#include "tough/transport.h"
#include "tough/trusted_set.h"

namespace tough {

// What a run has to do with; all of it outlives the Workflow, which is made for one call.
struct Workflow {
  const std::string& trusted_root;
  const Limits& limits;
  Datastore& datastore;
  Mirrors& mirrors;      // of metadata
  Transport* transport;  // null: offline; the cache alone is asked, and not written to

  // TUF 5.1 to 5.6 for the four top-level roles. The cache holds nothing at any moment that would
  // make a later refresh fail (R1).
  base::Result<TrustedSet> Refresh(base::Time now);

  // A delegated role (TUF 5.6.7), out of the cache if that has what `set` lists, verified under the
  // delegator at hand. kMismatch if the server lacks what the snapshot lists.
  base::Result<Targets> LoadDelegated(const TrustedSet& set, const Delegations& delegator,
                                      const Delegations::Match& role, base::Time now);

 private:
  // Decides over what was received, and may keep it.
  using Accept = std::function<base::Result<>(std::string& bytes)>;

  base::Result<> CheckClock(base::Time now) const;
  base::Result<> UpdateRoots(TrustedSet& set);
  base::Result<> LoadRoots(TrustedSet& set);
  base::Result<> ApplyToFloor(Floor floor);
  base::Result<> UpdateTimestamp(TrustedSet& set);
  base::Result<> UpdateSnapshot(TrustedSet& set);
  base::Result<> UpdateTargets(TrustedSet& set);

  // The bytes that `accept` took and left. What one mirror has and `accept` refuses is asked of the
  // next.
  base::Result<std::string> Fetch(const MetadataRequest& request, const Accept& accept);
  base::Result<std::string> FetchFrom(const std::string& base_url, const MetadataRequest& request);
};

}  // namespace tough
