// What a publisher may call roles, and write as path patterns, so that every client takes them the
// same way. Clients themselves are more lenient: they go by what is signed. (Names of targets:
// target_name.h.)
#pragma once

#include <string_view>

#include "base/result.h"

namespace tough {

// A delegated role's name becomes a file name, percent-encoded, with a version before it. kUsage
// with the reason: empty, a top-level role's (with or without a version before it), "." at its
// beginning, a space (some encode it as '+'), a backslash, a control character, not UTF-8, or too
// long for a file.
base::Result<> CheckRoleName(std::string_view name);

// A pattern of `paths` (R63): segments of plain characters, '*', '?', '[set]' and '[!set]'. kUsage
// for what some clients read differently: "**", braces, a backslash, "[^", a '[' that is not
// closed, an empty segment, "." and "..".
base::Result<> CheckPathPattern(std::string_view pattern);

// One of `path_hash_prefixes`: 1 to 64 lower-case hexadecimal digits. kUsage.
base::Result<> CheckPathHashPrefix(std::string_view prefix);

}  // namespace tough
