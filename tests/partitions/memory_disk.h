// A disk in memory that records what is done to it, fails when it is told to, and can be cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "partitions/block_device.h"

namespace test {

class MemoryDisk final : public partitions::BlockDevice {
 public:
  // One sector that was written, or a flush.
  struct Event {
    enum class Kind : std::uint8_t { kWrite, kFlush };
    Kind kind = Kind::kFlush;
    std::uint64_t lba = 0;
    std::string sector;
  };

  MemoryDisk(std::string bytes, std::uint32_t sector_bytes)
      : bytes_(std::move(bytes)), sector_bytes_(sector_bytes) {}

  const std::string& bytes() const { return bytes_; }
  std::string& bytes() { return bytes_; }
  const std::vector<Event>& events() const { return events_; }
  // From now on each call fails once `calls` more of them (writes and flushes) have been done.
  void FailAfter(std::size_t calls) {
    failing_ = true;
    calls_left_ = calls;
  }
  // From now on reads that touch this sector fail.
  void MakeUnreadable(std::uint64_t lba) { unreadable_.push_back(lba); }

  std::uint32_t sector_bytes() const override { return sector_bytes_; }
  std::uint64_t sector_count() const override { return bytes_.size() / sector_bytes_; }
  partitions::IoStatus Read(std::uint64_t lba, std::uint32_t count, std::uint8_t* to) override;
  partitions::IoStatus Write(std::uint64_t lba, std::uint32_t count,
                             const std::uint8_t* from) override;
  partitions::IoStatus Flush() override;

 private:
  bool CallFails();

  std::string bytes_;
  std::uint32_t sector_bytes_;
  std::vector<Event> events_;
  std::vector<std::uint64_t> unreadable_;
  bool failing_ = false;
  std::size_t calls_left_ = 0;
};

// The bytes of a disk of 160 sectors with a GPT of four used entries, made by libfdisk.
std::string SmallDisk(std::uint32_t sector_bytes);
// The same of 512-byte sectors, made by sgdisk.
std::string SmallDiskBySgdisk();

constexpr std::uint64_t kSmallDiskSectors = 160;

// What libfdisk reads from such a disk, one line for each partition: number, type, unique GUID,
// start, size, attributes. Empty if it sees no table.
std::vector<std::string> SeenByLibfdisk(const std::string& disk_bytes, std::uint32_t sector_bytes);

}  // namespace test
