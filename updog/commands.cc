#include "updog/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

#include "base/exit_status.h"
#include "base/json.h"
#include "updog/choice.h"
#include "updog/config.h"
#include "updog/history.h"
#include "updog/progress_view.h"
#include "updog/reboot.h"
#include "updog/saved_migrations.h"
#include "updog/setup.h"
#include "updog/stderr_progress.h"
#include "updog/updater.h"

namespace updog {
namespace {

using base::ErrorCode;
using base::json::Value;

enum class Switch : std::uint8_t { kNow, kLater };

// stdout is checked once, at the program's end.
void Print(const std::string& text) {
  (void)std::fputs(text.c_str(), stdout);
}

void PrintNote(const std::string& line) {
  (void)std::fputs(fmt::format("updog: {}\n", line).c_str(), stderr);
}

std::string Line(const Update& update) {
  return fmt::format("{} {}\n", update.variant, update.version.text());
}

void PrintUpdate(const Options& options, const Update& update) {
  Print(options.json ? base::json::Serialize(update.source, base::json::Style::kPretty)
                     : Line(update));
}

void PrintAll(const Options& options, const std::vector<const Update*>& updates) {
  if (!options.json) {
    for (const Update* update : updates) Print(Line(*update));
    return;
  }
  base::json::Array array;
  for (const Update* update : updates) array.push_back(update->source);
  Print(base::json::Serialize(Value(std::move(array)), base::json::Style::kPretty));
}

// What the API server makes its status document of.
void PrintReport(const Choice& choice) {
  base::json::Array versions;
  for (const Update* update : choice.candidates) versions.emplace_back(update->version.text());
  base::json::Object report;
  report.Set("available_updates", std::move(versions));
  report.Set("chosen_update", Value());
  if (choice.chosen != nullptr) {
    base::json::Object chosen;
    chosen.Set("arch", choice.chosen->arch);
    chosen.Set("version", choice.chosen->version.text());
    chosen.Set("variant", choice.chosen->variant);
    report.Set("chosen_update", std::move(chosen));
  }
  report.Set("why", choice.why);
  Print(base::json::Serialize(Value(std::move(report)), base::json::Style::kPretty));
}

// Empty where none was asked for by name.
base::Result<std::optional<Version>> NamedVersion(const Options& options) {
  if (options.image.empty()) return std::nullopt;
  auto version = Version::Parse(options.image);
  if (version) return *std::move(version);
  return base::Fail(ErrorCode::kUsage, fmt::format("--image: {}", version.error().message()));
}

base::Result<Wishes> MakeWishes(const Options& options, const Config& config, const Host& host) {
  Wishes wishes;
  wishes.lock = config.version_lock;
  const bool ignore_waves = options.ignore_waves || config.ignore_waves;
  wishes.waves = ignore_waves ? WavePolicy::kIgnore : WavePolicy::kHonour;
  wishes.failed = FailedVersions(TRY(ReadHistory(config.state_dir)), host.variant);
  wishes.forced = TRY(NamedVersion(options));
  return wishes;
}

// A repository that has updates, but none for hosts like this one, is one of the two misconfigured.
base::Result<> CheckHostIsKnown(const Choice& choice) {
  const auto is_others = [](const Judgement& judgement) {
    return judgement.verdict == Verdict::kOtherVariant || judgement.verdict == Verdict::kOtherArch;
  };
  if (choice.halted != nullptr || choice.judgements.empty() ||
      !std::ranges::all_of(choice.judgements, is_others))
    return {};
  return base::Fail(ErrorCode::kNotFound, choice.why);
}

base::Result<> RefuseRebootOfImage(const Options& options, const Config& config) {
  if (!options.reboot || config.disk.empty()) return {};
  return base::Fail(ErrorCode::kUsage,
                    fmt::format("--reboot: the configuration is about the disk {}, not about the "
                                "running system",
                                config.disk));
}

base::Result<> RebootIfAsked(const Options& options) {
  if (!options.reboot) return {};
  (void)std::fflush(stdout);
  return Reboot();
}

// Everything that is needed to bring an update onto this host.
struct Undertaking {
  const Config& config;
  const Host& host;
  const Plan& plan;
  base::Time now;
  Repository& repository;
  Updater& updater;

  VersionChange change() const { return {.from = host.version, .to = plan.update->version}; }
};

base::Result<> FetchMigrationsOf(const Undertaking& undertaking) {
  const Config& config = undertaking.config;
  const Plan& plan = undertaking.plan;
  undertaking.repository.transport->AnnounceUpdate(plan.update->version.text(), plan.migrations);
  return FetchMigrations(*undertaking.repository.transport,
                         {.trusted_root = TRY(ReadTrustedRoot(config)),
                          .metadata_base_url = config.metadata_base_url,
                          .targets_base_url = config.targets_base_url},
                         undertaking.change(), PlacesOf(config), undertaking.now);
}

base::Result<> Prepare(const Options& options, const Undertaking& undertaking) {
  // Before anything is written: an update whose migrations cannot be had would not come up.
  TRY(FetchMigrationsOf(undertaking));
  // What was saved led back to the version that is cleared then.
  const auto on_cleared = [&] { return PutMigrationsInPlace(PlacesOf(undertaking.config)); };
  ProgressView view = MakeStderrProgress(options.progress);
  const auto prepared = undertaking.updater.Prepare(
      undertaking.plan, undertaking.repository.client, undertaking.now, on_cleared,
      [&view](const Progress& progress) { view.Show(progress, std::chrono::steady_clock::now()); });
  view.End();
  return prepared;
}

// The images are there: staged before the release was published anew with other migrations, or
// before what was saved was lost.
base::Result<> RenewMigrations(const Undertaking& undertaking) {
  if (AreMigrationsSaved(undertaking.config, undertaking.change(), undertaking.plan.migrations,
                         undertaking.repository.client)) {
    return {};
  }
  TRY(FetchMigrationsOf(undertaking));
  return PutMigrationsInPlace(PlacesOf(undertaking.config));
}

base::Result<int> SayNothingToDo(const Options& options, const Wishes& wishes,
                                 const Choice& choice) {
  // Who asks for a version by name wants that one, not an explanation with exit status 0.
  if (wishes.forced) return base::Fail(ErrorCode::kNotFound, choice.why);
  // With --json stdout is for the update alone.
  if (!options.json) Print("No update required\n");
  PrintNote((options.json ? "No update required: " : "") + choice.why);
  return base::kExitDone;
}

base::Result<int> TakeUpdate(const Options& options, const Environment& environment, Switch when) {
  const Config config = TRY(LoadConfig(options.config_path));
  TRY(RefuseRebootOfImage(options, config));
  const Host host = TRY(IdentifyHost(config, options.variant, environment.machine));
  const Wishes wishes = TRY(MakeWishes(options, config, host));
  Repository repository = TRY(OpenRepository(config, host, environment.random));
  Updater updater = TRY(Updater::Open(TRY(OpenSignpost(config)), config.state_dir));

  const Manifest manifest = TRY(LoadManifest(repository.client, environment.now));
  const Choice choice = Choose(manifest, host, wishes, environment.now);
  TRY(CheckHostIsKnown(choice));
  if (choice.chosen == nullptr) return SayNothingToDo(options, wishes, choice);

  const Plan plan = TRY(MakePlan(repository.client, manifest, *choice.chosen, host.version));
  const Updater::Place place = TRY(updater.PlaceOf(plan));
  const Undertaking undertaking{.config = config,
                                .host = host,
                                .plan = plan,
                                .now = environment.now,
                                .repository = repository,
                                .updater = updater};
  TRY(place == Updater::Place::kNowhere ? Prepare(options, undertaking)
                                        : RenewMigrations(undertaking));
  if (when == Switch::kNow) TRY(RequireSavedMigrations(config, plan.update->version));
  if (when == Switch::kNow && place != Updater::Place::kNext) TRY(updater.Apply(environment.now));
  PrintUpdate(options, *choice.chosen);
  TRY(RebootIfAsked(options));
  return base::kExitDone;
}

base::Result<Updater> OpenUpdater(const Config& config) {
  return Updater::Open(TRY(OpenSignpost(config)), config.state_dir);
}

// What was asked for by name is a state of the host, which it may have reached before.
base::Result<> ApplyNamed(Updater& updater, const Version& version, base::Time now) {
  switch (TRY(updater.PlaceOf(version))) {
    case Updater::Place::kNext:
      return {};
    case Updater::Place::kStaged:
      return updater.Apply(now);
    case Updater::Place::kNowhere:
      break;
  }
  const std::optional<Staged> staged = TRY(updater.ReadStaged());
  return base::Fail(ErrorCode::kState,
                    fmt::format("{} is not what the inactive set holds, but {}", version.text(),
                                staged ? staged->version.text() : "nothing that is known"));
}

}  // namespace

base::Result<int> CheckUpdate(const Options& options, const Environment& environment) {
  const Config config = TRY(LoadConfig(options.config_path));
  const Host host = TRY(IdentifyHost(config, options.variant, environment.machine));
  const Wishes wishes = TRY(MakeWishes(options, config, host));
  Repository repository = TRY(OpenRepository(config, host, environment.random));
  const Manifest manifest = TRY(LoadManifest(repository.client, environment.now));
  const Choice choice = Choose(manifest, host, wishes, environment.now);
  TRY(CheckHostIsKnown(choice));
  if (options.report) {
    PrintReport(choice);
    return base::kExitDone;
  }
  if (options.all) {
    PrintAll(options, choice.candidates);
    if (!choice.candidates.empty()) return base::kExitDone;
  } else if (choice.chosen != nullptr) {
    PrintUpdate(options, *choice.chosen);
    return base::kExitDone;
  }
  PrintNote("no update available: " + choice.why);
  return base::kExitNoUpdate;
}

base::Result<int> UpdateImage(const Options& options, const Environment& environment) {
  return TakeUpdate(options, environment, Switch::kLater);
}

base::Result<int> FullUpdate(const Options& options, const Environment& environment) {
  return TakeUpdate(options, environment, Switch::kNow);
}

base::Result<int> UpdateApply(const Options& options, const Environment& environment) {
  const Config config = TRY(LoadConfig(options.config_path));
  TRY(RefuseRebootOfImage(options, config));
  Updater updater = TRY(OpenUpdater(config));
  const std::optional<Staged> staged = TRY(updater.ReadStaged());
  // Without them it would fail its trial, and not be tried again.
  if (staged) TRY(RequireSavedMigrations(config, staged->version));
  if (const std::optional<Version> named = TRY(NamedVersion(options))) {
    TRY(ApplyNamed(updater, *named, environment.now));
  } else {
    TRY(updater.Apply(environment.now));
  }
  if (staged) Print(fmt::format("{} {}\n", staged->variant, staged->version.text()));
  TRY(RebootIfAsked(options));
  return base::kExitDone;
}

base::Result<int> UpdateRevert(const Options& options) {
  const Config config = TRY(LoadConfig(options.config_path));
  Updater updater = TRY(OpenUpdater(config));
  const std::optional<Version> named = TRY(NamedVersion(options));
  if (named && TRY(updater.PlaceOf(*named)) != Updater::Place::kNext) return base::kExitDone;
  TRY(updater.Revert());
  return base::kExitDone;
}

base::Result<int> ShowHistory(const Options& options) {
  const Config config = TRY(LoadConfig(options.config_path));
  const History history = TRY(ReadHistory(config.state_dir));
  Print(options.json ? base::json::Serialize(HistoryToJson(history), base::json::Style::kPretty)
                     : HistoryToText(history));
  return base::kExitDone;
}

}  // namespace updog
