// A manifest in words.
#pragma once

#include <string>

#include "updog/manifest.h"

namespace updog::updata {

std::string Describe(const Manifest& manifest);

}  // namespace updog::updata
