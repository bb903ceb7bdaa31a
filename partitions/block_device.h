// A disk as the partition table's code sees it: sectors that are read and written, and a flush.
//
// The one seam between that code and its three homes: the firmware's Block I/O, a Linux file or
// block device, and the recording disk of the tests.
//
// Freestanding: the firmware's boot selector compiles this file too. Used by one thread at a time.
#pragma once

#include <stdint.h>

namespace partitions {

enum class [[nodiscard]] IoStatus : uint8_t { kDone, kFailed };

class BlockDevice {
 public:
  // A logical sector: the unit of addressing, and what is written whole or not at all.
  virtual uint32_t sector_bytes() const = 0;
  virtual uint64_t sector_count() const = 0;

  // `count` whole sectors from `lba` on.
  virtual IoStatus Read(uint64_t lba, uint32_t count, uint8_t* to) = 0;
  // Sectors may reach the medium in any order, and late, up to the next Flush().
  virtual IoStatus Write(uint64_t lba, uint32_t count, const uint8_t* from) = 0;
  // When it is done, all that was written before is on the medium.
  virtual IoStatus Flush() = 0;

 protected:
  // Not virtual: nobody owns a device through this class, and firmware has no operator delete.
  ~BlockDevice() = default;
};

}  // namespace partitions
