// publish: the usual cases of a publisher's work in one command each.
#include <functional>
#include <string>
#include <utility>

#include "base/exit_status.h"
#include "base/program.h"
#include "base/time.h"
#include "tough/tuftool/commands.h"
#include "updog/publish/commands.h"
#include "updog/shipped_schedules.h"

namespace {

namespace publish = updog::publish;
using base::ErrorCode;

constexpr const char* kExamples =
    "  publish release.toml --repo repository --root root.json --key targets.pem \\\n"
    "      --key online.pem --schedule default --start-at \"in 2 hours\"\n"
    "  publish halt --repo repository --root root.json --key targets.pem --key online.pem\n"
    "  publish resume --repo repository --root root.json --key targets.pem --key online.pem\n"
    "  publish waves 1.1.0 accelerated --repo repository --root root.json --key targets.pem \\\n"
    "      --key online.pem\n"
    "  publish withdraw 1.1.0 --repo repository --root root.json --key targets.pem \\\n"
    "      --key online.pem\n"
    "  publish refresh --repo repository --root root.json --key online.pem    # for cron\n";

// The command line, as text.
struct Arguments {
  std::string release_file;
  std::string repo;
  std::string stage;
  std::vector<std::string> roots;
  tough::tuftool::KeyOptions keys;
  std::string targets_expires = "in 12 weeks";
  std::string snapshot_expires = "in 12 weeks";
  std::string timestamp_expires = "in 7 days";
  std::string schedule = "default";
  std::string start_at;
  std::string variant;
  std::string arch;
  std::string version;
};

base::Result<publish::Request> MakeRequest(const Arguments& arguments, base::Time now) {
  using tough::tuftool::ParseExpiry;
  if (arguments.repo.empty() == arguments.stage.empty()) {
    return base::Fail(ErrorCode::kUsage, "give --repo or --stage (see publish --help)");
  }
  publish::Request request;
  request.now = now;
  request.place = arguments.repo.empty() ? publish::Place::kStage : publish::Place::kRepository;
  publish::RepositoryOptions& options = request.repository;
  options.directory = arguments.repo.empty() ? arguments.stage : arguments.repo;
  options.roots = arguments.roots;
  options.expires = {
      .targets = TRY(ParseExpiry(arguments.targets_expires, now, "--targets-expires")),
      .snapshot = TRY(ParseExpiry(arguments.snapshot_expires, now, "--snapshot-expires")),
      .timestamp = TRY(ParseExpiry(arguments.timestamp_expires, now, "--timestamp-expires"))};
  options.keys = TRY(tough::tuftool::LoadKeys(arguments.keys));
  return request;
}

base::Result<updog::Selector> MakeSelector(const Arguments& arguments) {
  updog::Selector selector;
  if (!arguments.variant.empty()) selector.variant = arguments.variant;
  if (!arguments.arch.empty()) selector.arch = arguments.arch;
  if (arguments.version.empty()) return selector;
  auto version = updog::Version::Parse(arguments.version);
  if (!version) return base::Fail(ErrorCode::kUsage, version.error().message());
  selector.version = *std::move(version);
  return selector;
}

base::Result<updog::Waves> MakeWaves(const Arguments& arguments, base::Time now) {
  if (arguments.schedule == "none") return updog::Waves();
  base::Time start = now;
  if (!arguments.start_at.empty()) {
    auto given = base::ParseTimeOrOffset(arguments.start_at, now);
    if (!given) return base::Fail(ErrorCode::kUsage, "--start-at: " + given.error().message());
    start = *given;
  }
  return updog::MakeWaves(TRY(updog::LoadSchedule(arguments.schedule)), start);
}

using Verb = base::Result<int> (*)(const Arguments&, base::Time);

base::Result<int> PublishRelease(const Arguments& arguments, base::Time now) {
  if (arguments.release_file.empty()) {
    return base::Fail(ErrorCode::kUsage, "give a release.toml or a command (see publish --help)");
  }
  return publish::PublishRelease(
      TRY(MakeRequest(arguments, now)),
      {.release_file = arguments.release_file, .waves = TRY(MakeWaves(arguments, now))});
}

template <base::Result<int> (*kVerb)(publish::Request, const updog::Selector&)>
base::Result<int> RunWithSelector(const Arguments& arguments, base::Time now) {
  const updog::Selector selector = TRY(MakeSelector(arguments));
  return kVerb(TRY(MakeRequest(arguments, now)), selector);
}

base::Result<int> SetWaves(const Arguments& arguments, base::Time now) {
  const updog::Selector selector = TRY(MakeSelector(arguments));
  const updog::Waves waves = TRY(MakeWaves(arguments, now));
  return publish::SetWaves(TRY(MakeRequest(arguments, now)), selector, waves);
}

base::Result<int> Refresh(const Arguments& arguments, base::Time now) {
  return publish::Refresh(TRY(MakeRequest(arguments, now)));
}

void AddRepositoryOptions(CLI::App& app, Arguments& arguments) {
  app.add_option("--repo", arguments.repo, "The repository, as hosts see it")->type_name("DIR");
  app.add_option("--stage", arguments.stage, "A copy of it that hosts do not see")
      ->type_name("DIR");
  app.add_option("-r,--root", arguments.roots,
                 "The root.json that is trusted; then those after it that are not published yet")
      ->allow_extra_args(false)
      ->type_name("FILE")
      ->required();
  // Not required where --help is asked of a command.
  tough::tuftool::AddKeyOptions(app, arguments.keys);
  const auto add_expiry = [&app](const std::string& name, std::string& text) {
    app.add_option("--" + name + "-expires", text, "RFC 3339, or 'in 7 days'")
        ->type_name("TIME")
        ->capture_default_str();
  };
  add_expiry("targets", arguments.targets_expires);
  add_expiry("snapshot", arguments.snapshot_expires);
  add_expiry("timestamp", arguments.timestamp_expires);
}

void AddStart(CLI::App& app, Arguments& arguments) {
  app.add_option("--start-at", arguments.start_at,
                 "When the release starts: a time, or \"in 2 hours\" (default: now)");
}

void AddReleaseOptions(CLI::App& app, Arguments& arguments) {
  app.add_option("RELEASE", arguments.release_file, "The release.toml of what was built")
      ->type_name("FILE");
  app.add_option("--schedule", arguments.schedule,
                 "Waves: accelerated, default, emergency or a file; none: everybody at once")
      ->capture_default_str();
  AddStart(app, arguments);
}

CLI::App& AddVerb(CLI::App& app, const std::string& name, const std::string& description,
                  Arguments& arguments) {
  CLI::App& verb = *app.add_subcommand(name, description);
  verb.add_option("VERSION", arguments.version, "The version that is meant");
  verb.add_option("--variant", arguments.variant, "Only this variant");
  verb.add_option("--arch", arguments.arch, "Only this architecture");
  return verb;
}

CLI::App& AddWaves(CLI::App& app, Arguments& arguments) {
  CLI::App& verb =
      AddVerb(app, "waves", "Let a version spread anew, as a schedule says", arguments);
  verb.get_option("VERSION")->required();
  verb.add_option("SCHEDULE", arguments.schedule,
                  "accelerated, default, emergency or a file; none: everybody at once")
      ->required();
  AddStart(verb, arguments);
  return verb;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Publishes releases of a system image, stops them, and takes them back", "publish");
  base::SetUpProgram(app, kExamples);
  AddReleaseOptions(app, arguments);
  AddRepositoryOptions(app, arguments);
  const std::vector<std::pair<CLI::App*, Verb>> verbs = {
      {&AddVerb(app, "halt", "Let nobody start with a version (default: the newest)", arguments),
       RunWithSelector<publish::Halt>},
      {&AddVerb(app, "resume", "Offer what is halted again; its waves go on", arguments),
       RunWithSelector<publish::Resume>},
      {&AddWaves(app, arguments), SetWaves},
      {&AddVerb(app, "withdraw", "Send hosts on a version back to the one before", arguments),
       RunWithSelector<publish::Withdraw>},
      {app.add_subcommand("refresh", "Sign a new timestamp, and nothing else"), Refresh}};
  return base::RunProgram(app, argc, argv, [&]() -> base::Result<int> {
    const base::Time now = base::Now();
    for (const auto& [command, verb] : verbs) {
      if (command->parsed()) return verb(arguments, now);
    }
    return PublishRelease(arguments, now);
  });
}
