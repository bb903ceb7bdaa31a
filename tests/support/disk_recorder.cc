// A shared library for LD_PRELOAD: records every write and flush that a program makes on one file,
// in the order in which they took effect, for disk_log.h to read.
//
//   DISK_RECORDER_FILE   the file (found by device and inode, whatever path it is opened by)
//   DISK_RECORDER_LOG    where the records go
//
// One lock is held over each whole call, so that the order in the log is the order on the disk even
// where threads write and flush at the same time.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <mutex>

#include "tests/support/disk_log_format.h"

namespace {

using test::RecordHeader;
using test::RecordKind;

template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

class Recorder {
 public:
  Recorder() {
    const char* file = std::getenv("DISK_RECORDER_FILE");
    const char* log = std::getenv("DISK_RECORDER_LOG");
    if (file == nullptr || log == nullptr || stat(file, &file_) != 0) return;
    log_ = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  }

  bool Watches(int fd) const {
    struct stat status{};
    if (log_ < 0 || fstat(fd, &status) != 0) return false;
    return status.st_dev == file_.st_dev && status.st_ino == file_.st_ino;
  }

  void Write(RecordKind kind, std::uint64_t offset, const void* bytes, std::size_t count) const {
    const RecordHeader header{.kind = kind, .offset = offset, .length = count};
    Put(&header, sizeof header);
    Put(bytes, count);
  }

  std::mutex& mutex() { return mutex_; }

 private:
  void Put(const void* bytes, std::size_t count) const {
    const auto* next = static_cast<const char*>(bytes);
    while (count > 0) {
      const ssize_t put = real_write_(log_, next, count);
      if (put < 0) std::abort();
      next += put;
      count -= static_cast<std::size_t>(put);
    }
  }

  decltype(write)* real_write_ = Next<decltype(write)>("write");
  struct stat file_{};
  int log_ = -1;
  std::mutex mutex_;
};

Recorder& TheRecorder() {
  static Recorder recorder;
  return recorder;
}

// Calls the real function; what it wrote is recorded.
template <typename Call>
ssize_t RecordWrite(int fd, const void* bytes, std::uint64_t offset, const Call& call) {
  Recorder& recorder = TheRecorder();
  if (!recorder.Watches(fd)) return call();
  const std::lock_guard lock(recorder.mutex());
  const ssize_t count = call();
  if (count > 0) {
    recorder.Write(RecordKind::kWrite, offset, bytes, static_cast<std::size_t>(count));
  }
  return count;
}

template <typename Call>
int RecordFlush(int fd, const Call& call) {
  Recorder& recorder = TheRecorder();
  if (!recorder.Watches(fd)) return call();
  const std::lock_guard lock(recorder.mutex());
  const int result = call();
  if (result == 0) recorder.Write(RecordKind::kFlush, 0, nullptr, 0);
  return result;
}

}  // namespace

extern "C" {

ssize_t pwrite64(int fd, const void* bytes, size_t count, off64_t offset) {
  static auto* const real = Next<decltype(pwrite64)>("pwrite64");
  return RecordWrite(fd, bytes, static_cast<std::uint64_t>(offset),
                     [=] { return real(fd, bytes, count, offset); });
}

ssize_t write(int fd, const void* bytes, size_t count) {
  static auto* const real = Next<decltype(write)>("write");
  const off64_t offset = lseek64(fd, 0, SEEK_CUR);
  return RecordWrite(fd, bytes, static_cast<std::uint64_t>(offset),
                     [=] { return real(fd, bytes, count); });
}

int fsync(int fd) {
  static auto* const real = Next<decltype(fsync)>("fsync");
  return RecordFlush(fd, [=] { return real(fd); });
}

int fdatasync(int fd) {
  static auto* const real = Next<decltype(fdatasync)>("fdatasync");
  return RecordFlush(fd, [=] { return real(fd); });
}

}  // extern "C"
