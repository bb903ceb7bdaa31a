// The progress of an update on this process's stderr.
#pragma once

#include "updog/commands.h"
#include "updog/progress_view.h"

namespace updog {

// `kAuto` is a bar on a terminal, plain lines elsewhere.
ProgressView MakeStderrProgress(ProgressChoice choice);

}  // namespace updog
