// The verbs of the program updata: each edits one manifest file, or tells about it. A file is
// replaced as a whole and durably; after a failure it is what it was.
#pragma once

#include <string>

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
                           const std::string& wave_file, base::Time start);
base::Result<int> SetMaxVersion(const std::string& file, const Selector& selector,
                                const Version& max_version);
base::Result<int> SetMigrations(const std::string& file, const std::string& release_file);

}  // namespace updog::updata
