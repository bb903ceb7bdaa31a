// updog-agent: keeps a host without an operator up to date. Run by a timer; no daemon.
#include <sys/random.h>

#include <string>

#include "api/agent/agent.h"
#include "api/settings_store.h"
#include "base/file.h"
#include "base/log.h"
#include "base/program.h"
#include "updog/setup.h"

namespace {

constexpr const char* kExamples =
    "  apiclient set agent.mode=apply agent.window-start=23:30 agent.window-days='[\"sat\"]'\n"
    "  systemctl enable --now updog-agent.timer\n"
    "  updog-agent --log-level info     # what the timer does, now\n";

base::Result<api::AgentSettings> ReadSettings(const api::SettingsPaths& paths) {
  const api::SettingsStore store = TRY(api::SettingsStore::Open(paths));
  return api::AgentSettingsOf(TRY(store.Read()));
}

base::Result<api::AgentWorld> ReadWorld(const api::SettingsPaths& paths) {
  api::AgentWorld world;
  world.now = base::Now;
  world.settings = [&paths] { return ReadSettings(paths); };
  // Only spreads hosts in time: without it they are merely less spread.
  (void)!getrandom(&world.random, sizeof world.random, GRND_NONBLOCK);
  world.boot.version = TRY(api::RunningVersion(paths)).text();
  world.boot.boot_id = TRY(base::ReadFile("/proc/sys/kernel/random/boot_id", 64));
  world.boot.boot_id.resize(world.boot.boot_id.find_last_not_of('\n') + 1);
  // Where the disk cannot be told, updog cannot update it either, and says why.
  world.boot.on_trial = updog::RunningOnTrial().value_or(false);
  return world;
}

base::Result<int> Run(const std::string& root, const std::string& updog) {
  const api::SettingsPaths paths = api::SettingsPaths::Under(root);
  api::AgentOptions options;
  options.memory = root + options.memory;
  options.hooks = root + options.hooks;
  if (!updog.empty()) options.updog = updog;
  TRY(api::RunAgent(options, TRY(ReadWorld(paths))));
  return base::kExitDone;
}

}  // namespace

int main(int argc, char** argv) {
  std::string root;
  std::string updog;
  CLI::App app("Looks for updates and applies them in the maintenance window, as the settings say",
               "updog-agent");
  base::SetUpProgram(app, kExamples);
  base::log::SetLevel(base::log::Level::kInfo);
  app.add_option("--root", root, "Look for settings, memory and hooks below this directory")
      ->type_name("DIR");
  app.add_option("--updog", updog, "The program to run (default: /usr/bin/updog)")
      ->type_name("FILE");
  return base::RunProgram(app, argc, argv, [&] { return Run(root, updog); });
}
