// The metadata of a repository as it is published, every role of it: read through a transport, and
// verified as a client would, for those who go on from it, copy it or show it.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "tough/limits.h"
#include "tough/transport.h"
#include "tough/trusted_set.h"

namespace tough {

// Delegated roles' files by the roles' names.
using DelegatedMetadata = std::map<std::string, std::string, std::less<>>;

struct PublishedMetadata {
  // Those before it, from the trusted one on: clients that have an older one need them.
  std::vector<std::string> past_roots;
  // The root whose keys the other roles are signed by.
  std::string root;
  // What follows it, oldest first: roots that are still to be published, or that were published
  // before the other roles were signed by the keys that they bring.
  std::vector<std::string> next_roots;
  std::string timestamp;
  std::string snapshot;
  std::string targets;
  DelegatedMetadata delegated;

  const std::string& newest_root() const { return next_roots.empty() ? root : next_roots.back(); }
};

// Reads the repository below `metadata_base_url`.
//
// `roots` are in order of version. The first one is trusted; the published roots that follow it are
// walked as a client does, and the others of `roots` are those that may not be published yet. So a
// publisher who holds only the next root gives that alone: its predecessor is then taken from the
// repository if as many of those who signed the new one signed it, too, as the new one's threshold
// asks for (whoever can forge that needs as many root keys as for a root).
//
// `reference_time` is what expiry is compared with; base::Time::min() where it does not matter.
// Errors are those of TrustedSet and Transport; kMismatch: a root of `roots` is published with
// another content.
base::Result<PublishedMetadata> ReadPublishedMetadata(Transport& transport,
                                                      std::string_view metadata_base_url,
                                                      std::span<const std::string> roots,
                                                      base::Time reference_time,
                                                      const Limits& limits = {});

// Every delegated role that the snapshot lists and a delegation leads to, each verified against
// each of its delegators. `set` has its targets; `load` gives a role's file.
using LoadRole =
    std::function<base::Result<std::string>(std::string_view role, const MetadataRequest& request)>;
base::Result<DelegatedMetadata> LoadDelegatedRoles(const TrustedSet& set, base::Time reference_time,
                                                   const LoadRole& load);

}  // namespace tough
