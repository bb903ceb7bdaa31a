// migrator: carries the settings of a host to the version that runs. At each start, before
// updog-settings.
#include <string>

#include "api/migrator/migrator.h"
#include "base/log.h"
#include "base/program.h"
#include "updog/setup.h"

namespace {

constexpr const char* kExamples =
    "  migrator      # at each start, before updog-settings; does nothing where nothing changed\n";

}  // namespace

int main(int argc, char** argv) {
  api::MigratorOptions options;
  std::string root;
  CLI::App app("Carries a host's settings to the version that runs, forward or back", "migrator");
  base::SetUpProgram(app, kExamples);
  base::log::SetLevel(base::log::Level::kInfo);
  app.add_option("--root", root, "Look for everything below this directory")->type_name("DIR");
  long time_limit_seconds = options.time_limit.count();
  app.add_option("--timeout-seconds", time_limit_seconds, "For each migration (default: 60)")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 3600));

  return base::RunProgram(app, argc, argv, [&]() -> base::Result<int> {
    options.paths = api::SettingsPaths::Under(root);
    options.root = root;
    options.time_limit = std::chrono::seconds(time_limit_seconds);
    // Where that cannot be told, nothing is given up for it.
    options.on_trial = updog::RunningOnTrial().value_or(true);
    TRY(api::Migrate(options));
    return base::kExitDone;
  });
}
