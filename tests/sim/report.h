// What came of a simulation: in words, as JSON, and as a script for gnuplot.
#pragma once

#include <string>

#include "tests/sim/fleet.h"

namespace sim {

std::string Summary(const Scenario& scenario, const Outcome& outcome);
std::string Json(const Scenario& scenario, const Outcome& outcome);
// Draws adoption with what the publisher does, requests and bytes at the server, and what went
// wrong, if anything did, into the SVG file.
std::string PlotScript(const Scenario& scenario, const Outcome& outcome, const std::string& path);

}  // namespace sim
