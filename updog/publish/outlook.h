// What hosts will see of a manifest, and when, in words: computed with the function by which they
// choose.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "updog/halted.h"
#include "updog/manifest.h"

namespace updog::publish {

// When the first host is ready, half of them are, and all; of a schedule that has passed: `now`.
struct Spread {
  base::Time first, half, all;
};

// What the hosts of one version will do.
struct Outlook {
  std::string variant;
  std::string arch;
  Version from;
  std::optional<Version> to;  // nothing: they stay
  bool back = false;          // `from` was withdrawn
  Spread spread;
  // What the last host would take before its turn.
  std::optional<Version> meanwhile;
};

// For every version that hosts may run: those of `running` (VARIANT, ARCH, VERSION as in a manifest
// that was published before, halted ones too) and of `manifest`.
//   kNotFound   hosts of some version would be offered an update to which no migrations lead
base::Result<std::vector<Outlook>> FindOutlooks(const Manifest& manifest,
                                                const std::vector<Update>& running, base::Time now);

// A line each.
std::string Describe(const std::vector<Outlook>& outlooks, base::Time now);
// Of what is halted, a line each: what a resumption would do now.
std::string Describe(const std::vector<HaltedUpdate>& halted, base::Time now);

}  // namespace updog::publish
