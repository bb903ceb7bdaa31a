// BlockArena: the memory of a pipeline's stage, allocated once and handed out in blocks of one
// size.
//
// Whoever wants a block while all are in flight waits: that is what bounds the memory. Blocks are
// aligned for O_DIRECT; pages that are never touched cost nothing. Thread-safe; the arena outlives
// its blocks.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>

#include "base/result.h"
#include "partitions/bounded_queue.h"

namespace partitions {

class BlockArena {
 public:
  // Gives the block back.
  struct Return {
    BlockArena* arena = nullptr;
    void operator()(std::byte* memory) const { arena->free_.Push(memory); }
  };
  using Block = std::unique_ptr<std::byte[], Return>;

  // `block_bytes` is a multiple of the page size.
  static base::Result<std::unique_ptr<BlockArena>> Create(std::size_t count,
                                                          std::size_t block_bytes,
                                                          const std::stop_token& stop);
  BlockArena(const BlockArena&) = delete;
  BlockArena& operator=(const BlockArena&) = delete;
  ~BlockArena();

  // Waits for a free block; none after a stop request.
  std::optional<Block> Take();

  std::size_t block_bytes() const { return block_bytes_; }

 private:
  BlockArena(std::span<std::byte> memory, std::size_t block_bytes, const std::stop_token& stop);

  const std::span<std::byte> memory_;
  const std::size_t block_bytes_;
  BoundedQueue<std::byte*> free_;
};

}  // namespace partitions
