#include "tests/partitions/memory_disk.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <libfdisk/libfdisk.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace test {
namespace {

using partitions::IoStatus;

struct FreeContext {
  // Not fdisk_deassign_device(), which flushes: a test's disk need not outlive a power cut.
  void operator()(fdisk_context* context) const { fdisk_unref_context(context); }
};
using Context = std::unique_ptr<fdisk_context, FreeContext>;

struct FreePartition {
  void operator()(fdisk_partition* partition) const { fdisk_unref_partition(partition); }
};
using Partition = std::unique_ptr<fdisk_partition, FreePartition>;

struct FreeType {
  void operator()(fdisk_parttype* type) const { fdisk_unref_parttype(type); }
};
using Type = std::unique_ptr<fdisk_parttype, FreeType>;

// libfdisk works on files: the bytes go through one.
class ScratchFile {
 public:
  explicit ScratchFile(const std::string& bytes) {
    std::ofstream(path(), std::ios::binary).write(bytes.data(), std::ssize(bytes));
  }
  std::string path() const { return directory_ / "disk"; }
  std::string Bytes() const {
    std::ifstream file(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  TempDir directory_;
};

Context Open(const std::string& path, std::uint32_t sector_bytes, int readonly) {
  Context context(fdisk_new_context());
  fdisk_save_user_sector_size(context.get(), sector_bytes, sector_bytes);
  fdisk_save_user_grain(context.get(), sector_bytes);
  EXPECT_EQ(fdisk_assign_device(context.get(), path.c_str(), readonly), 0);
  return context;
}

constexpr const char* kTypes[] = {
    "6b636168-7420-6568-2070-6c616e657421", "5526016a-1a97-4ea4-b39a-b7c8c6ca4502",
    "6b636168-7420-6568-2070-6c616e657421", "440408bb-eb0b-4328-a6e5-a29038fad706"};

}  // namespace

bool MemoryDisk::CallFails() {
  if (!failing_) return false;
  if (calls_left_ == 0) return true;
  --calls_left_;
  return false;
}

IoStatus MemoryDisk::Read(std::uint64_t lba, std::uint32_t count, std::uint8_t* to) {
  for (const std::uint64_t bad : unreadable_)
    if (bad >= lba && bad < lba + count) return IoStatus::kFailed;
  if (lba + count > sector_count()) return IoStatus::kFailed;
  std::memcpy(to, bytes_.data() + lba * sector_bytes_, std::size_t{count} * sector_bytes_);
  return IoStatus::kDone;
}

IoStatus MemoryDisk::Write(std::uint64_t lba, std::uint32_t count, const std::uint8_t* from) {
  if (CallFails() || lba + count > sector_count()) return IoStatus::kFailed;
  const std::string sectors(reinterpret_cast<const char*>(from),
                            std::size_t{count} * sector_bytes_);
  bytes_.replace(lba * sector_bytes_, sectors.size(), sectors);
  for (std::uint32_t i = 0; i < count; ++i)
    events_.push_back({.kind = Event::Kind::kWrite,
                       .lba = lba + i,
                       .sector = sectors.substr(std::size_t{i} * sector_bytes_, sector_bytes_)});
  return IoStatus::kDone;
}

IoStatus MemoryDisk::Flush() {
  if (CallFails()) return IoStatus::kFailed;
  events_.push_back({});
  return IoStatus::kDone;
}

std::string SmallDisk(std::uint32_t sector_bytes) {
  const ScratchFile file(std::string(kSmallDiskSectors * sector_bytes, '\xcc'));
  const Context context = Open(file.path(), sector_bytes, 0);
  EXPECT_EQ(fdisk_create_disklabel(context.get(), "gpt"), 0);
  std::uint64_t start = 40;
  for (const char* type_text : kTypes) {
    const Type type(fdisk_label_parse_parttype(fdisk_get_label(context.get(), nullptr), type_text));
    const Partition partition(fdisk_new_partition());
    fdisk_partition_set_type(partition.get(), type.get());
    fdisk_partition_set_start(partition.get(), start);
    fdisk_partition_set_size(partition.get(), 8);
    fdisk_partition_size_explicit(partition.get(), 1);
    fdisk_partition_partno_follow_default(partition.get(), 1);
    EXPECT_EQ(fdisk_add_partition(context.get(), partition.get(), nullptr), 0);
    start += 10;
  }
  EXPECT_EQ(fdisk_write_disklabel(context.get()), 0);
  return file.Bytes();
}

std::string SmallDiskBySgdisk() {
  const ScratchFile file(std::string(kSmallDiskSectors * 512, '\xcc'));
  ProcessOptions sgdisk = {.program = "sgdisk", .arguments = {"--clear", "-a", "1"}};
  for (std::size_t i = 0; i < std::size(kTypes); ++i) {
    sgdisk.arguments.push_back(fmt::format("--new={}:{}:+8", i + 1, 40 + 10 * i));
    sgdisk.arguments.push_back(fmt::format("--typecode={}:{}", i + 1, kTypes[i]));
  }
  sgdisk.arguments.push_back("--attributes=1:set:60");
  sgdisk.arguments.push_back(file.path());
  const ProcessResult result = RunProcess(sgdisk);
  EXPECT_EQ(result.exit_status, 0) << result.output << result.errors;
  return file.Bytes();
}

std::vector<std::string> SeenByLibfdisk(const std::string& disk_bytes, std::uint32_t sector_bytes) {
  const ScratchFile file(disk_bytes);
  const Context context = Open(file.path(), sector_bytes, 1);
  std::vector<std::string> lines;
  if (!fdisk_is_labeltype(context.get(), FDISK_DISKLABEL_GPT)) return lines;
  for (std::size_t number = 0; number < fdisk_get_npartitions(context.get()); ++number) {
    fdisk_partition* raw = nullptr;
    if (fdisk_get_partition(context.get(), number, &raw) != 0) continue;
    const Partition partition(raw);
    if (!fdisk_partition_is_used(raw)) continue;
    std::uint64_t attributes = 0;
    fdisk_gpt_get_partition_attrs(context.get(), number, &attributes);
    lines.push_back(fmt::format("{} {} {} {} {} {:#x}", number + 1,
                                fdisk_parttype_get_string(fdisk_partition_get_type(raw)),
                                fdisk_partition_get_uuid(raw), fdisk_partition_get_start(raw),
                                fdisk_partition_get_size(raw), attributes));
    std::ranges::transform(lines.back(), lines.back().begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  }
  return lines;
}

}  // namespace test
