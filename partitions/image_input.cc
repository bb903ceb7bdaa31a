#include "partitions/image_input.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace partitions {
namespace {

// Handed on in parts of this size, so that decoding goes on while the next part is downloaded.
constexpr std::size_t kStreamChunkBytes = std::size_t{512} << 10U;
// Below, the way through the queues costs more than the second decoder saves; and a stream of tiny
// frames must not become as many pieces.
constexpr std::uint64_t kMinFrameBytes = std::uint64_t{64} << 10U;

}  // namespace

ImageInput::ImageInput(base::Compression compression, std::size_t max_frame_bytes,
                       BlockArena& arena, BoundedQueue<Chunk>& out)
    : compression_(compression), max_frame_bytes_(max_frame_bytes), arena_(arena), out_(out) {}

base::Result<> ImageInput::Write(base::ByteView bytes) {
  while (!bytes.empty()) {
    if (!TakeBlock()) return {};
    base::ByteView part = bytes.first(std::min(bytes.size(), Capacity() - chunk_.size));
    if (compression_ == base::Compression::kZstd) part = part.first(TRY(walker_.Walk(part)));
    std::memcpy(&chunk_.memory[chunk_.size], part.data(), part.size());
    chunk_.size += part.size();
    bytes = bytes.subspan(part.size());
    if (FrameEnded() || chunk_.size == Capacity()) Hand();
  }
  return {};
}

base::Result<> ImageInput::Finish() {
  if (compression_ == base::Compression::kZstd) TRY(walker_.Finish());
  if (chunk_.size > 0) Hand();
  out_.Close();
  return {};
}

bool ImageInput::TakeBlock() {
  if (chunk_.memory) return true;
  std::optional<BlockArena::Block> block = arena_.Take();
  if (!block) return false;
  chunk_.memory = *std::move(block);
  return true;
}

std::size_t ImageInput::Capacity() const {
  return DecodesAlone() ? arena_.block_bytes() : kStreamChunkBytes;
}

bool ImageInput::FrameEnded() const {
  return compression_ == base::Compression::kZstd && walker_.AtBoundary();
}

bool ImageInput::DecodesAlone() const {
  const base::ZstdFrame* frame = walker_.frame();
  return began_with_frame_ && frame != nullptr && !frame->skippable && frame->content_bytes &&
         *frame->content_bytes >= kMinFrameBytes && *frame->content_bytes <= max_frame_bytes_;
}

void ImageInput::Hand() {
  if (FrameEnded() && DecodesAlone()) chunk_.frame_content_bytes = walker_.frame()->content_bytes;
  began_with_frame_ = FrameEnded();
  if (walker_.frame() != nullptr && walker_.frame()->skippable) {
    chunk_.size = 0;
  } else {
    out_.Push(std::exchange(chunk_, {}));
  }
}

}  // namespace partitions
