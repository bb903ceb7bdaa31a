// File descriptors: owned by exactly one UniqueFd, opened with O_CLOEXEC always, read and written
// in full.
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"

namespace base {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd();

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }

  // close(2) with its result: for files that were written, where a late error (quota, NFS) must not
  // be lost. `what` names the file in the error.
  Result<> Close(std::string_view what);

 private:
  int fd_ = -1;
};

// open(2) with O_CLOEXEC added; retried on EINTR. The error names `path`.
Result<UniqueFd> OpenFile(const std::string& path, int flags, mode_t mode = 0);
// openat(2), the same; the error names `name`.
Result<UniqueFd> OpenFileAt(int directory_fd, const std::string& name, int flags, mode_t mode = 0);

// Exactly `buffer.size()` bytes at `offset`; a shorter file is kMalformed ("ends early").
Result<> ReadExactlyAt(int fd, std::span<std::byte> buffer, std::uint64_t offset,
                       std::string_view what);
// All of `bytes` at `offset`.
Result<> WriteAllAt(int fd, ByteView bytes, std::uint64_t offset, std::string_view what);
// All of `bytes` at the file position.
Result<> WriteAll(int fd, ByteView bytes, std::string_view what);

// Size in bytes of a regular file or a block device (BLKGETSIZE64).
Result<std::uint64_t> FileSize(int fd, std::string_view what);

}  // namespace base
