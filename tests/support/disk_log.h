// What a program did to a disk image, as disk_recorder.cc saw it, to be replayed up to any point.
//
// The model of a disk that loses its power: sectors of 512 bytes are written whole or not at all;
// what was written before a flush that succeeded is there; of what was written after it, any subset
// may be.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace test {

constexpr std::size_t kAtomicBytes = 512;

struct SectorWrite {
  std::uint64_t offset = 0;
  std::string bytes;  // kAtomicBytes, or less at an odd end
};

// What was written between two flushes, in order.
struct Epoch {
  std::vector<SectorWrite> sectors;
  // How many sectors had been written when each write(2) was done.
  std::vector<std::size_t> write_ends;
};

// The environment under which a program is recorded.
std::vector<std::pair<std::string, std::string>> RecorderEnvironment(const std::string& disk,
                                                                     const std::string& log);

// The epochs of a log; the last one is what was never flushed, and may be empty.
std::vector<Epoch> ReadDiskLog(const std::string& log);

}  // namespace test
