// ImageDecoder: the second stage of ImageWriter, run by two threads: makes the image's bytes of the
// downloaded ones, in memory that the disk can be written from.
//
// Independent frames are decoded side by side, each straight into its own block; all other chunks
// in their order, by whichever thread is free. Each piece has its place in the image, so that
// pieces may be written in any order.
//
// Refuses an image as soon as it grows beyond its signed length or its partition, before any byte
// behind the limit is handed on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>

#include "base/decompress.h"
#include "base/result.h"
#include "base/zstd_frames.h"
#include "partitions/image_pieces.h"

namespace partitions {

struct ImageLimits {
  std::uint64_t partition_bytes = 0;
  std::optional<std::uint64_t> signed_bytes = {};  // exactly
};

enum class PieceDigests : std::uint8_t { kNone, kXxh3 };

class ImageDecoder {
 public:
  static constexpr int kThreads = 2;

  struct Ends {
    BoundedQueue<Chunk>& in;
    BlockArena& arena;
    BoundedQueue<Piece>& out;
    std::stop_token stop;
  };
  ImageDecoder(base::Compression compression, base::Decompressor stream, ImageLimits limits,
               PieceDigests digests, Ends ends);

  // What each of the threads does. The last one to end closes the queue of pieces, if all is well.
  base::Result<> Run();

 private:
  base::Result<> DecodeStream(const Chunk& chunk);
  base::Result<> DecodeFrame(base::ZstdFrameDecoder& decoder, const Chunk& chunk,
                             std::uint64_t offset);
  base::Result<std::uint64_t> Advance(std::uint64_t size);
  bool TakeBlock(Piece& piece);
  void Hand(Piece piece);
  base::Result<> End();

  const base::Compression compression_;
  const ImageLimits limits_;
  const PieceDigests digests_;
  const Ends ends_;

  // Held while a chunk is taken and its place in the image is settled; of a stream's chunk, until
  // it is decoded. Guards all below.
  std::mutex intake_;
  base::Decompressor stream_;
  bool streamed_ = false;
  Piece open_;  // the stream's, not yet full
  std::uint64_t image_bytes_ = 0;
  int running_ = kThreads;
};

}  // namespace partitions
