// The commands of tuftool. Each Add function declares its commands' options, and leaves in
// `chosen` what the one that was parsed does.
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
#include "tough/schema.h"
#include "tough/secret.h"
#include "tough/signing_key.h"
#include "tough/tuftool/inspection.h"
#include "tough/tuftool/published_repository.h"

namespace tough::tuftool {

using Action = std::function<base::Result<int>()>;

// Once `command` is parsed, `chosen` runs this member of `commands`; both have to outlive it.
template <typename Commands>
void ChooseWhenParsed(CLI::App& command, Action& chosen, Commands& commands,
                      base::Result<> (Commands::*run)()) {
  command.callback([&chosen, &commands, run] {
    chosen = [&commands, run]() -> base::Result<int> {
      TRY((commands.*run)());
      return base::kExitDone;
    };
  });
}

// Where private keys come from.
struct KeyOptions {
  std::vector<std::string> sources;  // paths, file:// URLs, or pkcs11: URIs
  std::string passphrase_file;
  std::optional<int> passphrase_fd;
  mutable std::optional<Secret> from_fd;  // it can be read once only
};
void AddKeyOptions(CLI::App& command, KeyOptions& options);
// Those about the passphrase alone.
void AddPassphraseOptions(CLI::App& command, KeyOptions& options);
// The passphrase as it was given: by a file, a descriptor, or the environment's TUFTOOL_PASSPHRASE;
// empty if it was not. From here on the process leaves no core dump.
base::Result<Secret> GivenPassphrase(const KeyOptions& options);
// The keys; for encrypted ones, whose passphrase was not given, the terminal is asked.
base::Result<std::vector<SigningKey>> LoadKeys(const KeyOptions& options);
// The public half of a key file, private or public.
base::Result<base::json::Object> LoadPublicKey(const std::string& source,
                                               const KeyOptions& options);

// "--root-expires" and friends: a point in time as text, or "in 7 days". kUsage names `option`.
base::Result<base::Time> ParseExpiry(const std::string& text, base::Time now,
                                     std::string_view option);

// Options that several commands have. The root.json that is trusted:
void AddRootOption(CLI::App& command, std::string& root);
// The published repository that is read:
void AddMetadataOptions(CLI::App& command, std::string& metadata_url, bool& allow_expired);
// The repository that is written:
void AddOutdirOption(CLI::App& command, std::string& outdir);

// Expiry and version of a role in its next state.
struct RoleOptions {
  Role role;
  std::string expires{};
  std::optional<std::uint64_t> version{};
};
void AddRoleOptions(CLI::App& command, RoleOptions& options);
base::Result<> SetRole(RepositoryEditor& editor, const RoleOptions& options, base::Time now);

// tuftool root ...
class RootCommands {
 public:
  RootCommands(CLI::App& app, Action& chosen, base::Time now);

 private:
  CLI::App* Add(CLI::App& root, const std::string& name, const std::string& description,
                base::Result<> (RootCommands::*run)());
  void AddRole(CLI::App& command);
  void AddGenerators(CLI::App& root);

  base::Result<> Init();
  base::Result<> Expire();
  base::Result<> SetThreshold();
  base::Result<> SetVersion();
  base::Result<> BumpVersion();
  base::Result<> AddKey();
  base::Result<> RemoveKey();
  base::Result<> GenerateRsa();
  base::Result<> GenerateEd25519();
  base::Result<> GenerateEcdsa();
  base::Result<> Generate(KeyType type);
  base::Result<Secret> NewPassphrase();
  base::Result<> Sign();
  base::Result<> Show();

  Action& chosen_;
  base::Time now_;
  // The arguments of whichever command was given.
  std::string path_;
  std::string time_;
  std::uint64_t number_ = 1;
  std::string role_;
  std::vector<std::string> roles_;
  std::string keyid_;
  std::string key_path_;
  unsigned bits_ = 3072;
  std::string curve_ = "p256";
  KeyOptions keys_;
  std::string previous_root_;
  bool ignore_threshold_ = false;
  bool encrypt_ = false;
  bool json_ = false;
};

// tuftool inspect, check-expirations
class InspectCommands {
 public:
  InspectCommands(CLI::App& app, Action& chosen, base::Time now);

 private:
  CLI::App& Add(CLI::App& app, const std::string& name, const std::string& description,
                base::Result<int> (InspectCommands::*run)());
  base::Result<Picture> Look() const;
  base::Result<int> Inspect();
  base::Result<int> CheckExpirations();

  Action& chosen_;
  base::Time now_;
  std::string repository_;
  std::string root_;
  bool json_ = false;
  std::string within_ = "14 days";
};

// tuftool clone, transfer-metadata
class CopyCommands {
 public:
  CopyCommands(CLI::App& app, Action& chosen, base::Time now);

 private:
  CLI::App& Add(CLI::App& app, const std::string& name, const std::string& description,
                base::Result<> (CopyCommands::*run)());
  base::Result<PublishedMetadata> Read() const;
  base::Result<> CopyTargets(const PublishedMetadata& published) const;
  base::Result<> Clone();
  base::Result<> Transfer();

  Action& chosen_;
  base::Time now_;
  std::string root_;
  std::string metadata_url_;
  std::string targets_url_;
  bool allow_expired_ = false;
  std::string metadata_dir_;
  std::string targets_dir_;
  std::vector<std::string> names_;
  bool metadata_only_ = false;
  std::string new_root_;
  std::string outdir_;
  KeyOptions keys_;
  std::array<RoleOptions, 3> roles_ = {RoleOptions{Role::kTargets}, RoleOptions{Role::kSnapshot},
                                       RoleOptions{Role::kTimestamp}};
};

// tuftool create, update, download
class RepositoryCommands {
 public:
  RepositoryCommands(CLI::App& app, Action& chosen, base::Time now);

 private:
  void AddCreate(CLI::App& app);
  void AddUpdate(CLI::App& app);
  void AddDownload(CLI::App& app);
  CLI::App& Add(CLI::App& app, const std::string& name, const std::string& description,
                base::Result<> (RepositoryCommands::*run)());
  CLI::App& AddWithoutRoot(CLI::App& app, const std::string& name, const std::string& description,
                           base::Result<> (RepositoryCommands::*run)());
  void AddSigningOptions(CLI::App& command);

  base::Result<PublishedRepository> OpenPublished() const;
  base::Result<RepositoryEditor> OpenEditor() const;
  base::Result<> TakeIncoming(RepositoryEditor& editor) const;
  base::Result<> Publish(RepositoryEditor& editor) const;

  base::Result<> Create();
  base::Result<> Update();
  base::Result<> Download();
  base::Result<> SaveAll(PublishedRepository& published) const;

  Action& chosen_;
  base::Time now_;
  std::string root_;
  std::string outdir_;
  std::vector<std::string> roots_;
  std::string add_targets_;
  std::vector<std::string> remove_targets_;
  std::string incoming_metadata_;
  std::vector<std::string> incoming_roles_;
  std::string metadata_url_;
  std::string targets_url_;
  std::vector<std::string> names_;
  bool follow_ = false;
  bool allow_expired_ = false;
  KeyOptions keys_;
  std::array<RoleOptions, 3> roles_ = {RoleOptions{Role::kTargets}, RoleOptions{Role::kSnapshot},
                                       RoleOptions{Role::kTimestamp}};
};

}  // namespace tough::tuftool
