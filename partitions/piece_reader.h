// PieceReader: the fourth stage of ImageWriter, run by two threads: reads what was flushed back
// from the device, right behind the writer.
//
// Two reads are in flight, since a device answers one of them in the time that the other takes to
// get there; parts may pass each other, and the judge puts them in order.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>

#include "base/result.h"
#include "partitions/extent_file.h"
#include "partitions/image_pieces.h"

namespace partitions {

class PieceReader {
 public:
  static constexpr int kThreads = 2;

  PieceReader(BoundedQueue<WrittenPieces>& in, BlockArena& arena, ExtentFile& file,
              BoundedQueue<ReadPart>& out, std::stop_token stop);

  // What each of the threads does. The last one to end closes the queue of parts, if all is well.
  base::Result<> Run();

 private:
  std::optional<ReadPart> NextPart();
  void End();

  BoundedQueue<WrittenPieces>& in_;
  BlockArena& arena_;
  ExtentFile& file_;
  BoundedQueue<ReadPart>& out_;
  const std::stop_token stop_;

  // Held while a part is chosen. Guards all below.
  std::mutex intake_;
  std::deque<WrittenPiece> pieces_;
  std::uint64_t begun_bytes_ = 0;  // of the first of them
  int running_ = kThreads;
};

}  // namespace partitions
