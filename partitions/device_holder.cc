#include "partitions/device_holder.h"

#include <fmt/format.h>
#include <sys/sysmacros.h>

#include <filesystem>
#include <sstream>

#include "base/file.h"

namespace partitions {
namespace {

// proc(5): the third field of a line is the device, the fifth the mount point.
std::string MountPoint(const std::string& device_number) {
  constexpr std::uint64_t kMaxBytes = std::uint64_t{4} << 20U;
  const auto text = base::ReadFile("/proc/self/mountinfo", kMaxBytes);
  if (!text) return {};
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string id;
    std::string parent;
    std::string device;
    std::string root;
    std::string mount_point;
    fields >> id >> parent >> device >> root >> mount_point;
    if (device == device_number) return mount_point;
  }
  return {};
}

// A device built on this one, by the name that its maker gave it where it has one.
std::string Holder(const std::string& device_number) {
  std::error_code error;
  const std::filesystem::directory_iterator holders(
      fmt::format("/sys/dev/block/{}/holders", device_number), error);
  if (error || holders == std::filesystem::directory_iterator()) return {};
  constexpr std::uint64_t kMaxNameBytes = 4096;
  auto name = base::ReadFile((holders->path() / "dm/name").string(), kMaxNameBytes);
  if (!name) return holders->path().filename().string();
  while (name->ends_with('\n')) name->pop_back();
  return *std::move(name);
}

}  // namespace

std::string DescribeHolder(dev_t device) {
  const std::string device_number = fmt::format("{}:{}", major(device), minor(device));
  if (const std::string at = MountPoint(device_number); !at.empty()) {
    return fmt::format(" (mounted at {})", at);
  }
  if (const std::string holder = Holder(device_number); !holder.empty()) {
    return fmt::format(" (held by {})", holder);
  }
  return {};
}

}  // namespace partitions
