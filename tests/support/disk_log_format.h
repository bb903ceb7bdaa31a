// What disk_recorder.cc writes and disk_log.cc reads: a header, and for a write its bytes, again
// and again.
#pragma once

#include <cstdint>

namespace test {

enum class RecordKind : std::uint64_t { kWrite, kFlush };

struct RecordHeader {
  RecordKind kind;
  std::uint64_t offset;
  std::uint64_t length;
};

}  // namespace test
