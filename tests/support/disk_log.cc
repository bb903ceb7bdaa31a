#include "tests/support/disk_log.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>

#include "tests/support/disk_log_format.h"
#include "tests/support/process.h"

namespace test {
namespace {

void AddWrite(Epoch& epoch, std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t in_sector = kAtomicBytes - offset % kAtomicBytes;
    const std::size_t count = std::min(in_sector, bytes.size());
    epoch.sectors.push_back({.offset = offset, .bytes = std::string(bytes.substr(0, count))});
    offset += count;
    bytes.remove_prefix(count);
  }
  epoch.write_ends.push_back(epoch.sectors.size());
}

}  // namespace

std::vector<std::pair<std::string, std::string>> RecorderEnvironment(const std::string& disk,
                                                                     const std::string& log) {
  return {{"LD_PRELOAD", Program("tests/support/libdisk_recorder.so")},
          {"DISK_RECORDER_FILE", disk},
          {"DISK_RECORDER_LOG", log}};
}

std::vector<Epoch> ReadDiskLog(const std::string& log) {
  std::ifstream file(log, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::vector<Epoch> epochs(1);
  std::string_view rest = text;
  RecordHeader header{};
  while (rest.size() >= sizeof header) {
    std::memcpy(&header, rest.data(), sizeof header);
    rest.remove_prefix(sizeof header);
    if (header.kind == RecordKind::kFlush) {
      epochs.emplace_back();
    } else {
      AddWrite(epochs.back(), header.offset, rest.substr(0, header.length));
      rest.remove_prefix(header.length);
    }
  }
  return epochs;
}

}  // namespace test
