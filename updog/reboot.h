// Starts the machine again.
#pragma once

#include "base/result.h"

namespace updog {

// Asks systemd for an orderly reboot where it runs; else writes out everything, then asks the
// kernel. Returns before the machine goes down, if it is systemd that was asked.
base::Result<> Reboot();

// The same in a process of its own, which this one, of one thread, does not wait for: writing out
// everything may take long. What fails there is logged.
base::Result<> RebootInBackground();

}  // namespace updog
