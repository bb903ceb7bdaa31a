#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "tough/editor.h"
#include "tough/limits.h"
#include "tough/publish.h"
#include "tough/tuftool/commands.h"

namespace tough::tuftool {

using base::ErrorCode;
using base::Result;

void AddRootOption(CLI::App& command, std::string& root) {
  command.add_option("-r,--root", root, "The root.json that is trusted")
      ->type_name("FILE")
      ->required();
}

void AddMetadataOptions(CLI::App& command, std::string& metadata_url, bool& allow_expired) {
  command
      .add_option("-m,--metadata-url", metadata_url,
                  "Where the repository's metadata is: http, https or file")
      ->type_name("URL")
      ->required();
  command.add_flag("--allow-expired-repo", allow_expired, "Metadata may have expired");
}

void AddOutdirOption(CLI::App& command, std::string& outdir) {
  command.add_option("-o,--outdir", outdir, "Where metadata/ and targets/ are written")
      ->type_name("DIR")
      ->required();
}

void AddRoleOptions(CLI::App& command, RoleOptions& options) {
  const std::string name(RoleName(options.role));
  command.add_option("--" + name + "-expires", options.expires, "RFC 3339, or 'in 7 days'")
      ->type_name("TIME");
  command.add_option("--" + name + "-version", options.version, "Default: the next one")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
}

Result<> SetRole(RepositoryEditor& editor, const RoleOptions& options, base::Time now) {
  const std::string_view role = RoleName(options.role);
  if (options.version) TRY(editor.SetVersion(role, *options.version));
  if (options.expires.empty()) return {};
  const std::string option = fmt::format("--{}-expires", role);
  return editor.SetExpires(role, TRY(ParseExpiry(options.expires, now, option)));
}

RepositoryCommands::RepositoryCommands(CLI::App& app, Action& chosen, base::Time now)
    : chosen_(chosen), now_(now) {
  AddCreate(app);
  AddUpdate(app);
  AddDownload(app);
}

void RepositoryCommands::AddCreate(CLI::App& app) {
  CLI::App& create = Add(app, "create", "Make a repository, signed and ready to be served",
                         &RepositoryCommands::Create);
  AddSigningOptions(create);
  create.add_option("-t,--add-targets", add_targets_, "Directory with the target files")
      ->type_name("DIR")
      ->required();
}

void RepositoryCommands::AddUpdate(CLI::App& app) {
  CLI::App& update = AddWithoutRoot(app, "update",
                                    "Add targets to a repository, renew what expires, follow a "
                                    "new root.json, take what others signed",
                                    &RepositoryCommands::Update);
  update
      .add_option("-r,--root", roots_,
                  "The root.json that is trusted; then those after it that are not published yet. "
                  "The next one alone will do, if enough of its signers signed the published one")
      ->allow_extra_args(false)
      ->type_name("FILE")
      ->required();
  AddSigningOptions(update);
  AddMetadataOptions(update, metadata_url_, allow_expired_);
  update
      .add_option("-t,--add-targets", add_targets_, "Directory with the target files to be added")
      ->type_name("DIR");
  update
      .add_option("--remove-target", remove_targets_,
                  "No longer list this target; may be given several times")
      ->allow_extra_args(false)
      ->type_name("NAME");
  update
      .add_option("--role", incoming_roles_,
                  "Take this role as others signed it; may be given several times")
      ->allow_extra_args(false)
      ->type_name("ROLE");
  update
      .add_option("-i,--incoming-metadata", incoming_metadata_,
                  "Directory with the ROLE.json of these roles, and of roles that are new in them")
      ->type_name("DIR");
}

void RepositoryCommands::AddDownload(CLI::App& app) {
  CLI::App& download =
      Add(app, "download", "Verify a repository and save its targets, delegated ones too",
          &RepositoryCommands::Download);
  AddMetadataOptions(download, metadata_url_, allow_expired_);
  download
      .add_option("-t,--targets-url", targets_url_, "Where the targets are: http, https or file")
      ->type_name("URL")
      ->required();
  download.add_option("-n,--target-name", names_, "Only this target; may be given several times")
      ->type_name("NAME");
  download.add_option("OUTDIR", outdir_, "Where the targets are saved")->required();
}

CLI::App& RepositoryCommands::Add(CLI::App& app, const std::string& name,
                                  const std::string& description,
                                  Result<> (RepositoryCommands::*run)()) {
  CLI::App& command = AddWithoutRoot(app, name, description, run);
  AddRootOption(command, root_);
  return command;
}

CLI::App& RepositoryCommands::AddWithoutRoot(CLI::App& app, const std::string& name,
                                             const std::string& description,
                                             Result<> (RepositoryCommands::*run)()) {
  CLI::App& command = *app.add_subcommand(name, description);
  ChooseWhenParsed(command, chosen_, *this, run);
  return command;
}

void RepositoryCommands::AddSigningOptions(CLI::App& command) {
  AddKeyOptions(command, keys_);
  AddOutdirOption(command, outdir_);
  command.add_flag("-f,--follow", follow_, "Follow symbolic links below the targets directory");
  for (RoleOptions& role : roles_) AddRoleOptions(command, role);
}

Result<> RepositoryCommands::Publish(RepositoryEditor& editor) const {
  for (const RoleOptions& role : roles_) TRY(SetRole(editor, role, now_));
  // Whatever can be refused is refused before the long work on the images begins, and that before
  // anything is written.
  const std::vector<SigningKey> keys = TRY(LoadKeys(keys_));
  const RepositoryEditor::ExistingFile existing = ExistingMetadata(outdir_);
  TRY(editor.Sign(keys, existing));
  std::vector<TargetSource> targets;
  if (!add_targets_.empty()) {
    targets =
        TRY(FindTargets(add_targets_, follow_ ? SymbolicLinks::kFollow : SymbolicLinks::kLeaveOut));
  }
  for (const TargetSource& target : targets) TRY(editor.AddTarget(target.name, target.description));
  if (!editor.changed()) {
    return base::Fail(ErrorCode::kUsage,
                      "nothing to change: give --add-targets, or an expiry or version");
  }
  return PublishRepository(outdir_, targets, TRY(editor.Sign(keys, existing)));
}

Result<PublishedRepository> RepositoryCommands::OpenPublished() const {
  const std::string root = TRY(base::ReadFile(root_, Limits().root_bytes));
  return PublishedRepository::Open(root, metadata_url_, targets_url_, now_,
                                   allow_expired_ ? Expired::kAllow : Expired::kRefuse);
}

Result<> RepositoryCommands::Create() {
  // Its clients would see every version fall back to 1.
  if (access((outdir_ + "/metadata/timestamp.json").c_str(), F_OK) == 0) {
    return base::Fail(ErrorCode::kState,
                      fmt::format("{}: holds a repository already: see 'tuftool update'", outdir_));
  }
  const std::string root = TRY(base::ReadFile(root_, Limits().root_bytes));
  RepositoryEditor editor = TRY_CONTEXT(RepositoryEditor::Create(root), root_);
  return Publish(editor);
}

Result<RepositoryEditor> RepositoryCommands::OpenEditor() const {
  const PublishedMetadata published = TRY(ReadPublished(
      roots_, metadata_url_, now_, allow_expired_ ? Expired::kAllow : Expired::kRefuse));
  return TRY_CONTEXT(RepositoryEditor::Open(published), metadata_url_);
}

Result<> RepositoryCommands::TakeIncoming(RepositoryEditor& editor) const {
  if (incoming_roles_.empty() != incoming_metadata_.empty()) {
    return base::Fail(ErrorCode::kUsage,
                      "--role and --incoming-metadata belong together: which roles, and where");
  }
  for (const std::string& role : incoming_roles_)
    TRY(editor.TakeRole(role, TRY(ReadRoleFile(incoming_metadata_, role))));
  if (incoming_roles_.empty()) return {};
  for (const std::string& role : TRY(editor.MissingRoles()))
    TRY(editor.TakeRole(role, TRY(ReadRoleFile(incoming_metadata_, role))));
  return {};
}

Result<> RepositoryCommands::Update() {
  RepositoryEditor editor = TRY(OpenEditor());
  TRY(TakeIncoming(editor));
  for (const std::string& name : remove_targets_) TRY(editor.RemoveTarget(name));
  return Publish(editor);
}

// Every target of the repository, delegated ones too.
Result<> RepositoryCommands::SaveAll(PublishedRepository& published) const {
  for (const std::string& name : TRY(published.TargetNames())) {
    const Result<TargetFile> found = published.Find(name);
    // Legal, and no target of anybody who looks for it (R65).
    if (!found && found.error().code() == ErrorCode::kNotFound) {
      base::log::Warning(
          fmt::format("{}: listed only by roles that may not sign for it: left out", name));
      continue;
    }
    TRY(published.Save(name, outdir_));
  }
  return {};
}

Result<> RepositoryCommands::Download() {
  PublishedRepository published = TRY(OpenPublished());
  TRY(base::MakeDirectories(outdir_));
  if (names_.empty()) return SaveAll(published);
  for (const std::string& name : names_) TRY(published.Save(name, outdir_));
  return {};
}

}  // namespace tough::tuftool
