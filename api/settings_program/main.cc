// updog-settings: what happens to a host's settings at its start. Everything else is asked of
// apiserver.
#include <sys/random.h>

#include <cerrno>
#include <string>

#include "api/settings_start.h"
#include "api/settings_store.h"
#include "base/log.h"
#include "base/program.h"
#include "updog/setup.h"

namespace {

using api::SettingsPaths;

constexpr const char* kExamples =
    "  updog-settings start     # at each start, after migrator: make them, bring them into force\n"
    "  updog-settings check     # whether this version can read them: a health check\n";

base::Result<std::uint32_t> DrawRandom() {
  std::uint32_t random = 0;
  // Waits, at a first start, until the kernel has gathered what makes hosts differ.
  if (getrandom(&random, sizeof random, 0) != sizeof random) {
    return base::FailErrno(errno, "getrandom");
  }
  return random;
}

base::Result<int> Start(const SettingsPaths& paths) {
  TRY(api::StartSettings(paths, TRY(DrawRandom())));
  return base::kExitDone;
}

base::Result<> CheckStore(const SettingsPaths& paths) {
  const api::SettingsStore store = TRY(api::SettingsStore::Open(paths));
  return store.Check();
}

// Settings that cannot be read speak against a version on trial: the one before it could read them.
// They do not speak against one that was good, which would be restarted for ever.
base::Result<int> Check(const SettingsPaths& paths) {
  const base::Result<> checked = CheckStore(paths);
  if (checked) return base::kExitDone;
  const base::Result<bool> on_trial = updog::RunningOnTrial();
  if (!on_trial || *on_trial) return std::unexpected(checked.error());
  base::log::Error(checked.error().message());
  return base::kExitDone;
}

}  // namespace

int main(int argc, char** argv) {
  std::string root;
  CLI::App app("Makes a host's settings at its first start, and brings them into force at each",
               "updog-settings");
  base::SetUpProgram(app, kExamples);
  app.add_option("--root", root, "Look for everything below this directory")->type_name("DIR");
  CLI::App* start = app.add_subcommand("start", "Make the settings if there are none; apply them");
  app.add_subcommand("check", "Tell whether this version can read them (the default)");

  return base::RunProgram(app, argc, argv, [&]() -> base::Result<int> {
    const SettingsPaths paths = SettingsPaths::Under(root);
    return app.got_subcommand(start) ? Start(paths) : Check(paths);
  });
}
