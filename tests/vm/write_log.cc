#include "tests/vm/write_log.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>
#include <utility>

#include "base/fd.h"

namespace test {
namespace {

using base::ErrorCode;
using base::Fail;

static_assert(std::endian::native == std::endian::little, "the log is little-endian");

// drivers/md/dm-log-writes.c, block/blklogwrites.c
constexpr std::uint64_t kMagic = 0x6a736677736872;
constexpr std::uint64_t kFlushFlag = 1;
constexpr std::uint64_t kFuaFlag = 2;
constexpr std::uint64_t kDiscardFlag = 4;
constexpr std::size_t kSectorBytes = 512;

struct Super {
  std::uint64_t magic;
  std::uint64_t version;
  std::uint64_t entries;
  std::uint32_t sector_bytes;
};

struct Entry {
  std::uint64_t sector;
  std::uint64_t sectors;
  std::uint64_t flags;
  std::uint64_t data_bytes;
};

template <typename T>
base::Result<T> ReadAt(int fd, std::uint64_t offset, const std::string& path) {
  std::array<std::byte, sizeof(T)> bytes = {};
  TRY(base::ReadExactlyAt(fd, bytes, offset, path));
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

base::Result<> Copy(int from, std::uint64_t from_offset, int to, std::uint64_t to_offset,
                    std::uint64_t size_bytes) {
  std::vector<std::byte> buffer(size_bytes);
  TRY(base::ReadExactlyAt(from, buffer, from_offset, "log of writes"));
  return base::WriteAllAt(to, buffer, to_offset, "disk");
}

// The sectors of one write that reached the medium: of most writes all or none, of some a part.
base::Result<> ApplySomeOf(const LoggedWrite& write, int log, int disk, std::mt19937_64& random) {
  std::uniform_int_distribution<int> fate(0, 2);
  const int drawn = fate(random);
  if (drawn == 0 || write.discard) return {};
  if (drawn == 1)
    return Copy(log, write.log_offset_bytes, disk, write.disk_offset_bytes, write.size_bytes);
  std::bernoulli_distribution reached;
  for (std::uint64_t at = 0; at < write.size_bytes; at += kSectorBytes) {
    if (!reached(random)) continue;
    TRY(Copy(log, write.log_offset_bytes + at, disk, write.disk_offset_bytes + at, kSectorBytes));
  }
  return {};
}

}  // namespace

base::Result<WriteLog> WriteLog::Open(const std::string& path) {
  const base::UniqueFd fd = TRY(base::OpenFile(path, O_RDONLY));
  const std::uint64_t size_bytes = TRY(base::FileSize(fd.get(), path));
  const Super super = TRY(ReadAt<Super>(fd.get(), 0, path));
  if (super.magic != kMagic || super.sector_bytes != kSectorBytes)
    return Fail(ErrorCode::kMalformed, path + ": not a log of writes of 512-byte sectors");

  // The number of entries in the superblock is as old as the last flush: read what is there.
  std::vector<LoggedWrite> writes;
  std::uint64_t offset = kSectorBytes;
  while (offset + kSectorBytes <= size_bytes) {
    const Entry entry = TRY(ReadAt<Entry>(fd.get(), offset, path));
    const bool discards = (entry.flags & kDiscardFlag) != 0;
    const bool has_data = entry.sectors > 0 && !discards;
    if (entry.sectors == 0 && entry.flags == 0) break;
    writes.push_back({.disk_offset_bytes = entry.sector * kSectorBytes,
                      .log_offset_bytes = offset + kSectorBytes,
                      .size_bytes = has_data ? entry.sectors * kSectorBytes : 0,
                      .flush_before = (entry.flags & kFlushFlag) != 0,
                      .on_medium = (entry.flags & kFuaFlag) != 0,
                      .discard = discards});
    offset += kSectorBytes + writes.back().size_bytes;
    if (offset > size_bytes) writes.pop_back();  // cut off in the middle
  }
  return WriteLog(path, std::move(writes));
}

base::Result<> WriteLog::Replay(const std::string& disk, std::size_t cut,
                                std::mt19937_64& random) const {
  const base::UniqueFd log = TRY(base::OpenFile(path_, O_RDONLY));
  const base::UniqueFd target = TRY(base::OpenFile(disk, O_WRONLY));
  const std::span<const LoggedWrite> done(writes_.data(), std::min(cut, writes_.size()));
  std::size_t flushed = done.size();
  while (flushed > 0 && !done[flushed - 1].flush_before) --flushed;
  for (std::size_t i = 0; i < done.size(); ++i) {
    const LoggedWrite& write = done[i];
    if (write.size_bytes == 0) continue;
    if (i < flushed || write.on_medium) {
      TRY(Copy(log.get(), write.log_offset_bytes, target.get(), write.disk_offset_bytes,
               write.size_bytes));
    } else {
      TRY(ApplySomeOf(write, log.get(), target.get(), random));
    }
  }
  return {};
}

}  // namespace test
