// Where a target is saved: DIRECTORY/NAME, and nowhere else.
//
// NAME comes from a repository and may be hostile; what lies in DIRECTORY may have been put there
// by somebody else. So the name is checked, every step below DIRECTORY is taken by the kernel with
// RESOLVE_BENEATH and without symbolic links (openat2), and the file appears whole or not at all.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "base/sink.h"
#include "tough/schema.h"

namespace tough {

class TargetPlace {
 public:
  // kMalformed for a name that could leave its directory (target_name.h). Opens `directory` (made
  // if absent; links on the way to it are the caller's own and followed).
  static base::Result<TargetPlace> Open(const std::string& directory, std::string_view name);

  // Whether a regular file with the listed length and hashes is there already.
  bool Holds(const TargetFile& listed) const;

  // Makes the folders of the name, gives `fill` a sink, and puts the file in place when fill has
  // finished that. Of a failed one nothing remains, neither file nor new folder. A symbolic link in
  // the file's place is replaced, not followed.
  base::Result<> Fill(const std::function<base::Result<>(base::ByteSink&)>& fill);

 private:
  TargetPlace(base::UniqueFd directory, std::vector<std::string> folders, std::string file_name)
      : directory_(std::move(directory)),
        folders_(std::move(folders)),
        file_name_(std::move(file_name)) {}

  base::UniqueFd directory_;
  std::vector<std::string> folders_;
  std::string file_name_;
};

}  // namespace tough
