#include "partitions/block_arena.h"

#include <sys/mman.h>

#include <cerrno>

namespace partitions {

base::Result<std::unique_ptr<BlockArena>> BlockArena::Create(std::size_t count,
                                                             std::size_t block_bytes,
                                                             const std::stop_token& stop) {
  const std::size_t size_bytes = count * block_bytes;
  void* memory =
      mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return base::FailErrno(errno, "memory for an image's blocks");
  return std::unique_ptr<BlockArena>(
      new BlockArena({static_cast<std::byte*>(memory), size_bytes}, block_bytes, stop));
}

BlockArena::BlockArena(std::span<std::byte> memory, std::size_t block_bytes,
                       const std::stop_token& stop)
    : memory_(memory), block_bytes_(block_bytes), free_(memory.size() / block_bytes, stop) {
  for (std::size_t at = 0; at < memory.size(); at += block_bytes) free_.Push(&memory[at]);
}

BlockArena::~BlockArena() {
  munmap(memory_.data(), memory_.size());
}

std::optional<BlockArena::Block> BlockArena::Take() {
  const std::optional<std::byte*> memory = free_.Pop();
  if (!memory) return std::nullopt;
  return Block(*memory, Return{this});
}

}  // namespace partitions
