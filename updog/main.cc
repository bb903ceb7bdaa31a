// updog: brings the signed releases of a repository onto this host, as its waves and locks say.
#include <sys/random.h>
#include <sys/utsname.h>

#include <string>

#include "base/program.h"
#include "updog/commands.h"
#include "updog/config.h"

namespace {

using updog::Options;
using updog::ProgressChoice;

constexpr const char* kExamples =
    "  updog check-update                 # what this host would take now\n"
    "  updog check-update --all --json    # everything that it could take\n"
    "  updog update --reboot              # take it, and start it\n"
    "  updog update-image && updog update-apply\n"
    "  updog update --image 1.2.0 --now   # this version, whatever its wave\n"
    "  updog update-revert                # before it has started: stay with this one\n"
    "  updog history                      # what was tried here, and what became of it\n";

updog::Environment ReadEnvironment() {
  updog::Environment environment{.now = base::Now(), .machine = {}, .random = 0};
  utsname name{};
  if (uname(&name) == 0) environment.machine = name.machine;
  // Only spreads retries in time: without it they are merely less spread.
  (void)!getrandom(&environment.random, sizeof environment.random, GRND_NONBLOCK);
  return environment;
}

ProgressChoice ParseProgress(const std::string& text) {
  if (text == "auto") return ProgressChoice::kAuto;
  if (text == "bar") return ProgressChoice::kBar;
  if (text == "json") return ProgressChoice::kJson;
  if (text == "none") return ProgressChoice::kNone;
  throw CLI::ValidationError("--progress", "'" + text + "' is none of auto, bar, json, none");
}

void AddGlobalOptions(CLI::App& app, Options& options) {
  app.add_option("--config", options.config_path, "Configuration file (default: /etc/updog.toml)")
      ->type_name("FILE");
  app.add_option("--variant", options.variant,
                 "Take updates for this variant (default: VARIANT_ID of os-release)")
      ->type_name("V");
  app.add_option_function<std::string>(
         "--progress",
         [&options](const std::string& text) { options.progress = ParseProgress(text); },
         "On stderr: a bar, one JSON object a line, or nothing; auto is a bar on a "
         "terminal and a line now and then elsewhere")
      ->type_name("auto|bar|json|none");
}

void AddImageOptions(CLI::App& command, Options& options) {
  command.add_option("-i,--image", options.image, "Exactly this version, older ones too")
      ->type_name("VERSION");
  command.add_flag("-n,--now", options.ignore_waves, "Do not wait for this host's wave");
  command.add_flag("-j,--json", options.json, "Print the update as the manifest has it");
}

void AddReboot(CLI::App& command, Options& options) {
  command.add_flag("-r,--reboot", options.reboot, "Reboot when all has gone well");
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.config_path = updog::kDefaultConfigPath;
  CLI::App app("Keeps this host up to date: signed images, onto the set that is not running",
               "updog");
  base::SetUpProgram(app, kExamples);
  AddGlobalOptions(app, options);

  CLI::App* check = app.add_subcommand("check-update", "Tell which update there is for this host");
  check->alias("whats");
  check->add_flag("-a,--all", options.all, "All updates that this host could take, newest first");
  check->add_flag("-j,--json", options.json, "Print the update as the manifest has it");
  check->add_flag(
      "--report", options.report,
      "One JSON object: what is available, what is chosen, and why; also where nothing is");
  check->add_flag("--ignore-waves", options.ignore_waves, "As if every wave had come");

  CLI::App* update =
      app.add_subcommand("update", "Write the update to the inactive set and make it next to boot");
  AddImageOptions(*update, options);
  AddReboot(*update, options);

  CLI::App* image =
      app.add_subcommand("update-image", "Write the update to the inactive set, and no more");
  AddImageOptions(*image, options);

  CLI::App* apply = app.add_subcommand("update-apply", "Make what update-image wrote next to boot");
  apply
      ->add_option("-i,--image", options.image,
                   "Only if it is this version; also if it is next already")
      ->type_name("VERSION");
  AddReboot(*apply, options);
  CLI::App* revert = app.add_subcommand("update-revert", "Take update-apply back");
  revert
      ->add_option("-i,--image", options.image,
                   "Only if it is this version that is next to boot; else there is nothing to do")
      ->type_name("VERSION");
  CLI::App* history =
      app.add_subcommand("history", "Tell what became of the versions that were tried here");
  history->add_flag("-j,--json", options.json, "Print it as history.json has it");

  return base::RunProgram(app, argc, argv, [&]() -> base::Result<int> {
    if (app.got_subcommand(check)) return updog::CheckUpdate(options, ReadEnvironment());
    if (app.got_subcommand(update)) return updog::FullUpdate(options, ReadEnvironment());
    if (app.got_subcommand(image)) return updog::UpdateImage(options, ReadEnvironment());
    if (app.got_subcommand(apply)) return updog::UpdateApply(options, ReadEnvironment());
    if (app.got_subcommand(revert)) return updog::UpdateRevert(options);
    if (app.got_subcommand(history)) return updog::ShowHistory(options);
    return base::Fail(base::ErrorCode::kUsage, "no command given (see updog --help)");
  });
}
