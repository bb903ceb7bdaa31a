// The disk that the selector started this system from, found by the boot partition that it named on
// the kernel's command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "partitions/gpt.h"
#include "partitions/guid.h"

namespace ramdisk {

// A partition of the disk, in the table's order.
struct DiskPartition {
  std::uint32_t number = 0;  // counted from 1
  partitions::GptEntry entry;
};

class BootDisk {
 public:
  // Looks at every disk of the system once. kNotFound where none has this boot partition.
  static base::Result<BootDisk> Find(const partitions::Guid& boot_partition);

  const std::string& name() const { return name_; }  // the kernel's, "vda"
  std::optional<DiskPartition> FindUnique(const partitions::Guid& unique) const;
  std::optional<DiskPartition> FindType(const partitions::Guid& type) const;

  // The kernel's device of a partition: its numbers "254:3", its node "/dev/vda3".
  base::Result<std::string> DeviceNumbers(std::uint32_t partition_number) const;
  base::Result<std::string> DeviceNode(std::uint32_t partition_number) const;

 private:
  BootDisk(std::string name, std::vector<DiskPartition> partitions)
      : name_(std::move(name)), partitions_(std::move(partitions)) {}
  base::Result<std::string> SysfsDirectory(std::uint32_t partition_number) const;

  std::string name_;
  std::vector<DiskPartition> partitions_;
};

}  // namespace ramdisk
