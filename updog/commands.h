// The verbs of the program updog: each reads the configuration, does its work, prints its result on
// stdout, and answers the exit status.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace updog {

enum class ProgressChoice : std::uint8_t { kAuto, kBar, kJson, kNone };

// The command line.
struct Options {
  std::string config_path;
  std::string variant;  // empty: what os-release says
  ProgressChoice progress = ProgressChoice::kAuto;
  bool all = false;
  bool json = false;
  bool report = false;
  bool ignore_waves = false;
  bool reboot = false;
  std::string image;  // the version that is asked for by name; empty: none
};

// What main reads from the system, once.
struct Environment {
  base::Time now;
  std::string machine;  // uname -m
  std::uint32_t random = 0;
};

base::Result<int> CheckUpdate(const Options& options, const Environment& environment);
base::Result<int> UpdateImage(const Options& options, const Environment& environment);
// UpdateImage and UpdateApply in one.
base::Result<int> FullUpdate(const Options& options, const Environment& environment);
// With `image` only that version is switched to, and one that is next to boot already is none the
// less; without, whatever is staged.
base::Result<int> UpdateApply(const Options& options, const Environment& environment);
base::Result<int> UpdateRevert(const Options& options);
// What became of the versions that were tried here.
base::Result<int> ShowHistory(const Options& options);

}  // namespace updog
