#include "boot/ramdisk/mapped_device.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/dm-ioctl.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <vector>

#include "base/fd.h"

namespace ramdisk {
namespace {

using base::ErrorCode;
using base::Fail;

constexpr std::string_view kPartitionPrefix = "PARTUUID=";
constexpr std::string_view kOffsetPrefix = "/PARTNROFF=";

template <typename Number>
base::Result<Number> ParseNumber(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    return Fail(ErrorCode::kMalformed, fmt::format("\"{}\" is not a number", text));
  return number;
}

// Takes the text before the next `separator` off the front, and the separator.
std::string_view Take(std::string_view& rest, char separator) {
  const std::size_t length = std::min(rest.find(separator), rest.size());
  const std::string_view taken = rest.substr(0, length);
  rest.remove_prefix(std::min(length + 1, rest.size()));
  return taken;
}

base::Result<PartitionReference> ParseReference(std::string_view word) {
  word.remove_prefix(kPartitionPrefix.size());
  const std::string_view guid = word.substr(0, partitions::kGuidTextChars);
  PartitionReference reference;
  if (!partitions::ParseGuid(guid.data(), guid.size(), reference.unique))
    return Fail(ErrorCode::kMalformed, fmt::format("\"{}\" does not begin with a GUID", word));
  word.remove_prefix(guid.size());
  if (word.empty()) return reference;
  if (!word.starts_with(kOffsetPrefix))
    return Fail(ErrorCode::kMalformed, fmt::format("\"{}\" follows a GUID", word));
  reference.offset = TRY(ParseNumber<std::uint32_t>(word.substr(kOffsetPrefix.size())));
  return reference;
}

base::Result<std::string> ResolveWords(std::string_view text, const ResolvePartition& resolve) {
  std::string resolved;
  while (!text.empty()) {
    const std::string_view word = Take(text, ' ');
    if (!resolved.empty()) resolved += ' ';
    if (word.starts_with(kPartitionPrefix)) {
      resolved += TRY(resolve(TRY(ParseReference(word))));
    } else {
      resolved += word;
    }
  }
  return resolved;
}

// One device-mapper request: the header, and behind it a target with its parameters if there is
// one.
class Request {
 public:
  explicit Request(const std::string& name) : bytes_(sizeof(dm_ioctl)) {
    Header().version[0] = DM_VERSION_MAJOR;
    Header().data_size = static_cast<std::uint32_t>(bytes_.size());
    Header().data_start = sizeof(dm_ioctl);
    Header().flags = DM_READONLY_FLAG;
    std::copy_n(name.data(), std::min(name.size(), sizeof(Header().name) - 1), Header().name);
  }

  void AddTarget(const MappedDevice& device) {
    dm_target_spec target = {};
    target.sector_start = device.start_sector;
    target.length = device.sector_count;
    std::copy_n(device.target.data(),
                std::min(device.target.size(), sizeof(target.target_type) - 1), target.target_type);
    const auto* const begin = reinterpret_cast<const std::byte*>(&target);
    bytes_.insert(bytes_.end(), begin, begin + sizeof(target));
    for (const char c : device.parameters) bytes_.push_back(static_cast<std::byte>(c));
    bytes_.push_back(std::byte{0});
    Header().target_count = 1;
    Header().data_size = static_cast<std::uint32_t>(bytes_.size());
  }

  dm_ioctl& Header() { return *reinterpret_cast<dm_ioctl*>(bytes_.data()); }

 private:
  std::vector<std::byte> bytes_;
};

base::Result<> Issue(const base::UniqueFd& control, unsigned long command, Request& request,
                     std::string_view what) {
  if (ioctl(control.get(), command, &request.Header()) != 0)
    return base::FailErrno(errno, fmt::format("device mapper: {}", what));
  return {};
}

}  // namespace

base::Result<MappedDevice> ParseMappedDevice(std::string_view text,
                                             const ResolvePartition& resolve) {
  std::string_view rest = text;
  MappedDevice device;
  device.name = Take(rest, ',');
  Take(rest, ',');  // UUID: the root file system needs none
  Take(rest, ',');  // minor: the kernel's choice
  if (device.name.empty() || Take(rest, ',') != "ro")
    return Fail(ErrorCode::kMalformed,
                fmt::format("\"{}\" is not \"NAME,,,ro,START SECTORS TARGET PARAMETERS\"", text));
  device.start_sector = TRY(ParseNumber<std::uint64_t>(Take(rest, ' ')));
  device.sector_count = TRY(ParseNumber<std::uint64_t>(Take(rest, ' ')));
  device.target = Take(rest, ' ');
  device.parameters = TRY(ResolveWords(rest, resolve));
  return device;
}

base::Result<std::string> CreateMappedDevice(const MappedDevice& device) {
  const base::UniqueFd control = TRY(base::OpenFile("/dev/mapper/control", O_RDWR));
  Request create(device.name);
  TRY(Issue(control, DM_DEV_CREATE, create, "create"));
  Request load(device.name);
  load.AddTarget(device);
  TRY(Issue(control, DM_TABLE_LOAD, load, device.target + " " + device.parameters));
  Request resume(device.name);  // without DM_SUSPEND_FLAG this request resumes
  TRY(Issue(control, DM_DEV_SUSPEND, resume, "resume"));
  return fmt::format("/dev/dm-{}", minor(static_cast<dev_t>(resume.Header().dev)));
}

}  // namespace ramdisk
