// The health checks of a system: every executable of a directory, one after the other in the order
// of their names. The system is healthy if each ends with status 0 in time.
#pragma once

#include <chrono>
#include <string>

#include "base/result.h"

namespace updog {

// kFailed names the first check that failed, why, and its last line of output:
//   "20-app: exit status 1: cannot reach http://…"
// A directory that is not there holds no checks. `timeout` is for all of them together; what a
// check still runs then is killed, with all that it started. Their output goes to our stderr too.
base::Result<> RunChecks(const std::string& directory, std::chrono::seconds timeout);

}  // namespace updog
