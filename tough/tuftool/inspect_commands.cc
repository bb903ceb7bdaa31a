#include <fmt/format.h>

#include <cstdio>

#include "base/file.h"
#include "tough/limits.h"
#include "tough/tuftool/commands.h"
#include "tough/tuftool/inspection.h"

namespace tough::tuftool {

using base::ErrorCode;
using base::Fail;
using base::Result;

InspectCommands::InspectCommands(CLI::App& app, Action& chosen, base::Time now)
    : chosen_(chosen), now_(now) {
  CLI::App& inspect = Add(
      app, "inspect",
      "Show a repository: roles, keys, who signed, versions, expiry, delegations. Exit status 1 "
      "if clients would refuse something",
      &InspectCommands::Inspect);
  inspect.add_flag("--json", json_, "As JSON");

  CLI::App& check =
      Add(app, "check-expirations",
          "List the roles that expire soon. Exit status 0 if there are none, 1 if there are, or if "
          "the repository cannot be read",
          &InspectCommands::CheckExpirations);
  check.add_option("--within", within_, "How soon: e.g. '14 days' (default)")
      ->type_name("DURATION");
}

CLI::App& InspectCommands::Add(CLI::App& app, const std::string& name,
                               const std::string& description,
                               Result<int> (InspectCommands::*run)()) {
  CLI::App& command = *app.add_subcommand(name, description);
  command
      .add_option("-r,--root", root_,
                  "The root.json that is trusted (default: the repository's first)")
      ->type_name("FILE");
  command
      .add_option("REPOSITORY", repository_,
                  "Its metadata's URL, or a directory: of the repository, or of its metadata")
      ->required();
  command.callback([this, run] { chosen_ = [this, run] { return (this->*run)(); }; });
  return command;
}

Result<Picture> InspectCommands::Look() const {
  std::optional<std::string> root;
  if (!root_.empty()) root = TRY(base::ReadFile(root_, Limits().root_bytes));
  const auto transport = TRY(MakeTransport());
  return TRY_CONTEXT(tuftool::Inspect(*transport, MetadataUrlOf(repository_), root, now_),
                     repository_);
}

Result<int> InspectCommands::Inspect() {
  const Picture picture = TRY(Look());
  if (json_) {
    fmt::print("{}", base::json::Serialize(AsJson(picture, now_), base::json::Style::kPretty));
  } else {
    fmt::print("{}", AsText(picture, now_));
  }
  return picture.healthy() ? base::kExitDone : base::kExitFailed;
}

Result<int> InspectCommands::CheckExpirations() {
  const auto within = base::ParseDuration(within_);
  if (!within)
    return Fail(ErrorCode::kUsage, fmt::format("--within: {}", within.error().message()));
  const Picture picture = TRY(Look());
  int status = base::kExitDone;
  for (const RolePicture& role : picture.roles) {
    // What cannot be read may have expired as well: silence would say that all is well.
    if (role.version == 0) {
      return Fail(ErrorCode::kFailed,
                  fmt::format("{}: {}: {}", repository_, role.name,
                              role.faults.empty() ? "cannot be read" : role.faults.front()));
    }
    if (role.expires - now_ > *within) continue;
    fmt::print("{} version {} {} {} ({})\n", role.name, role.version,
               role.expires > now_ ? "expires" : "expired", base::FormatTime(role.expires),
               TimeLeft(role.expires, now_));
    status = base::kExitFailed;
  }
  return status;
}

}  // namespace tough::tuftool
