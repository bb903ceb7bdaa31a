// BlockArena: the memory of a pipeline's stage, allocated once and handed out in blocks of one
// size.
//
// Whoever wants a block while all are in flight waits: that is what bounds the memory. Thread-safe;
// the arena outlives its blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>

#include "base/result.h"
#include "partitions/bounded_queue.h"

namespace partitions {

// What the blocks are for. kDevice: O_DIRECT; in huge pages where the system has them, since each
// page that does not lie beside the one before it is a segment of its own to the device (measured
// on a virtio disk: half the time for writing and reading back). kProcessor: in small pages, so
// that the parts of blocks that are never used cost nothing.
enum class BlockUse : std::uint8_t { kDevice, kProcessor };

class BlockArena {
 public:
  // Gives the block back.
  struct Return {
    BlockArena* arena = nullptr;
    void operator()(std::byte* memory) const { arena->free_.Push(memory); }
  };
  using Block = std::unique_ptr<std::byte[], Return>;

  // `block_bytes` is a multiple of 4096, and so are the blocks' addresses.
  static base::Result<std::unique_ptr<BlockArena>> Create(BlockUse use, std::size_t count,
                                                          std::size_t block_bytes,
                                                          const std::stop_token& stop);
  BlockArena(const BlockArena&) = delete;
  BlockArena& operator=(const BlockArena&) = delete;
  ~BlockArena();

  // Waits for a free block; none after a stop request.
  std::optional<Block> Take();

  std::size_t block_bytes() const { return block_bytes_; }

 private:
  BlockArena(std::span<std::byte> mapping, std::size_t count, std::size_t block_bytes,
             const std::stop_token& stop);

  const std::span<std::byte> mapping_;
  const std::size_t block_bytes_;
  BoundedQueue<std::byte*> free_;
};

}  // namespace partitions
