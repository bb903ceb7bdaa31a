// Updates that a publisher has halted: taken out of the manifest's `updates`, so that no host
// starts with them any more, and kept in its member `halted`, of which hosts only tell:
//
//   "halted": [ { "since": "2026-11-22T11:47:18Z", "update": { "variant": … } } ]
#pragma once

#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "updog/manifest.h"

namespace updog {

struct HaltedUpdate {
  base::Time since;
  Update update;
};

// In the document's order. kMalformed.
base::Result<std::vector<HaltedUpdate>> DecodeHalted(const base::json::Object& document);

// The same, with every fault instead of the first, and what could be read.
std::vector<HaltedUpdate> ReadHalted(const base::json::Object& document,
                                     std::vector<Fault>& faults);

base::json::Value EncodeHalted(base::Time since, base::json::Value update);

}  // namespace updog
