#include "api/migrator/migration.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "api/datastore.h"
#include "base/program.h"

namespace api {
namespace {

constexpr const char* kExamples =
    "  migrate_2.0.0_rename --forward --source-datastore 1.0.0 --target-datastore 2.0.0\n";

}  // namespace

int RunMigration(int argc, const char* const* argv, const Migration& migration) {
  bool forward = false;
  bool backward = false;
  std::string source;
  std::string target;
  CLI::App app("Carries the settings of a host from one version to another; run by migrator");
  base::SetUpProgram(app, kExamples);
  CLI::Option* up = app.add_flag("--forward", forward, "To the newer version");
  app.add_flag("--backward", backward, "To the older version")->excludes(up);
  app.add_option("--source-datastore", source, "Where the settings are")->required();
  app.add_option("--target-datastore", target, "Where the changed ones go")->required();
  return base::RunProgram(app, argc, argv, [&]() -> base::Result<int> {
    if (forward == backward) {
      return base::Fail(base::ErrorCode::kUsage, "either --forward or --backward is needed");
    }
    Settings settings = TRY(ReadSettings(source));
    TRY(forward ? migration.forward(settings) : migration.backward(settings));
    TRY(WriteSettings(target, settings));
    return base::kExitDone;
  });
}

base::Result<> RenameSetting(Settings& settings, std::string_view from, std::string_view to) {
  const auto found = settings.find(from);
  if (found == settings.end()) return {};
  if (settings.contains(to)) {
    return base::Fail(base::ErrorCode::kState, fmt::format("both {} and {} are set", from, to));
  }
  settings[std::string(to)] = std::move(found->second);
  settings.erase(found);
  return {};
}

}  // namespace api
