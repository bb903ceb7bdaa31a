// The outer structure of a zstd stream (RFC 8878, 3.1), read without decompressing anything: where
// each frame ends, and what its header says.
//
// The write path uses it to hand independent frames to two decoders, and the decompressor to refuse
// a stream before libzstd sees it: what is not zstd, a window above kMaxZstdWindowBytes, a
// dictionary, reserved bits, bytes behind the last frame.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace base {

struct ZstdFrame {
  bool skippable = false;
  std::optional<std::uint64_t> content_bytes;  // where the header says it
};

// Follows one stream. Takes it in pieces of any size; keeps at most a header of it.
class ZstdFrameWalker {
 public:
  // How many of the bytes belong to the current frame: all, or fewer where it ends before. At least
  // one unless `bytes` is empty. kMalformed, kUnsupported.
  Result<std::size_t> Walk(ByteView bytes);

  // Between two frames: the last byte walked over ended one, or nothing was walked over yet.
  bool AtBoundary() const { return part_ == Part::kMagic && gathered_ == 0 && skip_bytes_ == 0; }

  // The current frame, or at a boundary the last one; null until its header is complete.
  const ZstdFrame* frame() const { return frame_ ? &*frame_ : nullptr; }

  // The stream has ended: kMalformed unless at the end of a frame, after at least one.
  Result<> Finish() const;

 private:
  // What the gathered bytes are the beginning of.
  enum class Part : std::uint8_t { kMagic, kSkippableSize, kDescriptor, kFields, kBlockHeader };

  void Expect(Part part, std::size_t size);
  std::uint64_t Gathered(std::size_t from, std::size_t size) const;
  Result<> Enter();
  Result<> EnterMagic();
  Result<> EnterDescriptor();
  Result<> EnterFields();
  Result<> EnterBlock();

  Part part_ = Part::kMagic;
  std::array<std::byte, 14> header_{};
  std::size_t gathered_ = 0;
  std::size_t needed_ = 4;
  std::uint64_t skip_bytes_ = 0;  // of content, before the next part
  std::uint8_t descriptor_ = 0;
  bool any_frame_ = false;
  std::optional<ZstdFrame> frame_;
};

// Decompresses whole frames in one go, straight into their place. Keeps no window, and so is
// quicker than a Decompressor. Not thread-safe.
class ZstdFrameDecoder {
 public:
  // kFailed where memory is short.
  static Result<ZstdFrameDecoder> Create();
  ZstdFrameDecoder(ZstdFrameDecoder&&) noexcept;
  ZstdFrameDecoder& operator=(ZstdFrameDecoder&&) noexcept;
  ~ZstdFrameDecoder();

  // `frame` is exactly one frame; how many bytes of `output` it became. kMalformed, also where they
  // do not fit.
  Result<std::size_t> Decode(ByteView frame, std::span<std::byte> output);

 private:
  struct Context;
  explicit ZstdFrameDecoder(std::unique_ptr<Context> context);
  std::unique_ptr<Context> context_;
};

}  // namespace base
