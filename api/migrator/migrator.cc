#include "api/migrator/migrator.h"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "api/datastore.h"
#include "api/migrator/sealed_program.h"
#include "base/child_process.h"
#include "base/file.h"
#include "base/log.h"
#include "updog/saved_migrations.h"
#include "updog/setup.h"

namespace api {
namespace {

using base::ErrorCode;
using updog::Version;

// All of them, verified, before any is run.
base::Result<std::vector<SealedProgram>> LoadPrograms(const MigratorOptions& options,
                                                      const Version& from, const Version& to) {
  updog::Config config = TRY(LoadImageConfig(options.paths));
  for (std::string* path : {&config.trusted_root, &config.migrations_dir, &config.state_dir}) {
    *path = options.root + *path;
  }
  updog::FoundMigrations found = TRY(updog::FindSavedMigrations(
      updog::PlacesOf(config), TRY(updog::ReadTrustedRoot(config)), {.from = from, .to = to}));
  std::vector<SealedProgram> programs;
  programs.reserve(found.names.size());
  for (const std::string& name : found.names) {
    programs.push_back(TRY_CONTEXT(SealedProgram::Load(found.saved, name),
                                   fmt::format("migration {:.100}", name)));
  }
  return programs;
}

base::Result<> Run(const SealedProgram& program, const std::string& direction,
                   const std::string& source, const std::string& target,
                   std::chrono::seconds time_limit) {
  TRY(base::MakeDirectories(target, 0700));
  const base::ChildProcessEnd end = TRY_CONTEXT(
      base::RunChildProcess({.command = {program.path(), direction, "--source-datastore", source,
                                         "--target-datastore", target},
                             .environment = {"PATH=/usr/bin:/bin"},
                             .time_limit = time_limit}),
      fmt::format("migration {:.100}", program.name()));
  if (end.succeeded()) return {};
  return base::Fail(ErrorCode::kFailed,
                    fmt::format("migration {:.100}: {}", program.name(), end.description));
}

// Each on what the one before left, below `workspace`; the first on a copy of `settings`. Answers
// what the last one left.
base::Result<Settings> RunAll(const std::vector<SealedProgram>& programs,
                              const std::string& direction, const Settings& settings,
                              const std::string& workspace, std::chrono::seconds time_limit) {
  std::string source = workspace + "/0";
  TRY(base::MakeDirectories(source, 0700));
  TRY(WriteSettings(source, settings));
  for (std::size_t i = 0; i < programs.size(); ++i) {
    std::string target = fmt::format("{}/{}", workspace, i + 1);
    base::log::Info(fmt::format("migration {:.100} {}", programs[i].name(), direction));
    TRY(Run(programs[i], direction, source, target, time_limit));
    source = std::move(target);
  }
  return ReadSettings(source);
}

base::Result<> MigrateFrom(const Version& from, const Version& to, const MigratorOptions& options) {
  const std::string& datastore = options.paths.datastore;
  const std::string workspace = datastore + "/migration";
  const std::vector<SealedProgram> programs = TRY(LoadPrograms(options, from, to));
  const Settings before = TRY(ReadSettings(fmt::format("{}/{}", datastore, from.text())));
  const Settings settings = TRY(RunAll(programs, from <= to ? "--forward" : "--backward", before,
                                       workspace, options.time_limit));
  // Better the old version again than a new one that cannot read its settings.
  TRY_CONTEXT(TRY(LoadSchema(options.paths)).CheckAll(settings), "what the migrations left");
  // Written anew, and durably: what the programs wrote may not have reached the disk.
  const std::string finished = workspace + "/finished";
  TRY(base::MakeDirectories(finished, 0700));
  TRY(WriteSettings(finished, settings));
  return SwitchStore(datastore, finished, to);
}

// What the running version's settings were when it last ran, if they are still there.
base::Result<> TakeUpPrevious(const Version& running, const MigratorOptions& options) {
  const std::string& datastore = options.paths.datastore;
  const std::optional<Version> previous = PreviousVersion(datastore);
  if (!previous || *previous != running) {
    return base::Fail(ErrorCode::kNotFound,
                      fmt::format("no settings of version {} were kept", running.text()));
  }
  const std::string store = fmt::format("{}/{}", datastore, running.text());
  TRY_CONTEXT(TRY(LoadSchema(options.paths)).CheckAll(TRY(ReadSettings(store))), store);
  return SwitchBack(datastore);
}

// The settings of `from` could not be carried to the running version, for the reason in `error`.
base::Result<> DoWithout(const base::Error& error, const Version& from, const Version& running,
                         const MigratorOptions& options) {
  if (!options.on_trial && TakeUpPrevious(running, options)) {
    base::log::Warning(fmt::format(
        "settings cannot be carried back from {} to {}: {}; those that {} had before hold again, "
        "without what was set since",
        from.text(), running.text(), error.message(), running.text()));
    return {};
  }
  return std::unexpected(
      base::Error(error).WithContext(fmt::format("settings stay version {}'s", from.text())));
}

}  // namespace

base::Result<> Migrate(const MigratorOptions& options) {
  const std::string& datastore = options.paths.datastore;
  const Version running = TRY(RunningVersion(options.paths));
  const base::FileLock lock = TRY(LockDatastore(datastore));
  const std::optional<Version> current = TRY(RecoverStore(datastore));
  if (!current || *current == running) return {};
  const base::Result<> migrated = MigrateFrom(*current, running, options);
  if (migrated) {
    base::log::Info(
        fmt::format("settings migrated from {} to {}", current->text(), running.text()));
    return {};
  }
  (void)RecoverStore(datastore);  // the next run does it too
  return DoWithout(migrated.error(), *current, running, options);
}

}  // namespace api
