#include "partitions/image_decoder.h"

#include <fmt/format.h>

#include <span>
#include <utility>

#include "base/digest.h"

namespace partitions {

using base::ErrorCode;
using base::Result;

ImageDecoder::ImageDecoder(base::Compression compression, base::Decompressor stream,
                           ImageLimits limits, PieceDigests digests, Ends ends)
    : compression_(compression),
      limits_(limits),
      digests_(digests),
      ends_(std::move(ends)),
      stream_(std::move(stream)) {}

Result<> ImageDecoder::Run() {
  base::ZstdFrameDecoder frame_decoder = TRY(base::ZstdFrameDecoder::Create());
  for (;;) {
    std::unique_lock intake(intake_);
    const std::optional<Chunk> chunk = ends_.in.Pop();
    if (!chunk) return End();
    if (!chunk->frame_content_bytes) {
      TRY(DecodeStream(*chunk));
      continue;
    }
    Hand(std::exchange(open_, {}));
    const std::uint64_t offset = TRY(Advance(*chunk->frame_content_bytes));
    intake.unlock();
    TRY(DecodeFrame(frame_decoder, *chunk, offset));
  }
}

Result<> ImageDecoder::DecodeStream(const Chunk& chunk) {
  streamed_ = true;
  base::ByteView input = chunk.bytes();
  bool full = false;
  do {
    if (!open_.memory) open_.offset = image_bytes_;
    if (!TakeBlock(open_)) return {};
    const std::span room(&open_.memory[open_.size], ends_.arena.block_bytes() - open_.size);
    const auto step = TRY(stream_.Decode(input, room));
    TRY(Advance(step.produced));
    input = input.subspan(step.consumed);
    open_.size += step.produced;
    full = step.produced == room.size();
    if (full) Hand(std::exchange(open_, {}));
  } while (full || !input.empty());
  return {};
}

Result<> ImageDecoder::DecodeFrame(base::ZstdFrameDecoder& decoder, const Chunk& chunk,
                                   std::uint64_t offset) {
  Piece piece{.memory = {}, .size = *chunk.frame_content_bytes, .offset = offset};
  if (!TakeBlock(piece)) return {};
  const std::span room(piece.memory.get(), ends_.arena.block_bytes());
  const std::size_t size = TRY(decoder.Decode(chunk.bytes(), room));
  if (size != piece.size) {
    return base::Fail(ErrorCode::kMalformed,
                      "corrupt zstd data: a frame of another size than it says");
  }
  Hand(std::move(piece));
  return {};
}

// Where the next `size` bytes belong.
Result<std::uint64_t> ImageDecoder::Advance(std::uint64_t size) {
  if (limits_.signed_bytes && size > *limits_.signed_bytes - image_bytes_) {
    return base::Fail(ErrorCode::kMismatch,
                      fmt::format("the image is longer than the {} bytes that are signed",
                                  *limits_.signed_bytes));
  }
  if (size > limits_.partition_bytes - image_bytes_) {
    return base::Fail(
        ErrorCode::kNoSpace,
        fmt::format("the image is longer than its partition of {} bytes", limits_.partition_bytes));
  }
  return std::exchange(image_bytes_, image_bytes_ + size);
}

// False after a stop request.
bool ImageDecoder::TakeBlock(Piece& piece) {
  if (piece.memory) return true;
  std::optional<BlockArena::Block> block = ends_.arena.Take();
  if (!block) return false;
  piece.memory = *std::move(block);
  return true;
}

void ImageDecoder::Hand(Piece piece) {
  if (piece.size == 0) return;
  if (digests_ == PieceDigests::kXxh3) {
    piece.digest = base::DigestOf(base::DigestAlgorithm::kXxh3, piece.bytes());
  }
  ends_.out.Push(std::move(piece));
}

// With `intake_` held.
Result<> ImageDecoder::End() {
  if (--running_ > 0 || ends_.stop.stop_requested()) return {};
  // The frames of a zstd stream that were decoded alone are none of the decompressor's, and
  // ImageInput has seen the stream's end.
  if (streamed_ || compression_ != base::Compression::kZstd) TRY(stream_.Finish());
  Hand(std::exchange(open_, {}));
  if (limits_.signed_bytes && image_bytes_ != *limits_.signed_bytes) {
    return base::Fail(ErrorCode::kMismatch, fmt::format("the image has {} bytes, {} are signed",
                                                        image_bytes_, *limits_.signed_bytes));
  }
  ends_.out.Close();
  return {};
}

}  // namespace partitions
