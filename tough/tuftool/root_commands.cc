#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "base/file.h"
#include "base/log.h"
#include "tough/limits.h"
#include "tough/root_editor.h"
#include "tough/tuftool/commands.h"
#include "tough/tuftool/root_picture.h"

namespace tough::tuftool {

using base::ErrorCode;
using base::Fail;
using base::Result;

namespace {

const CLI::IsMember kIsRole({"root", "timestamp", "snapshot", "targets"});

// `name` has passed kIsRole.
Role RoleOf(std::string_view name) {
  return *TopLevelRole(name);
}

Result<RootEditor> Read(const std::string& path) {
  const std::string text = TRY(base::ReadFile(path, Limits().root_bytes));
  return TRY_CONTEXT(RootEditor::Parse(text), path);
}

Result<> Write(const std::string& path, const RootEditor& root) {
  return base::ReplaceFile(path, base::AsBytes(root.Serialize()));
}

// Reads, changes and writes the file.
template <typename Change>
Result<> Edit(const std::string& path, Change change) {
  RootEditor root = TRY(Read(path));
  TRY(change(root));
  return Write(path, root);
}

Result<> AddToRoles(RootEditor& root, const base::json::Object& key,
                    const std::vector<std::string>& roles) {
  std::string keyid;
  for (const std::string& role : roles) keyid = TRY(root.AddKey(key, RoleOf(role)));
  fmt::print("{}\n", keyid);
  return {};
}

}  // namespace

RootCommands::RootCommands(CLI::App& app, Action& chosen, base::Time now)
    : chosen_(chosen), now_(now) {
  CLI::App& root = *app.add_subcommand("root", "Make, change and sign a root.json");
  root.require_subcommand(1);

  CLI::App* init =
      Add(root, "init", "Make an unsigned root.json, version 1, without keys", &RootCommands::Init);
  init->add_option("--version", number_, "The version to begin with")->check(CLI::PositiveNumber);

  Add(root, "expire", "Set when root.json expires", &RootCommands::Expire)
      ->add_option("TIME", time_, "RFC 3339, or 'in 7 days'")
      ->required();

  CLI::App* threshold = Add(root, "set-threshold", "Set how many keys have to sign for a role",
                            &RootCommands::SetThreshold);
  AddRole(*threshold);
  threshold->add_option("THRESHOLD", number_)->required()->check(CLI::Range(1, 1024));

  Add(root, "set-version", "Set the version", &RootCommands::SetVersion)
      ->add_option("VERSION", number_)
      ->required()
      ->check(CLI::PositiveNumber);
  Add(root, "bump-version", "Raise the version by one", &RootCommands::BumpVersion);

  CLI::App* add_key =
      Add(root, "add-key", "Let a key sign for roles; prints its keyid", &RootCommands::AddKey);
  AddKeyOptions(*add_key, keys_);
  add_key->add_option("-r,--role", roles_, "Role; may be given several times")
      ->required()
      ->check(kIsRole);

  CLI::App* remove_key = Add(root, "remove-key", "Take a key from a role, or from all of them",
                             &RootCommands::RemoveKey);
  remove_key->add_option("KEYID", keyid_)->required();
  remove_key->add_option("ROLE", roles_, "root, timestamp, snapshot or targets")
      ->expected(0, 1)
      ->check(kIsRole);

  AddGenerators(root);

  CLI::App* show =
      Add(root, "show", "Show its keys, who signed, who is still to sign, what it changes",
          &RootCommands::Show);
  show->add_option("-c,--cross-sign", previous_root_,
                   "The root.json before this one: what is missing of its keys' signatures, and "
                   "what changes")
      ->type_name("FILE");
  show->add_flag("--json", json_, "As JSON");

  CLI::App* sign =
      Add(root, "sign", "Sign root.json; signatures that are there stay", &RootCommands::Sign);
  AddKeyOptions(*sign, keys_);
  sign->add_option("-c,--cross-sign", previous_root_,
                   "The root.json before this one, whose keys have to sign too")
      ->type_name("FILE");
  sign->add_flag("-i,--ignore-threshold", ignore_threshold_, "Others are still to sign");
}

CLI::App* RootCommands::Add(CLI::App& root, const std::string& name, const std::string& description,
                            Result<> (RootCommands::*run)()) {
  CLI::App* command = root.add_subcommand(name, description);
  command->add_option("PATH", path_, "The root.json")->required();
  ChooseWhenParsed(*command, chosen_, *this, run);
  return command;
}

void RootCommands::AddRole(CLI::App& command) {
  command.add_option("ROLE", role_, "root, timestamp, snapshot or targets")
      ->required()
      ->check(kIsRole);
}

void RootCommands::AddGenerators(CLI::App& root) {
  struct Generator {
    const char* name;
    const char* description;
    Result<> (RootCommands::*run)();
  };
  constexpr Generator kGenerators[] = {
      {"gen-rsa-key", "Make an RSA key and let it sign for roles; prints its keyid",
       &RootCommands::GenerateRsa},
      {"gen-ed25519-key", "Make an Ed25519 key and let it sign for roles; prints its keyid",
       &RootCommands::GenerateEd25519},
      {"gen-ecdsa-key", "Make an ECDSA key and let it sign for roles; prints its keyid",
       &RootCommands::GenerateEcdsa}};
  for (const Generator& generator : kGenerators) {
    CLI::App* command = Add(root, generator.name, generator.description, generator.run);
    command->add_option("KEY", key_path_, "The private key's new file")->required();
    command->add_option("-r,--role", roles_, "Role; may be given several times")->check(kIsRole);
    command->add_flag("--encrypt", encrypt_, "Encrypt it with a passphrase");
    AddPassphraseOptions(*command, keys_);
    if (generator.run == &RootCommands::GenerateRsa)
      command->add_option("-b,--bits", bits_, "2048 to 8192 (default: 3072)");
    if (generator.run == &RootCommands::GenerateEcdsa) {
      command->add_option("--curve", curve_, "p256 or p384 (default: p256)")
          ->check(CLI::IsMember({"p256", "p384"}));
    }
  }
}

Result<> RootCommands::Init() {
  if (access(path_.c_str(), F_OK) == 0)
    return Fail(ErrorCode::kState, fmt::format("{}: is there already", path_));
  // It expires at once: whoever makes it has to say when.
  RootEditor root = RootEditor::Create(now_);
  root.SetVersion(number_);
  return Write(path_, root);
}

Result<> RootCommands::Expire() {
  const base::Time expires = TRY(ParseExpiry(time_, now_, "TIME"));
  return Edit(path_, [&](RootEditor& root) -> Result<> {
    root.SetExpires(expires);
    return {};
  });
}

Result<> RootCommands::SetThreshold() {
  return Edit(path_, [&](RootEditor& root) -> Result<> {
    root.SetThreshold(RoleOf(role_), number_);
    return {};
  });
}

Result<> RootCommands::SetVersion() {
  return Edit(path_, [&](RootEditor& root) -> Result<> {
    root.SetVersion(number_);
    return {};
  });
}

Result<> RootCommands::BumpVersion() {
  return Edit(path_, [&](RootEditor& root) -> Result<> {
    root.SetVersion(root.version() + 1);
    return {};
  });
}

Result<> RootCommands::AddKey() {
  return Edit(path_, [&](RootEditor& root) -> Result<> {
    for (const std::string& source : keys_.sources)
      TRY(AddToRoles(root, TRY(LoadPublicKey(source, keys_)), roles_));
    return {};
  });
}

Result<> RootCommands::RemoveKey() {
  return Edit(path_, [&](RootEditor& root) -> Result<> {
    return root.RemoveKey(keyid_,
                          roles_.empty() ? std::nullopt : std::optional(RoleOf(roles_.front())));
  });
}

Result<> RootCommands::GenerateRsa() {
  return Generate(KeyType::kRsa);
}
Result<> RootCommands::GenerateEd25519() {
  return Generate(KeyType::kEd25519);
}
Result<> RootCommands::GenerateEcdsa() {
  return Generate(curve_ == "p256" ? KeyType::kEcdsaP256 : KeyType::kEcdsaP384);
}

// Of a key that is made: empty if it is not to be encrypted.
Result<Secret> RootCommands::NewPassphrase() {
  Secret given = TRY(GivenPassphrase(keys_));
  if (!encrypt_) return Secret::Create();
  if (!given.empty()) return given;
  Secret asked = TRY(AskSecret(fmt::format("New passphrase of {}: ", key_path_)));
  const Secret again = TRY(AskSecret("The same again: "));
  if (asked.empty() || asked.view() != again.view())
    return Fail(ErrorCode::kUsage, "no passphrase, or not the same twice");
  return asked;
}

Result<> RootCommands::Generate(KeyType type) {
  return Edit(path_, [&](RootEditor& root) -> Result<> {
    // First, since from there on the process leaves no core dump.
    const Secret passphrase = TRY(NewPassphrase());
    const SigningKey key = TRY(SigningKey::Generate(type, bits_));
    // The key is on the disk before anything says that it may sign.
    TRY(key.Save(key_path_, passphrase.view()));
    if (roles_.empty()) fmt::print("{}\n", key.keyid());
    return roles_.empty() ? Result<>() : AddToRoles(root, key.public_key(), roles_);
  });
}

Result<> RootCommands::Sign() {
  RootEditor root = TRY(Read(path_));
  std::optional<Root> previous;
  if (!previous_root_.empty()) {
    const std::string text = TRY(base::ReadFile(previous_root_, Limits().root_bytes));
    previous = TRY_CONTEXT(ReadRoot(text), previous_root_);
  }
  const std::vector<SigningKey> keys = TRY(LoadKeys(keys_));
  if (root.expires() <= now_) {
    base::log::Warning(fmt::format("{} expires at {}, which is past: see 'tuftool root expire'",
                                   path_, base::FormatTime(root.expires())));
  }
  const Result<> signed_root =
      root.Sign(keys, previous ? &*previous : nullptr,
                ignore_threshold_ ? Threshold::kIgnore : Threshold::kRequire);
  if (!signed_root && signed_root.error().code() == ErrorCode::kUntrusted) {
    return Fail(ErrorCode::kUntrusted,
                fmt::format("{}: {} (are others still to sign? --ignore-threshold)", path_,
                            signed_root.error().message()));
  }
  TRY_CONTEXT(signed_root, path_);
  return Write(path_, root);
}

Result<> RootCommands::Show() {
  const std::string text = TRY(base::ReadFile(path_, Limits().root_bytes));
  std::string previous;
  if (!previous_root_.empty()) previous = TRY(base::ReadFile(previous_root_, Limits().root_bytes));
  const RootPicture picture = TRY_CONTEXT(LookAtRoot(text, previous), path_);
  fmt::print("{}", json_ ? base::json::Serialize(AsJson(picture, now_), base::json::Style::kPretty)
                         : AsText(picture, now_));
  return {};
}

}  // namespace tough::tuftool
