// Which update a host takes: a pure function of the manifest and of what the host is.
//
// Every update of the manifest gets a verdict, so that whoever asks "why not?" has the answer.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "updog/manifest.h"
#include "updog/version.h"

namespace updog {

// What the host runs and what its owner wants.
struct Host {
  std::string variant;
  std::string arch;
  Version version;  // the running one
  std::uint32_t seed = 0;
};

// `version_lock`: nothing means "latest".
struct VersionLock {
  std::optional<Version> version;
};
// "latest", "1.2.3" or "v1.2.3". kUsage.
base::Result<VersionLock> ParseVersionLock(std::string_view text);

enum class WavePolicy : std::uint8_t { kHonour, kIgnore };

struct Wishes {
  VersionLock lock;
  WavePolicy waves = WavePolicy::kHonour;
  // Exactly this version, whatever the lock says, older ones and failed ones too.
  std::optional<Version> forced;
  // Versions that failed on this host, each with what happened ("failed to boot on 2026-11-30"):
  // not chosen again unless forced.
  std::map<Version, std::string, std::less<>> failed;
};

enum class Verdict : std::uint8_t {
  kChosen,
  // Not a candidate:
  kOtherVariant,
  kOtherArch,
  kAboveMaxVersion,  // its version lies above its own max_version
  kWavesUnusable,
  kNotYet,  // this host's turn has not come
  // A candidate, but:
  kFailedHere,
  kNotWanted,    // locked, or forced, to another version
  kRunning,      // the running version
  kOlder,        // older than the running version, which has not been withdrawn
  kNewerChosen,  // a newer one was chosen
};

struct Judgement {
  const Update* update;  // in the manifest
  Verdict verdict;
  std::string why;  // one line: "wave 3 starts 2026-12-01T04:00:00Z; this host's turn is …"
};

struct Choice {
  const Update* chosen = nullptr;
  // The newest for this host that is halted: it is told of where nothing else is.
  const Update* halted = nullptr;
  std::vector<const Update*> candidates;  // newest first
  std::vector<Judgement> judgements;      // one per update, in the manifest's order
  // One line: why this one, or why none.
  std::string why;
};

// The result points into `manifest`, which outlives it.
Choice Choose(const Manifest& manifest, const Host& host, const Wishes& wishes, base::Time now);

}  // namespace updog
