// Which disk, and which set on it, the running system was started from.
//
// `/` is a dm-verity device; sysfs names the two partitions under it, root and hash of one set, and
// the disk that they are on. Names are never parsed: the partition's number comes from sysfs'
// `partition` attribute and device nodes from the kernel's own DEVNAME, so that virtio, NVMe, MMC,
// SCSI and loop disks are all the same to us.
//
// Nothing here opens a disk. Thread-safe.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace partitions {

// The parts of the system that discovery looks at; tests make their own.
struct SystemView {
  std::string sysfs_dir = "/sys";
  std::string dev_dir = "/dev";
  dev_t root_device = 0;  // st_dev of "/"
};

// The view of the process that calls: for main.
base::Result<SystemView> CurrentSystem();

// A partition of a disk, as the kernel sees it.
struct PartitionNode {
  std::uint32_t number = 0;
  std::string path;  // the device node, e.g. "/dev/nvme0n1p3"
  std::uint64_t start_bytes = 0;
  std::uint64_t size_bytes = 0;
};

// A whole disk, as the kernel sees it.
struct KernelDisk {
  std::string path;                       // the device node, e.g. "/dev/nvme0n1"
  std::string sysfs_dir;                  // resolved
  std::vector<PartitionNode> partitions;  // by number; empty where the kernel made no nodes
};

struct RunningDisk {
  KernelDisk disk;
  // The partitions directly under the root file system, by number: of one set, root and hash.
  std::vector<std::uint32_t> root_partitions;
};

// kNotFound where "/" is not a device-mapper device on partitions of one disk.
base::Result<RunningDisk> FindRunningDisk(const SystemView& system);

// The disk with this device number (st_rdev); kMismatch if it is a partition or no disk.
base::Result<KernelDisk> FindDisk(const SystemView& system, dev_t device);

}  // namespace partitions
