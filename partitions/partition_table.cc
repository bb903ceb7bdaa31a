#include "partitions/partition_table.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "base/fd.h"
#include "partitions/disk_file.h"

namespace partitions {
namespace {

using base::ErrorCode;
using base::Fail;

// A table as our codec reads it, with the memory that it needs.
struct Codec {
  Codec(int fd, const std::string& disk, std::uint32_t sector_bytes, std::uint64_t size_bytes)
      : file(fd, disk, sector_bytes, size_bytes), transaction(file, storage) {}

  DiskFile file;
  TableStorage storage;
  TableTransaction transaction;
};

std::unexpected<base::Error> FailTable(TableStatus status, const DiskFile& file,
                                       const std::string& disk) {
  switch (status) {
    case TableStatus::kWriteFailed:
    case TableStatus::kFlushFailed:
      return std::unexpected(base::Error(file.last_failure().error())
                                 .WithContext("partition table not written completely"));
    case TableStatus::kNoRoom:
      return Fail(
          ErrorCode::kUnsupported,
          fmt::format("{}: one copy of the partition table is damaged, and there is no room "
                      "to write it again",
                      disk));
    case TableStatus::kUnsupportedGeometry:
      return Fail(ErrorCode::kUnsupported,
                  fmt::format("{}: too small for a partition table, or sectors of a size that is "
                              "not supported",
                              disk));
    case TableStatus::kOk:
    case TableStatus::kNoTable:
      break;
  }
  return Fail(ErrorCode::kMalformed, fmt::format("{}: no valid GUID partition table", disk));
}

// The sector sizes to try: a block device knows its own, a file may be an image of either kind.
base::Result<std::vector<std::uint32_t>> SectorSizes(int fd, const std::string& disk) {
  struct stat status = {};
  if (fstat(fd, &status) != 0) return base::FailErrno(errno, disk);
  if (!S_ISBLK(status.st_mode)) return std::vector<std::uint32_t>{512, 4096};
  int sector_bytes = 0;
  if (ioctl(fd, BLKSSZGET, &sector_bytes) != 0) return base::FailErrno(errno, disk);
  return std::vector{static_cast<std::uint32_t>(sector_bytes)};
}

base::Result<std::unique_ptr<Codec>> Load(int fd, const std::string& disk,
                                          const std::vector<std::uint32_t>& sector_sizes,
                                          std::uint64_t size_bytes) {
  std::unique_ptr<Codec> codec;
  TableStatus status = TableStatus::kNoTable;
  for (const std::uint32_t sector_bytes : sector_sizes) {
    codec = std::make_unique<Codec>(fd, disk, sector_bytes, size_bytes);
    codec->file.DropCache();
    status = codec->transaction.Load();
    if (status == TableStatus::kOk) return codec;
  }
  return FailTable(status, codec->file, disk);
}

base::Result<> CheckEntry(const GptEntry& entry, std::uint32_t number, const GptHeader& header,
                          const std::string& disk) {
  if (entry.first_lba >= header.first_usable_lba && entry.first_lba <= entry.last_lba &&
      entry.last_lba <= header.last_usable_lba)
    return {};
  return Fail(ErrorCode::kMalformed,
              fmt::format("{}: partition {} lies outside of the usable sectors", disk, number));
}

base::Result<> CheckOverlaps(std::vector<Partition> partitions, const std::string& disk) {
  std::ranges::sort(partitions, {}, &Partition::offset_bytes);
  for (std::size_t i = 1; i < partitions.size(); ++i) {
    const Partition& before = partitions[i - 1];
    if (before.offset_bytes + before.size_bytes > partitions[i].offset_bytes)
      return Fail(ErrorCode::kMalformed, fmt::format("{}: partitions {} and {} overlap", disk,
                                                     before.number, partitions[i].number));
  }
  return {};
}

// No product or sum overflows: the geometry says that the disk's bytes fit into 64 bits, and each
// entry is within the disk.
base::Result<std::vector<Partition>> ListPartitions(const Codec& codec, const std::string& disk) {
  const TableTransaction& table = codec.transaction;
  const std::uint64_t sector_bytes = codec.file.sector_bytes();
  std::vector<Partition> partitions;
  for (std::uint32_t index = 0; index < table.entry_count(); ++index) {
    const GptEntry entry = table.entry(index);
    if (!entry.used()) continue;
    TRY(CheckEntry(entry, index + 1, table.header(), disk));
    partitions.push_back({.number = index + 1,
                          .type = entry.type,
                          .unique = entry.unique,
                          .offset_bytes = entry.first_lba * sector_bytes,
                          .size_bytes = (entry.last_lba - entry.first_lba + 1) * sector_bytes,
                          .attributes = entry.attributes});
  }
  TRY(CheckOverlaps(partitions, disk));
  return partitions;
}

}  // namespace

struct PartitionTable::State {
  base::UniqueFd fd;
  std::string disk;
  std::uint64_t size_bytes = 0;
  std::unique_ptr<Codec> codec;
  std::vector<Partition> partitions;

  base::Result<> CheckLibfdiskAgrees() const;
  base::Result<> ReadBack() const;
};

// Two readers that know nothing of each other: what one of them misreads is not written to.
base::Result<> PartitionTable::State::CheckLibfdiskAgrees() const {
  if (TRY(ReadWithLibfdisk(fd.get(), disk, codec->file.sector_bytes())) == partitions) return {};
  return Fail(ErrorCode::kMismatch,
              fmt::format("{}: libfdisk reads the partition table differently; not touched", disk));
}

base::Result<> PartitionTable::State::ReadBack() const {
  const std::unique_ptr<Codec> medium =
      TRY(Load(fd.get(), disk, {codec->file.sector_bytes()}, size_bytes));
  if (medium->transaction.copies() != Copies::kAgree ||
      TRY(ListPartitions(*medium, disk)) != partitions)
    return Fail(
        ErrorCode::kFailed,
        fmt::format("{}: the partition table reads back differently from what was written", disk));
  return CheckLibfdiskAgrees();
}

base::Result<PartitionTable> PartitionTable::Open(const std::string& disk, Access access,
                                                  std::chrono::milliseconds patience) {
  auto state = std::make_unique<State>();
  state->disk = disk;
  state->fd = TRY(base::OpenFile(disk, access == Access::kRead ? O_RDONLY : O_RDWR));
  const Sharing sharing = access == Access::kRead ? Sharing::kShared : Sharing::kExclusive;
  TRY(LockTable(state->fd.get(), sharing, disk, patience));

  state->size_bytes = TRY(base::FileSize(state->fd.get(), disk));
  const std::vector<std::uint32_t> sector_sizes = TRY(SectorSizes(state->fd.get(), disk));
  state->codec = TRY(Load(state->fd.get(), disk, sector_sizes, state->size_bytes));
  state->partitions = TRY(ListPartitions(*state->codec, disk));
  TRY(state->CheckLibfdiskAgrees());
  return PartitionTable(std::move(state));
}

PartitionTable::PartitionTable(std::unique_ptr<State> state) : state_(std::move(state)) {}
PartitionTable::PartitionTable(PartitionTable&&) noexcept = default;
PartitionTable& PartitionTable::operator=(PartitionTable&&) noexcept = default;
PartitionTable::~PartitionTable() = default;

const std::vector<Partition>& PartitionTable::partitions() const {
  return state_->partitions;
}

const Partition* PartitionTable::Find(std::uint32_t number) const {
  const auto found = std::ranges::find(state_->partitions, number, &Partition::number);
  return found == state_->partitions.end() ? nullptr : &*found;
}

Layout PartitionTable::FindLayout() const {
  Layout layout;
  for (const Partition& partition : state_->partitions)
    layout.Add(partition.type, partition.number);
  return layout;
}

std::uint32_t PartitionTable::sector_bytes() const {
  return state_->codec->file.sector_bytes();
}

void PartitionTable::SetAttributes(std::uint32_t number, std::uint64_t attributes) {
  const auto found = std::ranges::find(state_->partitions, number, &Partition::number);
  if (found == state_->partitions.end()) return;
  found->attributes = attributes;
  state_->codec->transaction.SetAttributes(number - 1, attributes);
}

base::Result<> PartitionTable::Commit(Rewrite rewrite) {
  const TableStatus status = state_->codec->transaction.Commit(rewrite);
  if (status != TableStatus::kOk) return FailTable(status, state_->codec->file, state_->disk);
  // The last step's result is the command's result.
  return state_->ReadBack();
}

}  // namespace partitions
