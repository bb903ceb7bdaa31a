// ImageInput: the first stage of ImageWriter, in the caller's thread: cuts the downloaded stream
// into chunks for the decoders.
//
// Where a zstd stream has independent frames that say how large their content is, each becomes a
// chunk of its own, to be decoded beside the next one. Frames that are too large for that, or too
// small to be worth it, and every other format, become one stream of chunks. Skippable frames end
// here.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/decompress.h"
#include "base/result.h"
#include "base/zstd_frames.h"
#include "partitions/image_pieces.h"

namespace partitions {

class ImageInput {
 public:
  // Frames of more content than `max_frame_bytes` are streamed.
  ImageInput(base::Compression compression, std::size_t max_frame_bytes, BlockArena& arena,
             BoundedQueue<Chunk>& out);

  // Ok also after a stop request: whoever stopped knows why.
  base::Result<> Write(base::ByteView bytes);
  base::Result<> Finish();

 private:
  bool TakeBlock();
  std::size_t Capacity() const;
  bool FrameEnded() const;
  bool DecodesAlone() const;
  void Hand();

  const base::Compression compression_;
  const std::size_t max_frame_bytes_;
  BlockArena& arena_;
  BoundedQueue<Chunk>& out_;
  base::ZstdFrameWalker walker_;
  Chunk chunk_;
  bool began_with_frame_ = true;  // the chunk's first byte is, or will be, a frame's first
};

}  // namespace partitions
