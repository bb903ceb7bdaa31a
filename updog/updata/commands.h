// The verbs of the program updata: each edits one manifest file, or tells about it. A file is
// replaced as a whole and durably; after a failure it is what it was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "updog/manifest_editor.h"

namespace updog::updata {

// kState if the file exists.
base::Result<int> Init(const std::string& file);
// Prints every fault with its place; exit status 1 if there are any.
base::Result<int> Validate(const std::string& file);
base::Result<int> Show(const std::string& file);
base::Result<int> AddUpdate(const std::string& file, const NewUpdate& update);
base::Result<int> RemoveUpdate(const std::string& file, const Selector& selector);
base::Result<int> SetWaves(const std::string& file, const Selector& selector,
                           const std::string& schedule, base::Time start);
base::Result<int> SetMaxVersion(const std::string& file, const Selector& selector,
                                const Version& max_version);
base::Result<int> SetMigrations(const std::string& file, const std::string& release_file);

struct PreviewRequest {
  std::string input;  // a manifest (NAME.json), a schedule's file, or the name of a shipped one
  Selector selector;  // which update of a manifest
  base::Time start;   // of the release, for a schedule
  std::uint64_t hosts = 0;
  std::optional<std::uint32_t> seed;
  std::vector<std::string> plots;  // files, .svg or .png
};
// Prints the table of waves and draws the plots on the terminal, and into the files; with a seed
// prints that host's second instead.
base::Result<int> PreviewWaves(const PreviewRequest& request);

}  // namespace updog::updata
