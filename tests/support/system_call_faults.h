// Kills, or fails, the calling process at its n-th change of a file system: so that what every such
// instant leaves behind can be looked at.
//
// A test program that links system_call_faults has its own open (for creation), write, fsync,
// fchmod, rename, symlink, unlink and mkdir in the place of libc's. They count while a fault is
// armed, and are libc's otherwise. For one thread at a time.
#pragma once

#include <functional>

namespace test {

constexpr int kKilledStatus = 99;

// Runs `action` in a child process that ends, without any clean-up, just before its n-th change
// (n >= 1). Returns the child's exit status: kKilledStatus, or what `action` answered if it made
// fewer changes.
int RunKilledAtChange(int n, const std::function<int()>& action);

// Runs `action` in this process; its n-th change, and all that follow, fail with `error_number`,
// as on a disk that is full (what frees space still works then). Returns whether there was one.
bool RunFailingFromChange(int n, int error_number, const std::function<void()>& action);

}  // namespace test
