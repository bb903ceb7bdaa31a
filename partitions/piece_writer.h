// PieceWriter: the third stage of ImageWriter: writes pieces to the partition as they come, flushes
// every so many bytes, and hands on for reading back what is flushed.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <stop_token>

#include "base/result.h"
#include "partitions/extent_file.h"
#include "partitions/image_pieces.h"

namespace partitions {

class PieceWriter {
 public:
  PieceWriter(std::uint64_t flush_bytes, BoundedQueue<Piece>& in, ExtentFile& file,
              BoundedQueue<WrittenPieces>& out, std::stop_token stop);

  base::Result<> Run();

  // From any thread.
  std::uint64_t written_bytes() const { return written_bytes_; }

 private:
  base::Result<> Write(Piece piece);
  base::Result<> Flush();
  WrittenPieces TakeContiguous();

  const std::uint64_t flush_bytes_;
  BoundedQueue<Piece>& in_;
  ExtentFile& file_;
  BoundedQueue<WrittenPieces>& out_;
  const std::stop_token stop_;

  std::atomic<std::uint64_t> written_bytes_ = 0;
  std::uint64_t unflushed_bytes_ = 0;
  std::map<std::uint64_t, WrittenPiece> pending_;  // written, not handed on; by offset
  std::uint64_t handed_bytes_ = 0;
};

}  // namespace partitions
