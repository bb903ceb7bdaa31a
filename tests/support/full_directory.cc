// A shared library for LD_PRELOAD: a disk that is full. Whatever is written to files below
// FULL_DIRECTORY fails with ENOSPC.
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

bool IsFull(int fd) {
  const char* directory = std::getenv("FULL_DIRECTORY");
  if (directory == nullptr) return false;
  char link[64];
  (void)std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  char path[PATH_MAX];
  const ssize_t count = readlink(link, path, sizeof path);
  return count > 0 && std::string(path, static_cast<std::size_t>(count)).starts_with(directory);
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* bytes, size_t count) {
  static auto* const real = reinterpret_cast<decltype(write)*>(dlsym(RTLD_NEXT, "write"));
  if (!IsFull(fd)) return real(fd, bytes, count);
  errno = ENOSPC;
  return -1;
}

ssize_t pwrite64(int fd, const void* bytes, size_t count, off64_t offset) {
  static auto* const real = reinterpret_cast<decltype(pwrite64)*>(dlsym(RTLD_NEXT, "pwrite64"));
  if (!IsFull(fd)) return real(fd, bytes, count, offset);
  errno = ENOSPC;
  return -1;
}

}  // extern "C"
