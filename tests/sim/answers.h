// What updog::Choose() answers to the hosts of a fleet: asked once for all that are alike.
//
// A host's answer depends on its version, on what failed there, on its seed and on the time; and in
// time it changes only when its turn for some update comes. So for each kind of host and each seed
// the turns are found, and Choose() is asked once before the first and once after each.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "updog/manifest.h"

namespace sim {

// An index into the fleet's versions.
using VersionIndex = std::uint8_t;
constexpr VersionIndex kNoVersion = 0xff;
// A bit for each version that failed on a host.
using FailedSet = std::uint16_t;
constexpr std::size_t kMaxVersions = 16;

class Answers {
 public:
  // At most kMaxVersions.
  explicit Answers(std::vector<updog::Version> versions) : versions_(std::move(versions)) {}

  // What is offered from now on.
  void Offer(updog::Manifest manifest);
  // The version that a host takes, or kNoVersion.
  VersionIndex Of(VersionIndex running, FailedSet failed, std::uint32_t seed, base::Time now);

 private:
  // From this time on it is this version.
  struct Phase {
    base::Time from;
    VersionIndex chosen;
  };
  using Phases = std::vector<Phase>;  // the first one from the beginning of time

  Phases Ask(VersionIndex running, FailedSet failed, std::uint32_t seed) const;
  VersionIndex IndexOf(const updog::Version& version) const;

  std::vector<updog::Version> versions_;
  updog::Manifest manifest_;
  // By seed; empty where nobody has asked yet.
  std::map<std::pair<VersionIndex, FailedSet>, std::vector<Phases>> phases_;
};

}  // namespace sim
