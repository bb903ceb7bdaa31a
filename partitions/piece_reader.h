// PieceReader: the fourth stage of ImageWriter: reads what was flushed back from the device, in
// order, right behind the writer.
#pragma once

#include <stop_token>

#include "base/result.h"
#include "partitions/extent_file.h"
#include "partitions/image_pieces.h"

namespace partitions {

class PieceReader {
 public:
  PieceReader(BoundedQueue<WrittenPieces>& in, BlockArena& arena, ExtentFile& file,
              BoundedQueue<ReadPart>& out, std::stop_token stop);

  base::Result<> Run();

 private:
  base::Result<> Read(const WrittenPiece& piece);

  BoundedQueue<WrittenPieces>& in_;
  BlockArena& arena_;
  ExtentFile& file_;
  BoundedQueue<ReadPart>& out_;
  const std::stop_token stop_;
};

}  // namespace partitions
