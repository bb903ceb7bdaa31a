// How a manifest is decoded, for those who want to know every fault and not only the first.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "updog/manifest.h"

namespace updog {

// What could be read, and what could not.
struct DecodedManifest {
  Manifest manifest;
  std::vector<Fault> faults;  // without those of waves, which cost their update only
  std::vector<bool> sound;    // for each update: whether it has none of these
};

// `document` was parsed with Duplicates::kKeep.
DecodedManifest DecodeNotingFaults(base::json::Value document);

// The update that stands at `place`.
Update DecodeUpdate(base::json::Value value, const std::string& place, std::vector<Fault>& faults);

// "updates[2]" and "boot" are "updates[2].boot"; at the top there is only the name.
std::string Inside(const std::string& place, std::string_view name);
// "updates" and 2 are "updates[2]".
std::string Inside(const std::string& place, std::size_t index);

}  // namespace updog
