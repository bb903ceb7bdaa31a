// tuftool clone, transfer-metadata: a repository, or what it lists, somewhere else.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/file.h"
#include "base/log.h"
#include "tough/limits.h"
#include "tough/publish.h"
#include "tough/save_target.h"
#include "tough/tuftool/commands.h"
#include "tough/url.h"
#include "tough/verified_sink.h"

namespace tough::tuftool {

using base::ErrorCode;
using base::Fail;
using base::Result;

namespace {

Result<Targets> Decode(const std::string& bytes) {
  return DecodeTargets(TRY(Document::Parse(bytes, Limits())), Limits());
}

Result<std::uint64_t> VersionOf(const std::string& bytes) {
  const Document document = TRY(Document::Parse(bytes, Limits()));
  return base::json::RequireInteger(*document.signed_part().object(), "version", 1, kMaxInteger);
}

Result<std::string> FileNameOf(std::string_view role, const std::string& bytes, bool versioned) {
  if (!versioned) return PercentEncode(role) + ".json";
  return fmt::format("{}.{}.json", TRY(VersionOf(bytes)), PercentEncode(role));
}

// In the order in which a client may find them: what is listed before what lists it.
Result<std::vector<MetadataFile>> FilesOf(const PublishedMetadata& published) {
  const bool versioned = TRY(ReadRoot(published.newest_root())).consistent_snapshot;
  std::vector<MetadataFile> files;
  for (const auto& [role, bytes] : published.delegated)
    files.push_back({TRY(FileNameOf(role, bytes, versioned)), bytes});
  files.push_back({TRY(FileNameOf("targets", published.targets, versioned)), published.targets});
  files.push_back({TRY(FileNameOf("snapshot", published.snapshot, versioned)), published.snapshot});
  std::vector<std::string> roots = published.past_roots;
  roots.push_back(published.root);
  roots.insert(roots.end(), published.next_roots.begin(), published.next_roots.end());
  for (const std::string& root : roots)
    files.push_back({TRY(FileNameOf("root", root, true)), root});
  files.push_back({"timestamp.json", published.timestamp});
  return files;
}

// A target file, under one of the names that clients ask for it by.
struct Copy {
  std::string path;
  std::string name;
  TargetFile target;
};

std::string WithHash(const std::string& name, const Hash& hash) {
  const std::size_t file_name = name.rfind('/') + 1;
  return fmt::format("{}{}.{}", name.substr(0, file_name), hash.hex, name.substr(file_name));
}

// By path: several roles may list one file.
Result<std::map<std::string, Copy>> CopiesOf(const PublishedMetadata& published,
                                             const std::vector<std::string>& wanted) {
  const bool hashed = TRY(ReadRoot(published.newest_root())).consistent_snapshot;
  std::map<std::string, Copy> copies;
  const auto add = [&](const std::string& bytes) -> Result<> {
    const Targets targets = TRY(Decode(bytes));
    for (const std::string& name : targets.files.Names()) {
      if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), name) == wanted.end())
        continue;
      const TargetFile target = *targets.files.Find(name);
      if (!hashed) copies.insert_or_assign(name, Copy{name, name, target});
      for (const Hash& hash : hashed ? target.hashes : Hashes()) {
        const std::string path = WithHash(name, hash);
        copies.insert_or_assign(path, Copy{path, name, target});
      }
    }
    return {};
  };
  for (const auto& [role, bytes] : published.delegated) TRY(add(bytes));
  TRY(add(published.targets));
  return copies;
}

}  // namespace

CopyCommands::CopyCommands(CLI::App& app, Action& chosen, base::Time now)
    : chosen_(chosen), now_(now) {
  CLI::App& clone = Add(app, "clone", "Verify a repository and copy it, metadata and targets",
                        &CopyCommands::Clone);
  AddRootOption(clone, root_);
  clone.add_option("-t,--targets-url", targets_url_, "Where the targets are: http, https or file")
      ->type_name("URL");
  clone.add_option("--metadata-dir", metadata_dir_, "Where the metadata is written")
      ->type_name("DIR")
      ->required();
  clone.add_option("--targets-dir", targets_dir_, "Where the targets are written")
      ->type_name("DIR");
  clone.add_option("-n,--target-names", names_, "Only this target; may be given several times")
      ->allow_extra_args(false)
      ->type_name("NAME");
  clone.add_flag("--metadata-only", metadata_only_, "No targets");

  CLI::App& transfer = Add(app, "transfer-metadata",
                           "Sign what a repository lists under another root.json, to which no "
                           "chain leads: for other hosts, with other keys",
                           &CopyCommands::Transfer);
  transfer.add_option("-r,--current-root", root_, "The root.json that is trusted")
      ->type_name("FILE")
      ->required();
  transfer.add_option("-n,--new-root", new_root_, "The root.json to sign under")
      ->type_name("FILE")
      ->required();
  AddKeyOptions(transfer, keys_);
  AddOutdirOption(transfer, outdir_);
  for (RoleOptions& role : roles_) AddRoleOptions(transfer, role);
}

CLI::App& CopyCommands::Add(CLI::App& app, const std::string& name, const std::string& description,
                            Result<> (CopyCommands::*run)()) {
  CLI::App& command = *app.add_subcommand(name, description);
  AddMetadataOptions(command, metadata_url_, allow_expired_);
  ChooseWhenParsed(command, chosen_, *this, run);
  return command;
}

Result<PublishedMetadata> CopyCommands::Read() const {
  return ReadPublished({root_}, metadata_url_, now_,
                       allow_expired_ ? Expired::kAllow : Expired::kRefuse);
}

Result<> CopyCommands::CopyTargets(const PublishedMetadata& published) const {
  if (targets_url_.empty() || targets_dir_.empty()) {
    return Fail(ErrorCode::kUsage, "give --targets-url and --targets-dir, or --metadata-only");
  }
  const auto transport = TRY(MakeTransport());
  const auto copies = TRY(CopiesOf(published, names_));
  for (const std::string& name : names_) {
    const auto has_name = [&name](const auto& copy) { return copy.second.name == name; };
    if (std::none_of(copies.begin(), copies.end(), has_name))
      return Fail(ErrorCode::kNotFound, fmt::format("target {}: no metadata lists it", name));
  }
  TRY(base::MakeDirectories(targets_dir_));
  for (const auto& [path, copy] : copies) {
    // Not outside of the directory, whatever the names and hashes say (R71).
    TargetPlace place = TRY(TargetPlace::Open(targets_dir_, path));
    if (place.Holds(copy.target)) continue;
    const std::string url = TRY(TargetUrl(AsUrl(targets_url_), path));
    TRY(place.Fill([&](base::ByteSink& sink) -> Result<> {
      const auto verified = TRY(VerifiedSink::Create(copy.name, copy.target, sink));
      TRY(transport->Fetch(
          {.url = url, .max_bytes = copy.target.length, .kind = FetchKind::kTarget}, *verified));
      return verified->Finish();
    }));
  }
  return {};
}

Result<> CopyCommands::Clone() {
  const PublishedMetadata published = TRY(Read());
  if (!metadata_only_) TRY(CopyTargets(published));
  TRY(base::MakeDirectories(metadata_dir_));
  for (const MetadataFile& file : TRY(FilesOf(published)))
    TRY(base::ReplaceFile(metadata_dir_ + "/" + file.name, base::AsBytes(file.bytes)));
  return {};
}

Result<> CopyCommands::Transfer() {
  RepositoryEditor editor = TRY_CONTEXT(RepositoryEditor::Open(TRY(Read())), metadata_url_);
  const std::string root = TRY(base::ReadFile(new_root_, Limits().root_bytes));
  TRY_CONTEXT(editor.TransferTo(root), new_root_);
  for (const RoleOptions& role : roles_) TRY(SetRole(editor, role, now_));
  const std::vector<SigningKey> keys = TRY(LoadKeys(keys_));
  return PublishRepository(outdir_, {}, TRY(editor.Sign(keys, ExistingMetadata(outdir_))));
}

}  // namespace tough::tuftool
