// Preloaded into a program, ends it in the middle of a write: after POWER_CUT_AFTER sectors of 512
// bytes have been written to regular files, as if the power had gone. What was written before is in
// the file. Without the variable nothing is cut.
//
// POWER_CUT_LOG names a file to which each write ("write OFFSET BYTES") and each flush ("flush") is
// appended.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

constexpr std::size_t kSectorBytes = 512;

using PwriteFunction = ssize_t (*)(int, const void*, size_t, off_t);
using FlushFunction = int (*)(int);

template <typename Function>
Function Next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

void Log(const std::string& line) {
  const char* path = getenv("POWER_CUT_LOG");
  if (path == nullptr) return;
  const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0 || write(fd, line.data(), line.size()) < 0) abort();
  close(fd);
}

ssize_t WriteUntilCut(int fd, const void* bytes, size_t size, off_t offset) {
  static const PwriteFunction next = Next<PwriteFunction>("pwrite64");
  static const char* const limit = getenv("POWER_CUT_AFTER");
  static std::size_t sectors_left = limit == nullptr ? 0 : strtoul(limit, nullptr, 10);
  Log("write " + std::to_string(offset) + " " + std::to_string(size) + "\n");
  if (limit == nullptr) return next(fd, bytes, size, offset);
  if (sectors_left * kSectorBytes < size) {
    if (sectors_left > 0 && next(fd, bytes, sectors_left * kSectorBytes, offset) < 0) abort();
    kill(getpid(), SIGKILL);
  }
  sectors_left -= size / kSectorBytes;
  return next(fd, bytes, size, offset);
}

}  // namespace

extern "C" {

// The names are the C library's.
// NOLINTBEGIN(readability-identifier-naming)
__attribute__((visibility("default"))) ssize_t pwrite64(int fd, const void* bytes, size_t size,
                                                        off_t offset) {
  return WriteUntilCut(fd, bytes, size, offset);
}

__attribute__((visibility("default"))) int fsync(int fd) {
  static const FlushFunction next = Next<FlushFunction>("fsync");
  Log("flush\n");
  return next(fd);
}
// NOLINTEND(readability-identifier-naming)

}  // extern "C"
