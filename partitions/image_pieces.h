// What travels between the stages of ImageWriter:
//
//   ImageInput --Chunk--> ImageDecoder --Piece--> PieceWriter
//              --WrittenPieces--> PieceReader --ReadPart--> ImageJudge
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "partitions/block_arena.h"
#include "partitions/bounded_queue.h"

namespace partitions {

// Bytes as they were downloaded.
struct Chunk {
  BlockArena::Block memory;
  std::size_t size = 0;
  // Where the chunk is exactly one independent frame of a known size: that size. Such chunks can be
  // decoded side by side; all others are one stream.
  std::optional<std::uint64_t> frame_content_bytes = {};

  base::ByteView bytes() const { return {memory.get(), size}; }
};

// Bytes of the image and their place in it.
struct Piece {
  BlockArena::Block memory;
  std::size_t size = 0;
  std::uint64_t offset = 0;
  base::Bytes digest = {};  // XXH3-128; empty where a signed digest judges the whole

  base::ByteView bytes() const { return {memory.get(), size}; }
};

struct WrittenPiece {
  std::uint64_t size = 0;
  std::uint64_t offset = 0;
  base::Bytes digest = {};
};

// Flushed, in order, without gaps, behind those handed on before.
using WrittenPieces = std::vector<WrittenPiece>;

// A part of a written piece, as the device gives it back.
struct ReadPart {
  BlockArena::Block memory;
  std::size_t size = 0;
  std::uint64_t offset = 0;
  base::Bytes piece_digest = {};  // with the piece's last part

  base::ByteView bytes() const { return {memory.get(), size}; }
};

}  // namespace partitions
