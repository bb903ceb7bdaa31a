// What the people at a root ceremony have to see: who signed a root.json and who is still to sign,
// and what it changes.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace tough::tuftool {

// `text` is a root.json, signed or not; `previous` the one before it, or empty.
base::Result<std::string> DescribeRoot(std::string_view text, std::string_view previous,
                                       base::Time now);

}  // namespace tough::tuftool
