// fleet-sim: how a release spreads through a fleet. See docs/fleet.md, and scripts/fleet-sim, which
// builds it and draws.
#include <cstdint>
#include <cstdio>
#include <string>

#include "base/bytes.h"
#include "base/exit_status.h"
#include "base/file.h"
#include "base/program.h"
#include "tests/sim/fleet.h"
#include "tests/sim/report.h"

namespace {

struct Arguments {
  std::string scenario;
  std::uint64_t seed = 1;
  std::uint32_t hosts = 0;
  std::string json;
  std::string plot_script;
  std::string svg;
};

base::Result<int> Run(const Arguments& arguments) {
  constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 20;
  const std::string toml = TRY(base::ReadFile(arguments.scenario, kMaxBytes));
  sim::Scenario scenario = TRY_CONTEXT(sim::ParseScenario(toml), arguments.scenario);
  if (arguments.hosts > 0) scenario.hosts = arguments.hosts;
  const sim::Outcome outcome =
      TRY_CONTEXT(sim::Fleet::Run(scenario, arguments.seed), arguments.scenario);
  (void)std::fputs(sim::Summary(scenario, outcome).c_str(), stdout);
  if (!arguments.json.empty()) {
    TRY(base::ReplaceFile(arguments.json, base::AsBytes(sim::Json(scenario, outcome))));
  }
  if (!arguments.plot_script.empty()) {
    const std::string script = sim::PlotScript(scenario, outcome, arguments.svg);
    TRY(base::ReplaceFile(arguments.plot_script, base::AsBytes(script)));
  }
  return base::kExitDone;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Simulates how a release spreads through a fleet", "fleet-sim");
  base::SetUpProgram(app, "  fleet-sim tests/sim/scenarios/good-release.toml --json good.json\n");
  app.add_option("SCENARIO", arguments.scenario, "The scenario, in TOML")->required();
  app.add_option("--seed", arguments.seed, "Of everything that is random")->capture_default_str();
  app.add_option("--hosts", arguments.hosts, "How many, instead of what the scenario says");
  app.add_option("--json", arguments.json, "Write the result, with its samples, into this file");
  CLI::Option* svg = app.add_option("--svg", arguments.svg, "What the plot script draws");
  app.add_option("--plot-script", arguments.plot_script, "Write a script for gnuplot")->needs(svg);
  return base::RunProgram(app, argc, argv, [&arguments] { return Run(arguments); });
}
