// updog-health: whether this boot is good, and what follows from it.
#include <fmt/format.h>
#include <stdlib.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/program.h"
#include "base/time.h"
#include "partitions/os_disk.h"
#include "signpost/signpost.h"
#include "updog/config.h"
#include "updog/health/boot_report.h"
#include "updog/health/checks.h"
#include "updog/reboot.h"

namespace {

using base::Result;
using updog::BootContext;

constexpr const char* kExamples =
    R"(  updog-health run      check, then mark the boot successful or restart
  updog-health check    only check; restart if something is wrong
  updog-health confirm  mark the boot successful (after boot-complete.target)
  updog-health give-up "boot-complete.target was not reached"
)";

struct Options {
  std::string checks_dir = "/usr/lib/updog/health.d";
  long timeout_seconds = 60;
  std::string state_dir = "/var/lib/updog";
  std::string os_release = "/usr/lib/os-release";
  std::string reason;
  bool no_reboot = false;
};

Result<BootContext> OpenContext(const Options& options) {
  return BootContext{
      .signpost = TRY(signpost::Signpost::Open(std::nullopt, TRY(partitions::CurrentSystem()))),
      .state_dir = options.state_dir,
      .os_release = TRY(updog::LoadOsRelease(options.os_release)),
      .evidence = {}};
}

// Whatever could not be done on the way, the machine restarts: the try that this boot took counts.
Result<int> GiveUp(const Options& options, const std::string& reason) {
  base::log::Error(fmt::format("this boot is not good: {}", reason));
  Result<BootContext> context = OpenContext(options);
  const Result<> recorded = context ? updog::GiveUpBoot(*context, reason, base::Now())
                                    : Result<>(std::unexpected(context.error()));
  if (!recorded) base::log::Error(recorded.error().message());
  if (!options.no_reboot) TRY(updog::Reboot());
  return base::kExitFailed;
}

Result<> CheckThisBoot(const Options& options) {
  BootContext context = TRY(OpenContext(options));
  TRY(updog::RecordThisStart(context, base::Now()));
  return updog::RunChecks(options.checks_dir, std::chrono::seconds(options.timeout_seconds));
}

Result<> Confirm(const Options& options) {
  BootContext context = TRY(OpenContext(options));
  TRY(updog::ConfirmBoot(context, base::Now()));
  base::log::Info(fmt::format("this boot of {} is good", context.os_release.version_id));
  return {};
}

Result<int> ActOn(const Options& options, const Result<>& result) {
  if (!result) return GiveUp(options, result.error().message());
  return base::kExitDone;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Judges this boot: runs the health checks, and tells boot flags and history",
               "updog-health");
  base::SetUpProgram(app, kExamples);
  base::log::SetLevel(base::log::Level::kInfo);
  Options options;
  app.add_option("--state-dir", options.state_dir, "Where history.json is")->capture_default_str();
  app.add_option("--os-release", options.os_release, "What runs")->capture_default_str();
  app.add_flag("--no-reboot", options.no_reboot, "Do not restart after a bad boot");

  CLI::App* const check = app.add_subcommand("check", "Account for earlier boots, run the checks");
  CLI::App* const confirm = app.add_subcommand("confirm", "Mark this boot successful");
  CLI::App* const run = app.add_subcommand("run", "check, then confirm");
  for (CLI::App* const command : {check, run}) {
    command->add_option("--checks", options.checks_dir, "Directory of the checks")
        ->capture_default_str();
    command->add_option("--timeout-seconds", options.timeout_seconds, "For all checks together")
        ->capture_default_str()
        ->check(CLI::Range(1, 3600));
  }
  CLI::App* const give_up = app.add_subcommand("give-up", "Record why this boot is bad; restart");
  give_up->add_option("REASON", options.reason, "One line")->required();

  return base::RunProgram(app, argc, argv, [&]() -> Result<int> {
    if (give_up->parsed()) return GiveUp(options, options.reason);
    if (confirm->parsed()) return ActOn(options, Confirm(options));
    const Result<> checked = CheckThisBoot(options);
    if (!checked || check->parsed()) return ActOn(options, checked);
    return ActOn(options, Confirm(options));
  });
}
