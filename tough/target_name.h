// Names of targets that every client reads the same way.
#pragma once

#include <string_view>

#include "base/result.h"

namespace tough {

// A target's name is a path below the targets URL and, where a client saves it, below a directory.
// Why some client would take this one for another, or could not save it: absolute, with an empty
// segment, "." or "..", a backslash, a control character, invalid UTF-8, a segment above 255 bytes
// or 1024 in all. Empty if there is no reason.
std::string_view TargetNameFault(std::string_view name);

// Of any name or pattern: a backslash, a control character, or invalid UTF-8. Empty if it has none.
std::string_view TextFault(std::string_view text);

// For publishers, who have to think of every client and of their own files: also '?', '#' and '%',
// and file names that are too long with a hash before them. kUsage with the reason.
base::Result<> CheckTargetName(std::string_view name);

}  // namespace tough
