#include "partitions/extent_file.h"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <new>
#include <utility>

#include "base/log.h"
#include "partitions/device_holder.h"

namespace partitions {
namespace {

using base::ErrorCode;
using base::Result;
using base::UniqueFd;

// Neither O_CREAT nor O_TRUNC, ever: a missing device node must not become a file in /dev.
constexpr int kOpenFlags = O_RDWR | O_NOCTTY;

Result<UniqueFd> OpenDevice(const std::string& path, dev_t device) {
  auto fd = base::OpenFile(path, kOpenFlags | O_EXCL);
  if (fd || fd.error().code() != ErrorCode::kBusy) return fd;
  return base::Fail(ErrorCode::kBusy, fmt::format("{}: in use{}", path, DescribeHolder(device)));
}

// Checked before it is opened: opening a FIFO waits, and some devices act on it.
Result<UniqueFd> OpenCached(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return base::FailErrno(errno, path);
  if (S_ISBLK(status.st_mode)) return OpenDevice(path, status.st_rdev);
  if (S_ISREG(status.st_mode)) return base::OpenFile(path, kOpenFlags);
  return base::Fail(ErrorCode::kMismatch,
                    fmt::format("{}: neither a block device nor a file", path));
}

Result<> CheckBounds(int fd, const Extent& where) {
  const std::uint64_t size_bytes = TRY(base::FileSize(fd, where.path));
  if (where.offset_bytes <= size_bytes && where.size_bytes <= size_bytes - where.offset_bytes) {
    return {};
  }
  return base::Fail(ErrorCode::kNoSpace,
                    fmt::format("{}: has {} bytes, the partition is said to be {} bytes at {}",
                                where.path, size_bytes, where.size_bytes, where.offset_bytes));
}

struct FreeAligned {
  void operator()(std::byte* memory) const {
    operator delete[](memory, std::align_val_t{kDirectAlignment});
  }
};

// Some file systems refuse O_DIRECT when a file is opened, others only when it is read.
bool CanReadDirectly(int fd, const Extent& where) {
  const std::unique_ptr<std::byte[], FreeAligned> block(new (std::align_val_t{kDirectAlignment})
                                                            std::byte[kDirectAlignment]);
  const std::uint64_t offset = where.offset_bytes / kDirectAlignment * kDirectAlignment;
  return pread(fd, block.get(), kDirectAlignment, static_cast<off_t>(offset)) >= 0;
}

// A second descriptor of the same inode; invalid where direct access is refused.
UniqueFd OpenDirect(const UniqueFd& cached, const Extent& where) {
  Result<UniqueFd> fd = base::OpenFile(where.path, kOpenFlags | O_DIRECT);
  struct stat expected{};
  struct stat found{};
  // The path might have been replaced in between: never a second file.
  const bool same = fd && fstat(cached.get(), &expected) == 0 && fstat(fd->get(), &found) == 0 &&
                    expected.st_ino == found.st_ino && expected.st_dev == found.st_dev &&
                    expected.st_rdev == found.st_rdev;
  if (same && CanReadDirectly(fd->get(), where)) return *std::move(fd);
  base::log::Info(
      fmt::format("{}: no O_DIRECT here; what is read back comes through the page "
                  "cache, dropped before",
                  where.path));
  return {};
}

void WarnOfMemory(int fd, const std::string& path) {
  struct stat status{};
  struct statfs file_system{};
  // Only of files: device nodes live on a tmpfs too.
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return;
  if (fstatfs(fd, &file_system) != 0) return;
  const auto type = static_cast<std::uint64_t>(file_system.f_type);
  if (type != TMPFS_MAGIC && type != RAMFS_MAGIC) return;
  base::log::Warning(fmt::format(
      "{}: on a file system in memory: the read-back reads memory, not a device", path));
}

}  // namespace

Result<ExtentFile> ExtentFile::Open(Extent where, BeforeDiskStep before_step) {
  UniqueFd cached = TRY(OpenCached(where.path));
  TRY(CheckBounds(cached.get(), where));
  WarnOfMemory(cached.get(), where.path);
  // No read-ahead: it would bring pages into the cache that are about to be written past it.
  posix_fadvise(cached.get(), 0, 0, POSIX_FADV_RANDOM);
  UniqueFd direct = OpenDirect(cached, where);
  return ExtentFile(std::move(where), std::move(before_step), std::move(cached), std::move(direct));
}

ExtentFile::ExtentFile(Extent where, BeforeDiskStep before_step, UniqueFd cached, UniqueFd direct)
    : where_(std::move(where)),
      before_step_(std::move(before_step)),
      cached_(std::move(cached)),
      direct_(std::move(direct)) {}

Result<> ExtentFile::Announce(DiskOperation operation, std::uint64_t offset,
                              std::size_t size) const {
  if (offset > where_.size_bytes || size > where_.size_bytes - offset) {
    return base::Fail(ErrorCode::kNoSpace,
                      fmt::format("{}: {} bytes at {} are outside of the partition's {} bytes",
                                  where_.path, size, offset, where_.size_bytes));
  }
  if (!before_step_) return {};
  return before_step_({.operation = operation, .offset_bytes = offset, .size_bytes = size});
}

// How many bytes from the front may go past the cache.
std::size_t ExtentFile::DirectPart(const std::byte* memory, std::size_t size,
                                   std::uint64_t offset) const {
  const bool aligned = std::bit_cast<std::uintptr_t>(memory) % kDirectAlignment == 0 &&
                       (where_.offset_bytes + offset) % kDirectAlignment == 0;
  if (!direct_.valid() || !aligned) return 0;
  return size / kDirectAlignment * kDirectAlignment;
}

Result<> ExtentFile::WriteAt(base::ByteView bytes, std::uint64_t offset) {
  TRY(Announce(DiskOperation::kWrite, offset, bytes.size()));
  const std::size_t direct = DirectPart(bytes.data(), bytes.size(), offset);
  const std::uint64_t begin = where_.offset_bytes + offset;
  TRY(base::WriteAllAt(direct_.get(), bytes.first(direct), begin, where_.path));
  return base::WriteAllAt(cached_.get(), bytes.subspan(direct), begin + direct, where_.path);
}

Result<> ExtentFile::Flush() {
  TRY(Announce(DiskOperation::kFlush, 0, 0));
  // Both descriptors' writes: fdatasync(2) is about the file. O_DIRECT alone leaves data in the
  // device's cache, and a new file's allocation in the journal.
  if (fdatasync(cached_.get()) != 0) return base::FailErrno(errno, where_.path);
  return {};
}

Result<> ExtentFile::ReadAt(std::span<std::byte> buffer, std::uint64_t offset) {
  TRY(Announce(DiskOperation::kRead, offset, buffer.size()));
  const std::size_t direct = DirectPart(buffer.data(), buffer.size(), offset);
  const std::uint64_t begin = where_.offset_bytes + offset;
  TRY(base::ReadExactlyAt(direct_.get(), buffer.first(direct), begin, where_.path));
  return ReadCached(buffer.subspan(direct), begin + direct);
}

Result<> ExtentFile::ReadCached(std::span<std::byte> buffer, std::uint64_t offset) {
  if (buffer.empty()) return {};
  // Whole pages around it: a page of which only a part is named is kept.
  const std::uint64_t begin = offset / kDirectAlignment * kDirectAlignment;
  const std::uint64_t end =
      (offset + buffer.size() + kDirectAlignment - 1) / kDirectAlignment * kDirectAlignment;
  posix_fadvise(cached_.get(), static_cast<off_t>(begin), static_cast<off_t>(end - begin),
                POSIX_FADV_DONTNEED);
  return base::ReadExactlyAt(cached_.get(), buffer, offset, where_.path);
}

}  // namespace partitions
