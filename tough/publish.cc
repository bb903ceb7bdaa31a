#include "tough/publish.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>

#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "tough/target_name.h"

namespace tough {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Fail;
using base::Result;

namespace {

// Passes on what it digests, and Finish() only if that was what was expected.
class CheckingSink final : public base::ByteSink {
 public:
  CheckingSink(const TargetSource& source, base::ByteSink& out) : source_(source), out_(out) {}

  Result<> Write(base::ByteView bytes) override {
    digest_.Update(bytes);
    return out_.Write(bytes);
  }
  Result<> Finish() override {
    if (base::HexEncode(digest_.Finish()) != source_.description.sha256) {
      return Fail(ErrorCode::kMismatch,
                  fmt::format("{}: changed while it was being published", source_.path));
    }
    return out_.Finish();
  }

 private:
  base::Digest digest_{base::DigestAlgorithm::kSha256};
  const TargetSource& source_;
  base::ByteSink& out_;
};

// Where a target's file lies below targets/: the hash goes before the file name (R68).
fs::path PublishedPath(const TargetSource& source) {
  const fs::path name(source.name);
  return name.parent_path() /
         fmt::format("{}.{}", source.description.sha256, name.filename().string());
}

bool IsPublished(const fs::path& path, const TargetSource& source) {
  std::error_code error;
  if (fs::file_size(path, error) != source.description.length || error) return false;
  const Result<std::string> found = FileSha256(path);
  return found.has_value() && *found == source.description.sha256;
}

Result<> PublishTarget(const fs::path& directory, const TargetSource& source) {
  const fs::path path = directory / PublishedPath(source);
  if (IsPublished(path, source)) return {};
  TRY(base::MakeDirectories(path.parent_path()));
  const std::unique_ptr<base::FileSink> file = TRY(base::FileSink::Create(path));
  CheckingSink checked(source, *file);
  TRY(PushFile(source.path, checked));
  return checked.Finish();
}

// Everything below `directory`, in byte order of the paths.
Result<std::vector<fs::path>> FilesBelow(const fs::path& directory, SymbolicLinks links) {
  const auto options = links == SymbolicLinks::kFollow
                           ? fs::directory_options::follow_directory_symlink
                           : fs::directory_options::none;
  std::error_code error;
  fs::recursive_directory_iterator entries(directory, options, error);
  std::vector<fs::path> paths;
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    const fs::directory_entry& entry = *entries;
    if (links == SymbolicLinks::kLeaveOut && entry.is_symlink()) {
      base::log::Warning(fmt::format("{}: symbolic link, left out", entry.path().string()));
      continue;
    }
    if (!entry.is_directory()) paths.push_back(entry.path());
  }
  if (error) return base::FailErrno(error.value(), directory.string());
  std::sort(paths.begin(), paths.end(),
            [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
  return paths;
}

}  // namespace

Result<std::vector<TargetSource>> FindTargets(const std::string& directory, SymbolicLinks links) {
  const std::vector<fs::path> paths = TRY(FilesBelow(directory, links));
  std::vector<TargetSource> targets;
  for (const fs::path& path : paths) {
    TargetSource source;
    source.name = path.lexically_relative(directory).string();
    source.path = path.string();
    TRY(CheckTargetName(source.name));
    source.description = TRY(DescribeTarget(source.path));
    targets.push_back(std::move(source));
  }
  return targets;
}

RepositoryEditor::ExistingFile ExistingMetadata(const std::string& directory) {
  return [directory](const std::string& file_name) -> std::optional<std::string> {
    const std::string path = directory + "/metadata/" + file_name;
    auto text = base::ReadFile(path, Limits().listed_bytes, base::Links::kRefuse);
    if (!text) return std::nullopt;
    return *std::move(text);
  };
}

Result<> PublishRepository(const std::string& directory, std::span<const TargetSource> targets,
                           std::span<const MetadataFile> metadata) {
  const fs::path root(directory);
  TRY(base::MakeDirectories(root / "metadata"));
  TRY(base::MakeDirectories(root / "targets"));
  // What the metadata names has to be there before the metadata is, and what the timestamp names
  // before the timestamp.
  for (const TargetSource& source : targets) TRY(PublishTarget(root / "targets", source));
  for (const MetadataFile& file : metadata)
    TRY(base::ReplaceFile(root / "metadata" / file.name, base::AsBytes(file.bytes)));
  return {};
}

}  // namespace tough
