// What a repository looks like to a publisher: every role with its keys, signatures, version and
// expiry, and what a client would refuse. It goes on where a client would stop, and says so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "tough/transport.h"
#include "tough/tuftool/key_picture.h"

namespace tough::tuftool {

struct RolePicture {
  std::string name;
  std::string delegator;  // empty for the four that root speaks of
  std::size_t depth = 0;  // of the delegation
  std::string paths;      // that are delegated to it: "os/*", "hash prefixes 0 1", "bin"
  bool terminating = false;
  std::string file_name;
  std::uint64_t version = 0;  // 0: could not be read
  base::Time expires;
  std::uint64_t threshold = 0;
  std::uint64_t signers = 0;  // that count
  std::vector<KeyPicture> keys;
  std::optional<std::size_t> targets;
  std::vector<std::string> faults;  // each of them is why a client would refuse it
};

struct Picture {
  bool verified_from_given_root = false;
  std::uint64_t first_root = 0;  // versions of the chain that was walked
  std::uint64_t last_root = 0;
  std::vector<RolePicture> roles;  // root, timestamp, snapshot, targets, and the delegations' tree

  bool healthy() const;
};

// `trusted_root` is the text of a root.json; without one, the repository's first root is believed.
// An error only if there is no root to begin with.
base::Result<Picture> Inspect(Transport& transport, std::string_view metadata_base_url,
                              const std::optional<std::string>& trusted_root, base::Time now);

// "in 13 days", "6 hours ago": whole units, cut off.
std::string TimeLeft(base::Time then, base::Time now);
// Whole days; negative if it is past.
std::int64_t DaysLeft(base::Time then, base::Time now);

std::string AsText(const Picture& picture, base::Time now);
base::json::Value AsJson(const Picture& picture, base::Time now);

}  // namespace tough::tuftool
