#include "partitions/piece_reader.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

namespace partitions {

PieceReader::PieceReader(BoundedQueue<WrittenPieces>& in, BlockArena& arena, ExtentFile& file,
                         BoundedQueue<ReadPart>& out, std::stop_token stop)
    : in_(in), arena_(arena), file_(file), out_(out), stop_(std::move(stop)) {}

base::Result<> PieceReader::Run() {
  while (const std::optional<WrittenPieces> pieces = in_.Pop()) {
    for (const WrittenPiece& piece : *pieces) TRY(Read(piece));
  }
  if (!stop_.stop_requested()) out_.Close();
  return {};
}

base::Result<> PieceReader::Read(const WrittenPiece& piece) {
  for (std::uint64_t at = 0; at < piece.size;) {
    std::optional<BlockArena::Block> block = arena_.Take();
    if (!block) return {};
    const std::size_t size = std::min<std::uint64_t>(arena_.block_bytes(), piece.size - at);
    TRY(file_.ReadAt(std::span(block->get(), size), piece.offset + at));
    ReadPart part{.memory = *std::move(block), .size = size, .offset = piece.offset + at};
    at += size;
    if (at == piece.size) part.piece_digest = piece.digest;
    out_.Push(std::move(part));
  }
  return {};
}

}  // namespace partitions
