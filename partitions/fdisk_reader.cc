#include "partitions/fdisk_reader.h"

#include <fmt/format.h>
#include <libfdisk/libfdisk.h>

#include <cstring>
#include <memory>

namespace partitions {
namespace {

using base::ErrorCode;
using base::Fail;

struct FreeContext {
  // Not fdisk_deassign_device(): it flushes the disk even where nothing was written, and unless
  // told otherwise calls sync() for every file system of the machine. The descriptor is not its.
  void operator()(fdisk_context* context) const { fdisk_unref_context(context); }
};
using Context = std::unique_ptr<fdisk_context, FreeContext>;

struct FreePartition {
  void operator()(fdisk_partition* partition) const { fdisk_unref_partition(partition); }
};

// libfdisk answers with negative errno values.
std::unexpected<base::Error> FailFdisk(int status, const std::string& disk) {
  return base::FailErrno(-status, fmt::format("{}: libfdisk", disk));
}

base::Result<Guid> GuidFromText(const char* text, const std::string& disk) {
  Guid guid;
  if (text == nullptr || !ParseGuid(text, std::strlen(text), guid))
    return Fail(ErrorCode::kMalformed, fmt::format("{}: libfdisk reads no GUID", disk));
  return guid;
}

base::Result<Partition> ReadPartition(fdisk_context* context, fdisk_partition* partition,
                                      std::size_t index, const std::string& disk,
                                      std::uint32_t sector_bytes) {
  std::uint64_t attributes = 0;
  if (const int status = fdisk_gpt_get_partition_attrs(context, index, &attributes); status != 0)
    return FailFdisk(status, disk);
  const char* type = fdisk_parttype_get_string(fdisk_partition_get_type(partition));
  return Partition{.number = static_cast<std::uint32_t>(index + 1),
                   .type = TRY(GuidFromText(type, disk)),
                   .unique = TRY(GuidFromText(fdisk_partition_get_uuid(partition), disk)),
                   .offset_bytes = fdisk_partition_get_start(partition) * sector_bytes,
                   .size_bytes = fdisk_partition_get_size(partition) * sector_bytes,
                   .attributes = attributes};
}

base::Result<Context> Open(int fd, const std::string& disk, std::uint32_t sector_bytes) {
  Context context(fdisk_new_context());
  if (context == nullptr) return FailFdisk(-ENOMEM, disk);
  // A file does not tell its sector size; libfdisk would take 512.
  int status = fdisk_save_user_sector_size(context.get(), sector_bytes, sector_bytes);
  if (status == 0)
    status = fdisk_assign_device_by_fd(context.get(), fd, disk.c_str(), /*readonly=*/1);
  if (status != 0) return FailFdisk(status, disk);
  if (fdisk_is_labeltype(context.get(), FDISK_DISKLABEL_GPT) != 1)
    return Fail(ErrorCode::kMalformed,
                fmt::format("{}: libfdisk sees no GUID partition table", disk));
  return context;
}

}  // namespace

base::Result<std::vector<Partition>> ReadWithLibfdisk(int fd, const std::string& disk,
                                                      std::uint32_t sector_bytes) {
  const Context context = TRY(Open(fd, disk, sector_bytes));
  std::vector<Partition> partitions;
  for (std::size_t index = 0; index < fdisk_get_npartitions(context.get()); ++index) {
    if (fdisk_is_partition_used(context.get(), index) != 1) continue;
    fdisk_partition* raw = nullptr;
    if (const int status = fdisk_get_partition(context.get(), index, &raw); status != 0)
      return FailFdisk(status, disk);
    const std::unique_ptr<fdisk_partition, FreePartition> partition(raw);
    partitions.push_back(TRY(ReadPartition(context.get(), raw, index, disk, sector_bytes)));
  }
  return partitions;
}

}  // namespace partitions
