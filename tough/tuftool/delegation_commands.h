// tuftool delegation ...: whom a role trusts with which targets.
//
// A role is worked on by itself, and handed over as DIRECTORY/metadata/ROLE.json to whoever holds
// the keys of snapshot and timestamp ('tuftool update --role'); or, with --sign-all, the whole
// repository is signed and published.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/program.h"
#include "base/result.h"
#include "base/time.h"
#include "tough/editor.h"
#include "tough/publish.h"
#include "tough/tuftool/commands.h"

namespace tough::tuftool {

class DelegationCommands {
 public:
  DelegationCommands(CLI::App& app, Action& chosen, base::Time now);

 private:
  using Run = base::Result<> (DelegationCommands::*)();
  CLI::App& Add(CLI::App& group, const std::string& name, const std::string& description, Run run);
  CLI::App& AddEdit(CLI::App& group, const std::string& name, const std::string& description,
                    Run run);
  void AddOutput(CLI::App& command);
  void AddDelegatedRole(CLI::App& command);
  void AddNewKeys(CLI::App& command);
  void AddThreshold(CLI::App& command);
  void AddRoleCommands(CLI::App& group);
  void AddKeyCommands(CLI::App& group);
  void AddTargetCommands(CLI::App& group);

  base::Result<RepositoryEditor> Open() const;
  base::Result<std::vector<base::json::Object>> NewKeys() const;
  // Edits the signing role's delegations.
  base::Result<> Edit(const std::function<base::Result<>(DelegationEditor&)>& change);
  // Signs and writes `roles`, or the whole repository.
  base::Result<> Write(RepositoryEditor& editor, const std::vector<std::string>& roles,
                       const std::vector<TargetSource>& targets) const;
  base::Result<> SetHead(RepositoryEditor& editor, const std::string& role) const;
  base::Result<> MakeMissingRoles(RepositoryEditor& editor) const;

  base::Result<> CreateRole();
  base::Result<> AddRole();
  base::Result<> AddBins();
  base::Result<> RemoveRole();
  base::Result<> AddKey();
  base::Result<> RemoveKey();
  base::Result<> SetThreshold();
  base::Result<> SignRole();
  base::Result<> UpdateTargets();

  Action& chosen_;
  base::Time now_;
  std::string signing_role_ = "targets";
  std::string root_;
  std::string metadata_url_;
  bool allow_expired_ = false;
  std::string outdir_;
  KeyOptions keys_;
  std::string expires_;
  std::optional<std::uint64_t> version_;
  bool sign_all_ = false;
  bool ignore_threshold_ = false;
  std::array<RoleOptions, 2> listing_roles_ = {RoleOptions{Role::kSnapshot},
                                               RoleOptions{Role::kTimestamp}};
  // The arguments of whichever command was given.
  std::string delegated_role_;
  std::string incoming_metadata_;
  std::vector<std::string> paths_;
  std::vector<std::string> path_hash_prefixes_;
  bool terminating_ = false;
  std::vector<std::string> new_keys_;
  std::string keyid_;
  std::uint64_t threshold_ = 1;
  std::uint32_t bit_length_ = 0;
  bool explicit_bins_ = false;
  std::string target_role_;
  std::string add_targets_;
  std::vector<std::string> remove_targets_;
  bool follow_ = false;
  std::string role_file_;
};

}  // namespace tough::tuftool
