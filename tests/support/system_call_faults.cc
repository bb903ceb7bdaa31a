#include "tests/support/system_call_faults.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdlib>

namespace test {
namespace {

enum class Fault { kNone, kKill, kFail };

struct Armed {
  Fault fault = Fault::kNone;
  int changes_left = 0;
  int error_number = 0;
  bool struck = false;
};
Armed armed;

enum class Space { kTakes, kFrees };

// Counts a change. True: it must fail, errno is set.
bool Strikes(Space space = Space::kTakes) {
  if (armed.fault == Fault::kNone || --armed.changes_left > 0) return false;
  if (armed.fault == Fault::kKill) _exit(kKilledStatus);
  if (space == Space::kFrees) return false;
  armed.struck = true;
  errno = armed.error_number;
  return true;
}

}  // namespace

int RunKilledAtChange(int n, const std::function<int()>& action) {
  const pid_t child = fork();
  if (child == 0) {
    armed = {.fault = Fault::kKill, .changes_left = n};
    const int status = action();
    armed = {};
    _exit(status);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) std::abort();
  return WEXITSTATUS(status);
}

bool RunFailingFromChange(int n, int error_number, const std::function<void()>& action) {
  armed = {.fault = Fault::kFail, .changes_left = n, .error_number = error_number};
  action();
  const bool struck = armed.struck;
  armed = {};
  return struck;
}

}  // namespace test

// The names are libc's: with 64-bit offsets, openat is openat64 there.
// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

int openat64(int directory, const char* path, int flags, ...) {
  mode_t mode = 0;
  if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
    if (test::Strikes()) return -1;
  }
  return static_cast<int>(syscall(SYS_openat, directory, path, flags, mode));
}

ssize_t write(int fd, const void* bytes, std::size_t size) {
  if (test::Strikes()) return -1;
  return syscall(SYS_write, fd, bytes, size);
}

// Counts, and does nothing: what a killed process leaves does not depend on it, and hundreds of
// runs would wait for the disk.
int fsync(int /*fd*/) {
  return test::Strikes() ? -1 : 0;
}

int fchmod(int fd, mode_t mode) noexcept {
  if (test::Strikes()) return -1;
  return static_cast<int>(syscall(SYS_fchmod, fd, mode));
}

int renameat2(int from, const char* old_name, int to, const char* new_name,
              unsigned flags) noexcept {
  if (test::Strikes()) return -1;
  return static_cast<int>(syscall(SYS_renameat2, from, old_name, to, new_name, flags));
}

int renameat(int from, const char* old_name, int to, const char* new_name) noexcept {
  return renameat2(from, old_name, to, new_name, 0);
}

int rename(const char* old_name, const char* new_name) noexcept {
  return renameat(AT_FDCWD, old_name, AT_FDCWD, new_name);
}

int symlink(const char* target, const char* path) noexcept {
  if (test::Strikes()) return -1;
  return static_cast<int>(syscall(SYS_symlinkat, target, AT_FDCWD, path));
}

int unlinkat(int directory, const char* name, int flags) noexcept {
  if (test::Strikes(test::Space::kFrees)) return -1;
  return static_cast<int>(syscall(SYS_unlinkat, directory, name, flags));
}

int mkdir(const char* path, mode_t mode) noexcept {
  if (test::Strikes()) return -1;
  return static_cast<int>(syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}

int mkdirat(int directory, const char* path, mode_t mode) noexcept {
  if (test::Strikes()) return -1;
  return static_cast<int>(syscall(SYS_mkdirat, directory, path, mode));
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
