// Exit statuses, the same for all our programs.
#pragma once

namespace base {

constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;     // arguments or configuration
constexpr int kExitNoUpdate = 3;  // updog check-update only

}  // namespace base
