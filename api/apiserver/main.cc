// apiserver: the HTTP API on a Unix socket, by which operators and people drive updates and
// settings.
#include <grp.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>

#include "api/datastore.h"
#include "api/http_server.h"
#include "api/listener.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/service_notifier.h"
#include "api/settings_store.h"
#include "api/updates.h"
#include "base/file.h"
#include "base/log.h"
#include "base/program.h"
#include "updog/reboot.h"

namespace {

constexpr const char* kExamples =
    "  apiserver                                # on /run/api.sock, or systemd's socket\n"
    "  apiserver --socket-gid 990               # members of group 990 may connect\n"
    "  apiserver --socket-path /tmp/api.sock --config host.toml --root /tmp/host\n";

struct Options {
  std::string socket_path{api::kDefaultSocketPath};
  std::optional<gid_t> socket_group;
  std::optional<std::string> run_directory;
  std::optional<std::string> config;
  api::UpdatesOptions updates;
  std::string root;
};

// What systemd tells by the environment, taken out of it: the programs that we start are no
// services.
std::string TakeVariable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
  std::string text = value == nullptr ? "" : value;
  (void)unsetenv(name);  // NOLINT(concurrency-mt-unsafe)
  return text;
}

std::string Machine() {
  utsname name{};
  return uname(&name) == 0 ? &name.machine[0] : "";
}

// updog beside this program, wherever the two are installed.
std::string UpdogBesideThis() {
  std::string path(4096, '\0');
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
  if (size <= 0) return "/usr/bin/updog";
  path.resize(static_cast<std::size_t>(size));
  return path.substr(0, path.rfind('/') + 1) + "updog";
}

void AddOptions(CLI::App& app, Options& options) {
  app.add_option("-s,--socket-path", options.socket_path,
                 "Where to listen (default: /run/api.sock); not with a socket from systemd")
      ->type_name("PATH");
  app.add_option("--socket-gid", options.socket_group,
                 "The group that may connect; not with a socket from systemd")
      ->type_name("GID");
  app.add_option("--config", options.config,
                 "updog's configuration, instead of the one that follows from the settings "
                 "(/etc/updog.toml)")
      ->type_name("FILE");
  app.add_option("--updog", options.updates.updog,
                 "The program updog (default: the one beside this program)")
      ->type_name("FILE");
  app.add_option("--run-dir", options.run_directory,
                 "Where the status is kept until the next boot (default: /run/updog/api)")
      ->type_name("DIR");
  app.add_option("--root", options.root,
                 "Keep the settings, and what --run-dir and --config do not say otherwise of, "
                 "below this directory")
      ->type_name("DIR");
}

void RebootHost() {
  const auto begun = updog::RebootInBackground();
  if (!begun) base::log::Error("reboot: " + begun.error().message());
}

base::Result<base::UniqueFd> Listener(const Options& options) {
  const std::string pid = TakeVariable("LISTEN_PID");
  const std::string count = TakeVariable("LISTEN_FDS");
  (void)TakeVariable("LISTEN_FDNAMES");
  auto handed = TRY(api::TakeListener(pid, count));
  if (handed) return *std::move(handed);
  return api::MakeListener(options.socket_path, options.socket_group);
}

// What a server before this one stored and did not bring into force, since it was killed between.
// A host whose settings cannot be had has an API all the same.
void ApplySettings(const api::SettingsPaths& paths) {
  const auto applied = [&]() -> base::Result<> {
    const base::FileLock lock = TRY(api::LockDatastore(paths.datastore));
    return TRY(api::SettingsStore::Open(paths)).Apply(lock);
  }();
  if (!applied) base::log::Warning("settings: " + applied.error().message());
}

base::Result<int> Run(Options options) {
  const api::ServiceNotifier notifier(TakeVariable("NOTIFY_SOCKET"));
  const base::UniqueFd stop_signals = TRY(api::OpenStopSignals());
  const auto now = [] {
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  };
  options.updates.machine = Machine();
  options.updates.run_directory =
      options.run_directory.value_or(options.root + options.updates.run_directory);
  api::RoutesOptions routes_options;
  if (!options.root.empty()) routes_options.settings = api::SettingsPaths::Under(options.root);
  // A file that somebody names is theirs: settings do not reach it.
  options.updates.config = options.config.value_or(routes_options.settings.config);
  routes_options.config = options.updates.config;
  routes_options.machine = options.updates.machine;
  routes_options.reboot = RebootHost;
  routes_options.now = now;

  // This first: a second server ends here, before it takes the first one's place at the socket.
  const auto updates = TRY(api::Updates::Open(options.updates, now()));
  base::UniqueFd listener = TRY(Listener(options));
  ApplySettings(routes_options.settings);
  api::Routes routes(std::move(routes_options), *updates);
  const auto http =
      TRY(api::HttpServer::Create(std::move(listener), api::HttpLimits{},
                                  [&](const api::Request& r) { return routes.Answer(r); }));
  api::YieldToOthers();
  TRY(api::Serve(*http, *updates, stop_signals, notifier));
  return base::kExitDone;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.updates.updog = UpdogBesideThis();
  CLI::App app("Serves the API for updates and settings on a Unix socket", "apiserver");
  base::log::SetLevel(base::log::Level::kInfo);  // who changed what
  base::SetUpProgram(app, kExamples);
  AddOptions(app, options);
  return base::RunProgram(app, argc, argv, [&] { return Run(options); });
}
