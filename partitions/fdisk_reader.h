// The second opinion: a partition table as libfdisk reads it.
//
// Our own codec (gpt.h) reads and writes the table, since only it can keep the order of writes that
// crash safety needs. libfdisk, which other tools of the system build on, must see the same before
// and after each change; where the two disagree nothing is written.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "partitions/guid.h"

namespace partitions {

struct Partition {
  std::uint32_t number = 0;  // from 1
  Guid type;
  Guid unique;
  std::uint64_t offset_bytes = 0;
  std::uint64_t size_bytes = 0;
  std::uint64_t attributes = 0;

  bool operator==(const Partition&) const = default;
};

// The used partitions by number, read through a descriptor that stays the caller's. kMalformed if
// libfdisk sees no GPT. `disk` is for messages. Nothing is written or flushed.
base::Result<std::vector<Partition>> ReadWithLibfdisk(int fd, const std::string& disk,
                                                      std::uint32_t sector_bytes);

}  // namespace partitions
