// Extent: where a partition's bytes are.
#pragma once

#include <cstdint>
#include <string>

namespace partitions {

// Either the partition's own device node, from offset 0, or a disk image inside the partition's
// bounds.
struct Extent {
  std::string path;
  std::uint64_t offset_bytes = 0;
  std::uint64_t size_bytes = 0;
};

}  // namespace partitions
