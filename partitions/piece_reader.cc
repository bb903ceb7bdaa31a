#include "partitions/piece_reader.h"

#include <algorithm>
#include <span>
#include <utility>

namespace partitions {

PieceReader::PieceReader(BoundedQueue<WrittenPieces>& in, BlockArena& arena, ExtentFile& file,
                         BoundedQueue<ReadPart>& out, std::stop_token stop)
    : in_(in), arena_(arena), file_(file), out_(out), stop_(std::move(stop)) {}

base::Result<> PieceReader::Run() {
  // The block first: whoever has chosen a part can read it, so that the judge, which keeps the
  // blocks of later parts until then, never waits for one that waits for a block.
  while (std::optional<BlockArena::Block> block = arena_.Take()) {
    std::optional<ReadPart> part = NextPart();
    if (!part) break;
    TRY(file_.ReadAt(std::span(block->get(), part->size), part->offset));
    part->memory = *std::move(block);
    out_.Push(*std::move(part));
  }
  End();
  return {};
}

// None after the last one, or a stop request.
std::optional<ReadPart> PieceReader::NextPart() {
  const std::scoped_lock lock(intake_);
  while (pieces_.empty()) {
    std::optional<WrittenPieces> pieces = in_.Pop();
    if (!pieces) return std::nullopt;
    std::ranges::move(*pieces, std::back_inserter(pieces_));
  }
  WrittenPiece& piece = pieces_.front();
  ReadPart part{.memory = {},
                .size = std::min<std::uint64_t>(arena_.block_bytes(), piece.size - begun_bytes_),
                .offset = piece.offset + begun_bytes_};
  begun_bytes_ += part.size;
  if (begun_bytes_ == piece.size) {
    part.piece_digest = std::move(piece.digest);
    pieces_.pop_front();
    begun_bytes_ = 0;
  }
  return part;
}

void PieceReader::End() {
  const std::scoped_lock lock(intake_);
  if (--running_ == 0 && !stop_.stop_requested()) out_.Close();
}

}  // namespace partitions
