// Decompression of zstd and lz4 streams (RFC 8878; the lz4 frame format), pushed through bounded
// buffers.
//
// Strict about the whole: a stream is one or more frames and ends exactly at the end of a frame; an
// empty one, a truncated one and trailing bytes are errors. Skippable frames are allowed, yield
// nothing, and count as input. Checksums and sizes that a frame carries are verified. A zstd frame
// may ask for a window of at most kMaxZstdWindowBytes, so that a stream cannot order memory; one
// that needs a dictionary is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/sink.h"

namespace base {

enum class Compression : std::uint8_t { kNone, kZstd, kLz4 };

// From the ending of a file's name: ".zst", ".lz4", anything else is kNone.
Compression CompressionOf(std::string_view file_name);

constexpr std::uint64_t kMaxZstdWindowBytes = std::uint64_t{8} << 20;

// One stream. Not thread-safe. Memory: the window (at most 8 MiB) and some hundred KiB.
class Decompressor {
 public:
  // kFailed where memory is short.
  static Result<Decompressor> Create(Compression compression);
  Decompressor(Decompressor&&) noexcept;
  Decompressor& operator=(Decompressor&&) noexcept;
  ~Decompressor();

  struct Step {
    std::size_t consumed = 0;  // from the front of the input
    std::size_t produced = 0;  // at the front of the output
  };
  // Goes on until the input is used up or the output is full. A full output may have more behind
  // it, even with all input consumed: call again, with empty input if need be, until less than the
  // whole output was produced.
  // Nothing outside of `output` is written, and nothing in it is needed again: it may be handed on
  // at once. kMalformed; kUnsupported for a window that is too large or a dictionary.
  Result<Step> Decode(ByteView input, std::span<std::byte> output);

  // The stream has ended: kMalformed unless that is at the end of a frame.
  Result<> Finish();

  class Codec;  // private to decompress.cc

 private:
  explicit Decompressor(std::unique_ptr<Codec> codec);
  std::unique_ptr<Codec> codec_;
};

// A sink that decompresses into another one, which must outlive it. Finish() passes on.
class DecompressingSink final : public ByteSink {
 public:
  static Result<std::unique_ptr<DecompressingSink>> Create(Compression compression, ByteSink& out);
  Result<> Write(ByteView bytes) override;
  Result<> Finish() override;

 private:
  DecompressingSink(Decompressor decompressor, ByteSink& out);
  Decompressor decompressor_;
  ByteSink& out_;
  Bytes buffer_;
};

}  // namespace base
