// A manifest in words.
#pragma once

#include <string>
#include <vector>

#include "updog/halted.h"
#include "updog/manifest.h"

namespace updog::updata {

std::string Describe(const Manifest& manifest, const std::vector<HaltedUpdate>& halted);

}  // namespace updog::updata
