// What a machine wrote to its disk, in order, as QEMU's blklogwrites filter recorded it (the format
// of Linux' dm-log-writes), and the disk as a power cut would have left it.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "base/result.h"

namespace test {

struct LoggedWrite {
  std::uint64_t disk_offset_bytes = 0;
  std::uint64_t log_offset_bytes = 0;  // where its data are in the log
  std::uint64_t size_bytes = 0;        // 0: only a flush
  bool flush_before = false;           // all earlier writes were on the medium first
  bool on_medium = false;              // it was itself, when it was done (FUA)
  bool discard = false;                // says only that the bytes do not matter any more
};

class WriteLog {
 public:
  static base::Result<WriteLog> Open(const std::string& path);

  const std::vector<LoggedWrite>& writes() const { return writes_; }

  // Makes of `disk`, a copy of what the machine began with, what a cut before the entry `cut` may
  // have left: everything that was flushed, and of what came after the last flush a random part,
  // sector by sector.
  base::Result<> Replay(const std::string& disk, std::size_t cut, std::mt19937_64& random) const;

 private:
  WriteLog(std::string path, std::vector<LoggedWrite> writes)
      : path_(std::move(path)), writes_(std::move(writes)) {}

  std::string path_;
  std::vector<LoggedWrite> writes_;
};

}  // namespace test
