// A made sysfs tree and /dev directory, as the kernel lays them out for disks and device-mapper
// devices of any name.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "partitions/os_disk.h"
#include "tests/support/temp_dir.h"

namespace test {

struct MadePartition {
  std::uint32_t number = 0;
  std::string name;  // e.g. "nvme0n1p3"
  std::uint64_t start_bytes = 0;
  std::uint64_t size_bytes = 0;
};

class MadeSystem {
 public:
  // `parent` is the disk's place below /sys/devices, e.g. "pci0000:00/virtio1".
  void AddDisk(const std::string& parent, const std::string& name,
               const std::vector<MadePartition>& partitions);
  // A device-mapper device on other devices; it becomes the root file system's.
  void MountRoot(const std::string& name, const std::vector<std::string>& lower_names);
  // The root file system is on this device itself.
  void MountRootOn(const std::string& name);

  partitions::SystemView view() const;
  std::string dev(const std::string& name) const { return directory_ / ("dev/" + name); }
  // The number of a device that was added.
  dev_t device(const std::string& name) const;

 private:
  struct Device {
    std::string name;
    std::string directory;
    dev_t number;
  };
  void AddDevice(const std::string& directory, const std::string& name);
  const Device& Find(const std::string& name) const;

  TempDir directory_;
  std::vector<Device> devices_;
  dev_t root_ = 0;
};

}  // namespace test
