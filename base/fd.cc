#include "base/fd.h"

#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace base {
namespace {

// Calls `call` until it is not interrupted by a signal.
template <typename Call>
auto Retry(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

}  // namespace

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) close(fd_);
    fd_ = other.Release();
  }
  return *this;
}

UniqueFd::~UniqueFd() {
  if (fd_ >= 0) close(fd_);
}

Result<> UniqueFd::Close(std::string_view what) {
  // Never repeated on EINTR: on Linux the descriptor is gone all the same.
  if (const int fd = Release(); fd >= 0 && close(fd) != 0) return FailErrno(errno, what);
  return {};
}

Result<UniqueFd> OpenFile(const std::string& path, int flags, mode_t mode) {
  return OpenFileAt(AT_FDCWD, path, flags, mode);
}

Result<UniqueFd> OpenFileAt(int directory_fd, const std::string& name, int flags, mode_t mode) {
  const int fd = Retry([&] { return openat(directory_fd, name.c_str(), flags | O_CLOEXEC, mode); });
  if (fd < 0) return FailErrno(errno, name);
  return UniqueFd(fd);
}

Result<> ReadExactlyAt(int fd, std::span<std::byte> buffer, std::uint64_t offset,
                       std::string_view what) {
  while (!buffer.empty()) {
    const ssize_t count =
        Retry([&] { return pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(offset)); });
    if (count < 0) return FailErrno(errno, what);
    if (count == 0)
      return Fail(ErrorCode::kMalformed, fmt::format("{}: ends early, at byte {}", what, offset));
    buffer = buffer.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<> WriteAllAt(int fd, ByteView bytes, std::uint64_t offset, std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t count =
        Retry([&] { return pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (count < 0) return FailErrno(errno, what);
    // A block device's end answers 0 where a file system would say ENOSPC.
    if (count == 0) return FailErrno(ENOSPC, what);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<> WriteAll(int fd, ByteView bytes, std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t count = Retry([&] { return write(fd, bytes.data(), bytes.size()); });
    if (count < 0) return FailErrno(errno, what);
    if (count == 0) return FailErrno(ENOSPC, what);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<std::uint64_t> FileSize(int fd, std::string_view what) {
  struct stat status{};
  if (fstat(fd, &status) != 0) return FailErrno(errno, what);
  if (S_ISREG(status.st_mode)) return static_cast<std::uint64_t>(status.st_size);
  if (!S_ISBLK(status.st_mode)) {
    return Fail(ErrorCode::kMismatch,
                fmt::format("{}: neither a regular file nor a block device", what));
  }
  std::uint64_t size_bytes = 0;
  if (ioctl(fd, BLKGETSIZE64, &size_bytes) != 0) return FailErrno(errno, what);
  return size_bytes;
}

}  // namespace base
