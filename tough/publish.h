// Writing a repository's next state where a web server reads it, so that a client sees the old or
// the new one at any moment, and a cut leaves one of them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "tough/editor.h"
#include "tough/target_description.h"

namespace tough {

// A file to be published as a target.
struct TargetSource {
  std::string name;  // in targets.json
  std::string path;  // where it is now
  TargetDescription description;
};

enum class SymbolicLinks : std::uint8_t { kLeaveOut, kFollow };

// The regular files below `directory`, described, in byte order of their paths. Symbolic links are
// followed, or left out with a warning; any other kind of file is kMismatch, and a name that
// clients read differently kUsage.
base::Result<std::vector<TargetSource>> FindTargets(const std::string& directory,
                                                    SymbolicLinks links);

// What lies in `directory`/metadata, for RepositoryEditor::Sign().
RepositoryEditor::ExistingFile ExistingMetadata(const std::string& directory);

// Into `directory`/targets and `directory`/metadata, which are made: each target as HASH.name, then
// the metadata in the given order, the timestamp last. Each file appears whole, durably, before the
// next is begun. A target file that is there already, with the right bytes, is left alone;
// kMismatch if a source is no longer what its description says.
base::Result<> PublishRepository(const std::string& directory,
                                 std::span<const TargetSource> targets,
                                 std::span<const MetadataFile> metadata);

}  // namespace tough
