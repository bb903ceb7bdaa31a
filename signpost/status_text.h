// A disk's status in the two forms that `signpost status` prints.
#pragma once

#include <string>

#include "signpost/signpost.h"

namespace signpost {

// For people: a few lines, ending with a line feed.
std::string StatusText(const Status& status);

// For programs: one JSON object, pretty-printed. Members: disk, active ("A" or "B"), next (the same
// or null), running_on_trial, boot_ever_succeeded, sets: by name an object of priority, tries_left,
// successful, will_boot, and for each of boot, root, hash: path, offset_bytes, size_bytes.
std::string StatusJson(const Status& status);

}  // namespace signpost
