// Waves: when a release reaches which host.
//
// Each host has a seed, 0 to 2047. A wave begins with a seed and a time; within it the hosts follow
// each other evenly, by seed, until the next wave begins. Pure arithmetic, exact to the second for
// any times and seeds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace updog {

// Seeds are 0 to 2047. As a host's seed 2048 counts as 2047; as a wave's key it ends the last wave.
constexpr std::uint32_t kSeeds = 2048;

struct Wave {
  std::uint32_t first_seed = 0;  // 0 to kSeeds
  base::Time start;
  bool operator==(const Wave&) const = default;
};

// In order of first_seed, each only once, with starts that never fall. Empty: everybody at once.
using Waves = std::vector<Wave>;

// Decodes the `waves` member of an update: an object of times by seed. kMalformed, naming the key,
// for a key that is no integer in 0..2048 or occurs twice, a value that is no time, and times that
// fall as keys rise.
base::Result<Waves> DecodeWaves(const base::json::Value& waves);
// All that DecodeWaves would refuse, one line each.
std::vector<std::string> FindWavesFaults(const base::json::Value& waves);
// The inverse of DecodeWaves.
base::json::Value EncodeWaves(const Waves& waves);

// A host's place in the schedule.
struct Turn {
  std::size_t wave = 0;    // index into Waves
  base::Time wave_starts;  // when that wave starts
  base::Time at;           // when this host is ready: the second in which its instant falls
};

// Nothing where there are no waves: ready at once. Hosts before the first key are ready when the
// first wave starts; those of the last one when that starts, unless a key 2048 gives its end.
std::optional<Turn> TurnOf(const Waves& waves, std::uint32_t seed);

}  // namespace updog
