// Starts the machine again.
#pragma once

#include "base/result.h"

namespace updog {

// Writes out everything, then asks systemd for an orderly reboot where it runs, else the kernel.
// Returns before the machine goes down, if it is systemd that was asked.
base::Result<> Reboot();

}  // namespace updog
