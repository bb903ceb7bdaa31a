// Plots are drawn by gnuplot, as a process.
#pragma once

#include <string_view>

#include "base/result.h"

namespace updog::updata {

// Runs gnuplot with `script` as its standard input; what it draws on a terminal goes to our
// standard output. kNotFound, with what to do, where it is not installed; kFailed if it fails.
base::Result<> RunGnuplot(std::string_view script);

}  // namespace updog::updata
