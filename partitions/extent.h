// Where a partition's bytes are, for those who read or write an image there.
#pragma once

#include <cstdint>
#include <string>

namespace partitions {

// Either a partition's own device node at offset 0 (the kernel then keeps the bounds too, and
// O_EXCL tells whether it is in use), or a whole disk (an image file, or a disk without partition
// nodes) and the partition's bounds in it. Whoever writes must never leave [offset, offset + size),
// never create the path and never truncate it.
struct Extent {
  std::string path;
  std::uint64_t offset_bytes = 0;
  std::uint64_t size_bytes = 0;

  bool operator==(const Extent&) const = default;
};

}  // namespace partitions
