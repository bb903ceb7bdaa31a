// Names of targets that every client reads the same way.
#pragma once

#include <string_view>

#include "base/result.h"

namespace tough {

// A target's name is a path below the targets URL and, where a client saves it, below a directory.
// kUsage, with the reason, for one that some client would take for another: absolute, with an empty
// segment, "." or "..", a backslash, a control character, invalid UTF-8, or above 1024 bytes.
base::Result<> CheckTargetName(std::string_view name);

}  // namespace tough
