// TOML documents as the tree that JSON documents have, so that both are decoded by the same
// functions.
#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace updog {

// kMalformed with line and column. Floats keep their text form; dates and times become strings.
base::Result<base::json::Object> ParseToml(std::string_view text);

}  // namespace updog
