// ExtentFile: a partition's bytes, written to and read from the device itself.
//
// Goes past the page cache (O_DIRECT), so that what is read is what the device has; where the
// kernel refuses that, and for pieces that are not aligned to kDirectAlignment, through the cache:
// flushed by Flush(), dropped (POSIX_FADV_DONTNEED) before it is read again. On tmpfs even that
// reads the same memory, which Open() says in the log.
//
// Offsets count from the extent's beginning, and nothing outside of it is ever touched: an access
// that would is refused, whatever the caller computed.
//
// One thread may write and flush while another one reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"
#include "partitions/extent.h"
#include "partitions/image_writer.h"

namespace partitions {

// Of memory, offsets and sizes: the largest logical block of disks, and the size of a page.
constexpr std::size_t kDirectAlignment = 4096;

class ExtentFile {
 public:
  using BeforeDiskStep = std::function<base::Result<>(const DiskStep&)>;

  // A block device is opened O_EXCL: kBusy, naming the holder, while it is mounted or part of
  // another device. kNoSpace if the file or device ends before the extent does.
  static base::Result<ExtentFile> Open(Extent where, BeforeDiskStep before_step);

  const Extent& where() const { return where_; }

  base::Result<> WriteAt(base::ByteView bytes, std::uint64_t offset);
  // All that was written is on the device, in its own cache no longer.
  base::Result<> Flush();
  // Only what was flushed since it was written comes from the device for certain.
  base::Result<> ReadAt(std::span<std::byte> buffer, std::uint64_t offset);

 private:
  ExtentFile(Extent where, BeforeDiskStep before_step, base::UniqueFd cached,
             base::UniqueFd direct);
  base::Result<> Announce(DiskOperation operation, std::uint64_t offset, std::size_t size) const;
  std::size_t DirectPart(const std::byte* memory, std::size_t size, std::uint64_t offset) const;
  base::Result<> ReadCached(std::span<std::byte> buffer, std::uint64_t offset);

  Extent where_;
  BeforeDiskStep before_step_;
  base::UniqueFd cached_;
  base::UniqueFd direct_;  // the same, past the cache; invalid where that is refused
};

}  // namespace partitions
