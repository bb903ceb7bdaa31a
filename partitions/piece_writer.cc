#include "partitions/piece_writer.h"

#include <optional>
#include <utility>

namespace partitions {

PieceWriter::PieceWriter(std::uint64_t flush_bytes, BoundedQueue<Piece>& in, ExtentFile& file,
                         BoundedQueue<WrittenPieces>& out, std::stop_token stop)
    : flush_bytes_(flush_bytes), in_(in), file_(file), out_(out), stop_(std::move(stop)) {}

base::Result<> PieceWriter::Run() {
  while (std::optional<Piece> piece = in_.Pop()) {
    TRY(Write(std::exchange(piece, std::nullopt).value()));
    if (unflushed_bytes_ >= flush_bytes_) TRY(Flush());
  }
  if (stop_.stop_requested()) return {};
  TRY(Flush());
  out_.Close();
  return {};
}

// By value: its block is free for the decoders again before the next flush.
base::Result<> PieceWriter::Write(Piece piece) {
  TRY(file_.WriteAt(piece.bytes(), piece.offset));
  written_bytes_ += piece.size;
  unflushed_bytes_ += piece.size;
  pending_.emplace(
      piece.offset,
      WrittenPiece{.size = piece.size, .offset = piece.offset, .digest = std::move(piece.digest)});
  return {};
}

base::Result<> PieceWriter::Flush() {
  TRY(file_.Flush());
  unflushed_bytes_ = 0;
  out_.Push(TakeContiguous());
  return {};
}

// Two decoders finish out of order; the read-back goes in order.
WrittenPieces PieceWriter::TakeContiguous() {
  WrittenPieces pieces;
  while (!pending_.empty() && pending_.begin()->first == handed_bytes_) {
    pieces.push_back(std::move(pending_.begin()->second));
    handed_bytes_ += pieces.back().size;
    pending_.erase(pending_.begin());
  }
  return pieces;
}

}  // namespace partitions
