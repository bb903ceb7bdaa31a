// How a release will spread: a table of its waves, and plots of the share of the fleet that is
// ready and of the hosts that become ready each minute.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"
#include "updog/waves.h"

namespace updog::updata {

struct Preview {
  std::string title;
  Waves waves;
  base::Time start;     // of the release: what the plots count from
  std::uint64_t hosts;  // in the fleet
};

// One line for each wave: when it starts and ends, whom it has, how many each minute.
std::string WaveTable(const Preview& preview);
// "seed 17: wave 2, ready at 2026-11-22T09:33:00Z, 2 h 33 min 0 s after the start"
std::string SeedLine(const Preview& preview, std::uint32_t seed);

// Scripts for gnuplot: for a terminal, and for a file, whose format its name tells (.svg or .png).
std::string TerminalPlot(const Preview& preview);
base::Result<std::string> FilePlot(const Preview& preview, const std::string& path);

}  // namespace updog::updata
