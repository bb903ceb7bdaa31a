#include "tests/partitions/made_system.h"

#include <fmt/format.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

namespace test {
namespace {

namespace fs = std::filesystem;

void WriteFile(const fs::path& path, const std::string& text) {
  std::ofstream(path) << text;
}

}  // namespace

void MadeSystem::AddDevice(const std::string& directory, const std::string& name) {
  const dev_t number = makedev(250, static_cast<unsigned>(devices_.size()));
  devices_.push_back({.name = name, .directory = directory, .number = number});
  fs::create_directories(directory + "/slaves");
  // The kernel writes '!' for the slashes of a name in sysfs, and the name itself here.
  std::string node = name;
  std::ranges::replace(node, '!', '/');
  WriteFile(directory + "/uevent", fmt::format("MAJOR={}\nMINOR={}\nDEVNAME={}\nDEVTYPE=disk\n",
                                               major(number), minor(number), node));
  const fs::path by_number = fs::path(directory_.path()) / "sys/dev/block";
  fs::create_directories(by_number);
  fs::create_symlink(fs::relative(directory, by_number),
                     by_number / fmt::format("{}:{}", major(number), minor(number)));
}

void MadeSystem::AddDisk(const std::string& parent, const std::string& name,
                         const std::vector<MadePartition>& partitions) {
  const std::string disk = directory_ / fmt::format("sys/devices/{}/block/{}", parent, name);
  AddDevice(disk, name);
  for (const char* other : {"queue", "holders", "power"})
    fs::create_directories(disk + "/" + other);
  for (const MadePartition& partition : partitions) {
    const std::string directory = disk + "/" + partition.name;
    AddDevice(directory, partition.name);
    WriteFile(directory + "/partition", fmt::format("{}\n", partition.number));
    WriteFile(directory + "/start", fmt::format("{}\n", partition.start_bytes / 512));
    WriteFile(directory + "/size", fmt::format("{}\n", partition.size_bytes / 512));
  }
}

void MadeSystem::MountRoot(const std::string& name, const std::vector<std::string>& lower_names) {
  const std::string directory = directory_ / ("sys/devices/virtual/block/" + name);
  AddDevice(directory, name);
  for (const std::string& lower : lower_names)
    fs::create_symlink(fs::relative(Find(lower).directory, directory + "/slaves"),
                       directory + "/slaves/" + lower);
  MountRootOn(name);
}

void MadeSystem::MountRootOn(const std::string& name) {
  root_ = device(name);
}

partitions::SystemView MadeSystem::view() const {
  return {.sysfs_dir = directory_ / "sys", .dev_dir = directory_ / "dev", .root_device = root_};
}

dev_t MadeSystem::device(const std::string& name) const {
  return Find(name).number;
}

const MadeSystem::Device& MadeSystem::Find(const std::string& name) const {
  const auto found = std::ranges::find(devices_, name, &Device::name);
  if (found == devices_.end()) std::abort();  // the test names a device that it did not make
  return *found;
}

}  // namespace test
