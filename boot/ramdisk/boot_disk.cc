#include "boot/ramdisk/boot_disk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>

#include "base/fd.h"
#include "partitions/disk_file.h"
#include "partitions/gpt_transaction.h"

namespace ramdisk {
namespace {

using base::ErrorCode;
using base::Fail;
using partitions::TableStatus;

constexpr const char* kBlockDevices = "/sys/block";

// The first line of a file of sysfs; empty where there is none.
std::string ReadAttribute(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The used entries of the disk's table; none where it has no valid one.
std::vector<DiskPartition> ReadPartitions(const std::string& node) {
  const base::Result<base::UniqueFd> fd = base::OpenFile(node, O_RDONLY);
  if (!fd) return {};
  int sector_bytes = 0;
  const base::Result<std::uint64_t> size_bytes = base::FileSize(fd->get(), node);
  if (!size_bytes || ioctl(fd->get(), BLKSSZGET, &sector_bytes) != 0) return {};

  partitions::DiskFile disk(fd->get(), node, static_cast<std::uint32_t>(sector_bytes), *size_bytes);
  const auto storage = std::make_unique<partitions::TableStorage>();
  partitions::TableTransaction table(disk, *storage);
  if (table.Load() != TableStatus::kOk) return {};
  std::vector<DiskPartition> found;
  for (std::uint32_t index = 0; index < table.entry_count(); ++index) {
    const partitions::GptEntry entry = table.entry(index);
    if (entry.used()) found.push_back({.number = index + 1, .entry = entry});
  }
  return found;
}

}  // namespace

base::Result<BootDisk> BootDisk::Find(const partitions::Guid& boot_partition) {
  std::error_code error;
  for (const auto& device : std::filesystem::directory_iterator(kBlockDevices, error)) {
    const std::string name = device.path().filename();
    BootDisk disk(name, ReadPartitions("/dev/" + name));
    if (disk.FindUnique(boot_partition)) return disk;
  }
  char text[partitions::kGuidTextChars];
  partitions::WriteGuid(boot_partition, text);
  return Fail(ErrorCode::kNotFound,
              fmt::format("no disk has a partition {}", std::string_view(text, sizeof(text))));
}

std::optional<DiskPartition> BootDisk::FindUnique(const partitions::Guid& unique) const {
  const auto found =
      std::ranges::find(partitions_, unique, [](const DiskPartition& p) { return p.entry.unique; });
  if (found == partitions_.end()) return std::nullopt;
  return *found;
}

std::optional<DiskPartition> BootDisk::FindType(const partitions::Guid& type) const {
  const auto found =
      std::ranges::find(partitions_, type, [](const DiskPartition& p) { return p.entry.type; });
  if (found == partitions_.end()) return std::nullopt;
  return *found;
}

// By the attribute "partition", since names differ: vda3, nvme0n1p3.
base::Result<std::string> BootDisk::SysfsDirectory(std::uint32_t partition_number) const {
  const std::string directory = fmt::format("{}/{}", kBlockDevices, name_);
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (ReadAttribute(entry.path() / "partition") == std::to_string(partition_number))
      return entry.path().string();
  }
  return Fail(ErrorCode::kNotFound,
              fmt::format("the kernel shows no partition {} of {}", partition_number, name_));
}

base::Result<std::string> BootDisk::DeviceNumbers(std::uint32_t partition_number) const {
  return ReadAttribute(TRY(SysfsDirectory(partition_number)) + "/dev");
}

base::Result<std::string> BootDisk::DeviceNode(std::uint32_t partition_number) const {
  const std::filesystem::path directory = TRY(SysfsDirectory(partition_number));
  return "/dev/" + directory.filename().string();
}

}  // namespace ramdisk
