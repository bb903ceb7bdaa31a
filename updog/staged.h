// Which update lies in the inactive set: a small file in the state directory.
//
// The boot flags say *that* a valid set is staged, this record *what* it is. It is written before
// the set is marked valid, so a set that is marked valid by an update is always described; and it
// counts for nothing once the flags say otherwise (cleared, started, or the sets changed places).
// Nothing that keeps the host bootable depends on it: a lost or unreadable record costs a download.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "signpost/signpost.h"
#include "updog/version.h"

namespace updog {

struct Staged {
  partitions::Slot set = partitions::Slot::kB;
  std::string variant;
  std::string arch;
  Version version;
  // Of the signed lengths and hashes of all three images: the same version, published anew with
  // other images, is another one.
  std::string digest;
  bool operator==(const Staged&) const = default;
};

base::Result<> WriteStaged(const std::string& state_dir, const Staged& staged);
// Before other images overwrite what the record describes.
base::Result<> RemoveStaged(const std::string& state_dir);

// What the record says, if there is one that can be read and the flags confirm it: the inactive
// set is the recorded one, and it has its tries and was not started yet.
std::optional<Staged> ReadStaged(const std::string& state_dir, const signpost::Status& status);

}  // namespace updog
