// The publisher's side of base/decompress.h: images as zstd files that hosts decompress with little
// memory and, in independent frames, with two cores.
//
// The output depends on the input, the options and the version of libzstd alone: the same release
// is built twice to the same bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace base {

constexpr int kMinZstdLevel = 1;
constexpr int kMaxZstdLevel = 22;

// Frames of at most this many bytes are decompressed in parallel by ImageWriter (about 0.75 of the
// time of one frame, for a file about 4 % larger).
constexpr std::uint64_t kParallelFrameBytes = std::uint64_t{4} << 20;

struct CompressOptions {
  int level = 9;
  // Each so many bytes of the input become a frame of their own; without a value all of it is one
  // frame. Every frame carries the size of its content and a checksum. A whole number of MiB keeps
  // the frames aligned on the disk.
  std::optional<std::uint64_t> frame_bytes = {};
};

// Compresses the regular file `input` into `output`, which is replaced durably (temporary file,
// fsync, rename): after a failure or a cut there is the old file or the whole new one. The window
// stays within kMaxZstdWindowBytes at every level. kUsage for a level or frame size out of range
// (64 KiB to 1 GiB); kMismatch if the input changes size while it is read.
Result<> CompressFile(const std::string& input, const std::string& output,
                      const CompressOptions& options);

}  // namespace base
