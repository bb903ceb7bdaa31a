// A device-mapper device as the parameter dm-mod.create= describes it (the kernel's
// Documentation/admin-guide/device-mapper/dm-init.rst), as far as a verified root needs it:
//
//   NAME,UUID,MINOR,ro,START SECTORS TARGET PARAMETERS
//
// one device, one target, read-only. Debian's kernel has device mapper as a module and so leaves
// this parameter alone; the RAM disk does what a kernel with a built-in one would do.
//
// A word of the parameters "PARTUUID=GUID" or "PARTUUID=GUID/PARTNROFF=N" stands for a partition:
// the one with this unique GUID, or the one N behind it in the table.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "partitions/guid.h"

namespace ramdisk {

struct PartitionReference {
  partitions::Guid unique;
  std::uint32_t offset = 0;

  bool operator==(const PartitionReference&) const = default;
};

struct MappedDevice {
  std::string name;
  std::uint64_t start_sector = 0;
  std::uint64_t sector_count = 0;  // of 512 bytes
  std::string target;
  std::string parameters;

  bool operator==(const MappedDevice&) const = default;
};

// What a word refers to is asked of `resolve`, which answers the kernel's name for the device
// ("254:3").
using ResolvePartition = std::function<base::Result<std::string>(const PartitionReference&)>;

base::Result<MappedDevice> ParseMappedDevice(std::string_view text,
                                             const ResolvePartition& resolve);

// Makes the device and answers its node, "/dev/dm-N". /dev is a devtmpfs.
base::Result<std::string> CreateMappedDevice(const MappedDevice& device);

}  // namespace ramdisk
