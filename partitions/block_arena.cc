#include "partitions/block_arena.h"

#include <sys/mman.h>

#include <cerrno>
#include <memory>

namespace partitions {
namespace {

constexpr std::size_t kHugePageBytes = std::size_t{2} << 20U;

}  // namespace

base::Result<std::unique_ptr<BlockArena>> BlockArena::Create(BlockUse use, std::size_t count,
                                                             std::size_t block_bytes,
                                                             const std::stop_token& stop) {
  // One huge page more, so that the blocks can begin at one.
  const std::size_t mapping_bytes = count * block_bytes + kHugePageBytes;
  void* memory =
      mmap(nullptr, mapping_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return base::FailErrno(errno, "memory for an image's blocks");
  // Advice: where it is not taken, small pages do.
  madvise(memory, mapping_bytes, use == BlockUse::kDevice ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
  return std::unique_ptr<BlockArena>(
      new BlockArena({static_cast<std::byte*>(memory), mapping_bytes}, count, block_bytes, stop));
}

BlockArena::BlockArena(std::span<std::byte> mapping, std::size_t count, std::size_t block_bytes,
                       const std::stop_token& stop)
    : mapping_(mapping), block_bytes_(block_bytes), free_(count, stop) {
  void* begin = mapping.data();
  std::size_t space = mapping.size();
  auto* block =
      static_cast<std::byte*>(std::align(kHugePageBytes, count * block_bytes, begin, space));
  for (std::size_t i = 0; i < count; ++i) free_.Push(block + i * block_bytes);
}

BlockArena::~BlockArena() {
  munmap(mapping_.data(), mapping_.size());
}

std::optional<BlockArena::Block> BlockArena::Take() {
  const std::optional<std::byte*> memory = free_.Pop();
  if (!memory) return std::nullopt;
  return Block(*memory, Return{this});
}

}  // namespace partitions
