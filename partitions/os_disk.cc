#include "partitions/os_disk.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/file.h"

namespace partitions {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Fail;

constexpr std::uint64_t kMaxAttributeBytes = 64 << 10;
// sysfs counts in these, whatever the disk's sectors are.
constexpr std::uint64_t kSysfsSectorBytes = 512;

base::Result<std::uint64_t> ReadNumber(const fs::path& file) {
  const std::string text = TRY(base::ReadFile(file.string(), kMaxAttributeBytes));
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || std::string_view(end, text.data() + text.size()) != "\n")
    return Fail(ErrorCode::kMalformed, fmt::format("{}: not a number", file.string()));
  return value;
}

// The node's path below dev_dir: what the kernel itself calls the device.
base::Result<std::string> DevicePath(const SystemView& system, const fs::path& directory) {
  constexpr std::string_view kKey = "DEVNAME=";
  const std::string file = (directory / "uevent").string();
  const std::string text = TRY(base::ReadFile(file, kMaxAttributeBytes));
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (line.starts_with(kKey))
      return fmt::format("{}/{}", system.dev_dir, line.substr(kKey.size()));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return Fail(ErrorCode::kMalformed, fmt::format("{}: no DEVNAME", file));
}

// The entries of a directory; none where it does not exist.
std::vector<fs::path> Entries(const fs::path& directory) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error))
    entries.push_back(at->path());
  return entries;
}

bool IsPartition(const fs::path& directory) {
  std::error_code error;
  return fs::exists(directory / "partition", error);
}

std::string DeviceNumber(dev_t device) {
  return fmt::format("{}:{}", major(device), minor(device));
}

// The device's own directory in sysfs, free of symbolic links.
base::Result<fs::path> DeviceDirectory(const SystemView& system, dev_t device) {
  std::error_code error;
  fs::path directory =
      fs::canonical(fs::path(system.sysfs_dir) / "dev/block" / DeviceNumber(device), error);
  if (error)
    return Fail(ErrorCode::kNotFound,
                fmt::format("device {} is not a block device", DeviceNumber(device)));
  return directory;
}

base::Result<std::uint32_t> PartitionNumber(const fs::path& directory) {
  return static_cast<std::uint32_t>(TRY(ReadNumber(directory / "partition")));
}

base::Result<PartitionNode> ReadPartitionNode(const SystemView& system, const fs::path& directory) {
  return PartitionNode{.number = TRY(PartitionNumber(directory)),
                       .path = TRY(DevicePath(system, directory)),
                       .start_bytes = TRY(ReadNumber(directory / "start")) * kSysfsSectorBytes,
                       .size_bytes = TRY(ReadNumber(directory / "size")) * kSysfsSectorBytes};
}

base::Result<KernelDisk> ReadDisk(const SystemView& system, const fs::path& directory) {
  KernelDisk disk = {.path = TRY(DevicePath(system, directory)),
                     .sysfs_dir = directory.string(),
                     .partitions = {}};
  for (const fs::path& entry : Entries(directory))
    if (IsPartition(entry)) disk.partitions.push_back(TRY(ReadPartitionNode(system, entry)));
  std::ranges::sort(disk.partitions, {}, &PartitionNode::number);
  return disk;
}

constexpr std::string_view kNoRunningDisk =
    "cannot tell which disk carries the running root file system";

std::unexpected<base::Error> FailNoRunningDisk(std::string_view reason) {
  return Fail(ErrorCode::kNotFound, fmt::format("{}: {}", kNoRunningDisk, reason));
}

}  // namespace

base::Result<SystemView> CurrentSystem() {
  struct stat root = {};
  if (stat("/", &root) != 0) return base::FailErrno(errno, "/");
  return SystemView{.sysfs_dir = "/sys", .dev_dir = "/dev", .root_device = root.st_dev};
}

base::Result<KernelDisk> FindDisk(const SystemView& system, dev_t device) {
  const fs::path directory = TRY(DeviceDirectory(system, device));
  if (IsPartition(directory))
    return Fail(ErrorCode::kMismatch,
                fmt::format("{} is a partition, not a disk", TRY(DevicePath(system, directory))));
  return ReadDisk(system, directory);
}

base::Result<RunningDisk> FindRunningDisk(const SystemView& system) {
  const fs::path root = TRY_CONTEXT(DeviceDirectory(system, system.root_device), kNoRunningDisk);
  RunningDisk running;
  fs::path disk_directory;
  for (const fs::path& slave : Entries(root / "slaves")) {
    std::error_code error;
    const fs::path lower = fs::canonical(slave, error);
    if (error || !IsPartition(lower))
      return FailNoRunningDisk(
          fmt::format("{} beneath it is not a partition", slave.filename().string()));
    if (!disk_directory.empty() && lower.parent_path() != disk_directory)
      return FailNoRunningDisk("it lies on more than one disk");
    disk_directory = lower.parent_path();
    running.root_partitions.push_back(TRY(PartitionNumber(lower)));
  }
  if (disk_directory.empty()) return FailNoRunningDisk("it is not a dm-verity device");
  std::ranges::sort(running.root_partitions);
  running.disk = TRY(ReadDisk(system, disk_directory));
  return running;
}

}  // namespace partitions
