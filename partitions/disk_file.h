// The partition table's view of a disk on Linux: a block device or an image file, already open.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "partitions/block_device.h"

namespace partitions {

// Reads and writes through a descriptor that its owner keeps open. One thread at a time.
class DiskFile final : public BlockDevice {
 public:
  // `name` is for messages.
  DiskFile(int fd, std::string name, std::uint32_t sector_bytes, std::uint64_t size_bytes)
      : fd_(fd), name_(std::move(name)), sector_bytes_(sector_bytes), size_bytes_(size_bytes) {}

  std::uint32_t sector_bytes() const override { return sector_bytes_; }
  std::uint64_t sector_count() const override { return size_bytes_ / sector_bytes_; }
  IoStatus Read(std::uint64_t lba, std::uint32_t count, std::uint8_t* to) override;
  IoStatus Write(std::uint64_t lba, std::uint32_t count, const std::uint8_t* from) override;
  IoStatus Flush() override;

  // Lets the next reads of the tables come from the medium. A page whose write-back failed once
  // stays in the cache, looking as if it had been written; nobody must build on it.
  void DropCache() const;

  // Why the last call that failed did; the last step's result is the command's result.
  const base::Result<>& last_failure() const { return last_failure_; }

 private:
  IoStatus Note(base::Result<> result);

  int fd_;
  std::string name_;
  std::uint32_t sector_bytes_;
  std::uint64_t size_bytes_;
  base::Result<> last_failure_;
};

}  // namespace partitions
