#include "partitions/disk_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <utility>

#include "base/bytes.h"
#include "base/fd.h"

namespace partitions {

IoStatus DiskFile::Read(std::uint64_t lba, std::uint32_t count, std::uint8_t* to) {
  const std::span sectors(to, std::size_t{count} * sector_bytes_);
  return Note(
      base::ReadExactlyAt(fd_, std::as_writable_bytes(sectors), lba * sector_bytes_, name_));
}

IoStatus DiskFile::Write(std::uint64_t lba, std::uint32_t count, const std::uint8_t* from) {
  const std::span sectors(from, std::size_t{count} * sector_bytes_);
  return Note(base::WriteAllAt(fd_, std::as_bytes(sectors), lba * sector_bytes_, name_));
}

IoStatus DiskFile::Flush() {
  if (fsync(fd_) == 0) return IoStatus::kDone;
  return Note(base::FailErrno(errno, name_));
}

void DiskFile::DropCache() const {
  constexpr off_t kTableBytes = 1 << 20;  // more than both of a copy's parts take
  const auto size = static_cast<off_t>(size_bytes_);
  // Advice: where it is not taken, nothing is lost but this precaution.
  posix_fadvise(fd_, 0, kTableBytes, POSIX_FADV_DONTNEED);
  posix_fadvise(fd_, size > kTableBytes ? size - kTableBytes : 0, 0, POSIX_FADV_DONTNEED);
}

IoStatus DiskFile::Note(base::Result<> result) {
  if (result) return IoStatus::kDone;
  last_failure_ = std::move(result);
  return IoStatus::kFailed;
}

}  // namespace partitions
