#include "tough/tuftool/delegation_commands.h"

#include <fmt/format.h>

#include <set>

#include "base/file.h"
#include "base/log.h"
#include "tough/limits.h"
#include "tough/publishable_names.h"
#include "tough/sign.h"

namespace tough::tuftool {

using base::ErrorCode;
using base::Fail;
using base::Result;

DelegationCommands::DelegationCommands(CLI::App& app, Action& chosen, base::Time now)
    : chosen_(chosen), now_(now) {
  CLI::App& group =
      *app.add_subcommand("delegation", "Let other roles sign for some of the targets");
  group.require_subcommand(1);
  group
      .add_option("--signing-role", signing_role_,
                  "The role that is changed, and signed (default: targets)")
      ->type_name("ROLE");
  AddRoleCommands(group);
  AddKeyCommands(group);
  AddTargetCommands(group);
}

void DelegationCommands::AddRoleCommands(CLI::App& group) {
  CLI::App& create =
      Add(group, "create-role",
          "Make the signing role, without targets, to be handed to whoever delegates "
          "to it",
          &DelegationCommands::CreateRole);
  AddOutput(create);

  CLI::App& add =
      AddEdit(group, "add-role", "Delegate to one more role", &DelegationCommands::AddRole);
  AddDelegatedRole(add);
  AddNewKeys(add);
  AddThreshold(add);
  CLI::Option* paths =
      add.add_option("-p,--paths", paths_,
                     "Pattern of the targets' names that it may sign, e.g. 'os/*.img'; may be "
                     "given several times")
          ->allow_extra_args(false)
          ->type_name("GLOB");
  CLI::Option* prefixes = add.add_option("-x,--path-hash-prefixes", path_hash_prefixes_,
                                         "Instead: prefix of the SHA-256 of their names, in "
                                         "hexadecimal; may be given several times")
                              ->allow_extra_args(false)
                              ->type_name("HEX")
                              ->excludes(paths);
  paths->excludes(prefixes);
  add.add_flag("--terminating", terminating_,
               "Nobody after it is asked for these targets, even if it does not have them");
  add.add_option("-i,--incoming-metadata", incoming_metadata_,
                 "Directory with its ROLE.json; without one it is made, with --sign-all")
      ->type_name("DIR");

  CLI::App& bins = AddEdit(group, "add-bins",
                           "Delegate all targets to bins by the hash of their names, so that no "
                           "file lists them all",
                           &DelegationCommands::AddBins);
  bins.add_option("-d,--name-prefix", delegated_role_, "The bins are called PREFIX-00 and so on")
      ->type_name("PREFIX")
      ->required();
  bins.add_option("-b,--bit-length", bit_length_, "There are 2^N bins; 1 to 16")
      ->type_name("N")
      ->required();
  bins.add_flag("--explicit", explicit_bins_,
                "List each of them, for clients that do not know succinct roles (TAP 15)");
  AddNewKeys(bins);
  AddThreshold(bins);

  AddDelegatedRole(
      AddEdit(group, "remove-role", "Take a delegation back", &DelegationCommands::RemoveRole));
}

void DelegationCommands::AddKeyCommands(CLI::App& group) {
  CLI::App& add = AddEdit(group, "add-key",
                          "Let one more key sign for a delegated role; prints its "
                          "keyid",
                          &DelegationCommands::AddKey);
  AddDelegatedRole(add);
  AddNewKeys(add);
  CLI::App& remove = AddEdit(group, "remove-key", "Take a key from a delegated role",
                             &DelegationCommands::RemoveKey);
  AddDelegatedRole(remove);
  remove.add_option("--keyid", keyid_, "The key")->type_name("KEYID")->required();
  CLI::App& threshold =
      AddEdit(group, "set-threshold", "Set how many keys have to sign for a delegated role",
              &DelegationCommands::SetThreshold);
  AddDelegatedRole(threshold);
  AddThreshold(threshold);
  CLI::App& sign = Add(group, "sign-role",
                       "Add a signature to a role that is to be handed over, which stays at its "
                       "place",
                       &DelegationCommands::SignRole);
  AddKeyOptions(sign, keys_);
  sign.add_option("FILE", role_file_, "The ROLE.json")->required();
}

void DelegationCommands::AddTargetCommands(CLI::App& group) {
  CLI::App& update =
      AddEdit(group, "update-delegated-targets", "Add targets to a delegated role, or renew it",
              &DelegationCommands::UpdateTargets);
  update
      .add_option("--role", target_role_,
                  "The role (default: for each target the one that a client comes to last, such as "
                  "its bin)")
      ->type_name("ROLE");
  update
      .add_option("-t,--add-targets", add_targets_, "Directory with the target files to be added")
      ->type_name("DIR");
  update
      .add_option("--remove-target", remove_targets_,
                  "No longer list this target; may be given several times")
      ->allow_extra_args(false)
      ->type_name("NAME");
  update.add_flag("-f,--follow", follow_, "Follow symbolic links below the targets directory");
}

CLI::App& DelegationCommands::Add(CLI::App& group, const std::string& name,
                                  const std::string& description, Run run) {
  CLI::App& command = *group.add_subcommand(name, description);
  ChooseWhenParsed(command, chosen_, *this, run);
  return command;
}

void DelegationCommands::AddOutput(CLI::App& command) {
  AddKeyOptions(command, keys_);
  AddOutdirOption(command, outdir_);
  command.add_option("-e,--expires", expires_, "When the role expires: RFC 3339, or 'in 7 days'")
      ->type_name("TIME");
  command.add_option("-v,--version", version_, "The role's version (default: the next one)")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  command.add_flag("--ignore-threshold", ignore_threshold_, "Others are still to sign");
}

CLI::App& DelegationCommands::AddEdit(CLI::App& group, const std::string& name,
                                      const std::string& description, Run run) {
  CLI::App& command = Add(group, name, description, run);
  AddRootOption(command, root_);
  AddMetadataOptions(command, metadata_url_, allow_expired_);
  AddOutput(command);
  command.add_flag("--sign-all", sign_all_,
                   "Sign snapshot and timestamp, too, and publish the whole repository");
  for (RoleOptions& role : listing_roles_) AddRoleOptions(command, role);
  return command;
}

void DelegationCommands::AddDelegatedRole(CLI::App& command) {
  command.add_option("-d,--delegated-role", delegated_role_, "The role that is delegated to")
      ->type_name("ROLE")
      ->required();
}

void DelegationCommands::AddNewKeys(CLI::App& command) {
  command
      .add_option("--new-key", new_keys_,
                  "Key that may sign for the delegated role, its public half will do; may be given "
                  "several times")
      ->allow_extra_args(false)
      ->type_name("FILE")
      ->required();
}

void DelegationCommands::AddThreshold(CLI::App& command) {
  command.add_option("-t,--threshold", threshold_, "How many of them have to sign (default: 1)")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
}

Result<RepositoryEditor> DelegationCommands::Open() const {
  const PublishedMetadata published = TRY(ReadPublished(
      {root_}, metadata_url_, now_, allow_expired_ ? Expired::kAllow : Expired::kRefuse));
  return TRY_CONTEXT(RepositoryEditor::Open(published), metadata_url_);
}

Result<std::vector<base::json::Object>> DelegationCommands::NewKeys() const {
  std::vector<base::json::Object> keys;
  keys.reserve(new_keys_.size());
  for (const std::string& source : new_keys_) keys.push_back(TRY(LoadPublicKey(source, keys_)));
  return keys;
}

Result<> DelegationCommands::SetHead(RepositoryEditor& editor, const std::string& role) const {
  if (version_) TRY(editor.SetVersion(role, *version_));
  if (expires_.empty()) return {};
  return editor.SetExpires(role, TRY(ParseExpiry(expires_, now_, "--expires")));
}

Result<> DelegationCommands::Write(RepositoryEditor& editor, const std::vector<std::string>& roles,
                                   const std::vector<TargetSource>& targets) const {
  for (const std::string& role : roles) TRY(SetHead(editor, role));
  const std::vector<SigningKey> keys = TRY(LoadKeys(keys_));
  if (sign_all_) {
    for (const RoleOptions& role : listing_roles_) TRY(SetRole(editor, role, now_));
    return PublishRepository(outdir_, targets, TRY(editor.Sign(keys, ExistingMetadata(outdir_))));
  }
  std::vector<MetadataFile> files;
  files.reserve(roles.size());
  for (const std::string& role : roles) {
    files.push_back(TRY(
        editor.SignRole(role, keys, ignore_threshold_ ? Threshold::kIgnore : Threshold::kRequire)));
  }
  return PublishRepository(outdir_, targets, files);
}

Result<> DelegationCommands::Edit(const std::function<Result<>(DelegationEditor&)>& change) {
  RepositoryEditor editor = TRY(Open());
  DelegationEditor delegations = TRY(editor.Delegations(signing_role_));
  TRY(change(delegations));
  if (sign_all_) TRY(MakeMissingRoles(editor));
  return Write(editor, {signing_role_}, {});
}

// Roles that are new are handed in, or made.
Result<> DelegationCommands::MakeMissingRoles(RepositoryEditor& editor) const {
  for (const std::string& role : TRY(editor.MissingRoles())) {
    if (!incoming_metadata_.empty()) {
      TRY(editor.TakeRole(role, TRY(ReadRoleFile(incoming_metadata_, role))));
      continue;
    }
    TRY(editor.AddRole(role));
    if (expires_.empty())
      return Fail(ErrorCode::kUsage, fmt::format("{} is new: give its --expires", role));
    TRY(editor.SetExpires(role, TRY(ParseExpiry(expires_, now_, "--expires"))));
  }
  return {};
}

Result<> DelegationCommands::CreateRole() {
  if (expires_.empty())
    return Fail(ErrorCode::kUsage, fmt::format("{} is new: give its --expires", signing_role_));
  TRY(CheckRoleName(signing_role_));
  RepositoryEditor editor = RepositoryEditor::CreateRole(signing_role_);
  return Write(editor, {signing_role_}, {});
}

Result<> DelegationCommands::AddRole() {
  DelegatedRole role;
  role.name = delegated_role_;
  role.signers.threshold = threshold_;
  role.terminating = terminating_ ? Terminating::kYes : Terminating::kNo;
  if (path_hash_prefixes_.empty()) {
    role.paths = PathPatterns{paths_};
  } else {
    role.paths = PathHashPrefixes{path_hash_prefixes_};
  }
  if (paths_.empty() && path_hash_prefixes_.empty()) {
    return Fail(ErrorCode::kUsage,
                fmt::format("{}: which targets? Give --paths or --path-hash-prefixes", role.name));
  }
  const std::vector<base::json::Object> keys = TRY(NewKeys());
  return Edit(
      [&](DelegationEditor& delegations) { return delegations.AddRoles({&role, 1}, keys); });
}

Result<> DelegationCommands::AddBins() {
  SuccinctRoles bins{.name_prefix = delegated_role_, .bit_length = bit_length_, .signers = {}};
  bins.signers.threshold = threshold_;
  const std::vector<base::json::Object> keys = TRY(NewKeys());
  return Edit([&](DelegationEditor& delegations) -> Result<> {
    if (!explicit_bins_) return delegations.AddSuccinctRoles(bins, keys);
    return delegations.AddRoles(TRY(BinsAsRoles(bins)), keys);
  });
}

Result<> DelegationCommands::RemoveRole() {
  return Edit(
      [&](DelegationEditor& delegations) { return delegations.RemoveRole(delegated_role_); });
}

Result<> DelegationCommands::AddKey() {
  const std::vector<base::json::Object> keys = TRY(NewKeys());
  return Edit([&](DelegationEditor& delegations) -> Result<> {
    for (const base::json::Object& key : keys)
      fmt::print("{}\n", TRY(delegations.AddKey(delegated_role_, key)));
    return {};
  });
}

Result<> DelegationCommands::RemoveKey() {
  return Edit([&](DelegationEditor& delegations) {
    return delegations.RemoveKey(delegated_role_, keyid_);
  });
}

Result<> DelegationCommands::SetThreshold() {
  return Edit([&](DelegationEditor& delegations) {
    return delegations.SetThreshold(delegated_role_, threshold_);
  });
}

Result<> DelegationCommands::SignRole() {
  const std::string text = TRY(base::ReadFile(role_file_, Limits().listed_bytes));
  const std::vector<SigningKey> keys = TRY(LoadKeys(keys_));
  const std::string signed_text = TRY_CONTEXT(AddSignatures(text, keys), role_file_);
  return base::ReplaceFile(role_file_, base::AsBytes(signed_text));
}

Result<> DelegationCommands::UpdateTargets() {
  RepositoryEditor editor = TRY(Open());
  std::vector<TargetSource> targets;
  if (!add_targets_.empty()) {
    targets =
        TRY(FindTargets(add_targets_, follow_ ? SymbolicLinks::kFollow : SymbolicLinks::kLeaveOut));
  }
  std::set<std::string> roles;
  if (!target_role_.empty()) roles.insert(target_role_);
  const auto role_of = [&](const std::string& name) -> Result<std::string> {
    return *roles
                .insert(target_role_.empty() ? TRY(editor.RoleForTarget(name, signing_role_))
                                             : target_role_)
                .first;
  };
  for (const TargetSource& target : targets)
    TRY(editor.AddTarget(target.name, target.description, TRY(role_of(target.name))));
  for (const std::string& name : remove_targets_)
    TRY(editor.RemoveTarget(name, TRY(role_of(name))));
  if (roles.empty())
    return Fail(ErrorCode::kUsage,
                "nothing to change: give --role, --add-targets or --remove-target");
  return Write(editor, {roles.begin(), roles.end()}, targets);
}

}  // namespace tough::tuftool
