#include "updog/health/evidence.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <vector>

#include "base/file.h"
#include "boot/boot_log.h"

namespace updog {
namespace {

constexpr std::size_t kAttributeBytes = 4;  // efivarfs puts them before the value
constexpr std::uint64_t kMaxRecordBytes = 1 << 20;
constexpr std::string_view kPanic = "Kernel panic - not syncing: ";

std::vector<std::filesystem::path> Records(const EvidenceSources& sources) {
  std::vector<std::filesystem::path> records;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(sources.pstore_dir, error))
    records.push_back(entry.path());
  std::ranges::sort(records);
  return records;
}

std::string_view LineFrom(std::string_view text, std::size_t begin) {
  return text.substr(begin, text.find('\n', begin) - begin);
}

}  // namespace

std::string ReadBootLog(const EvidenceSources& sources) {
  const std::string path =
      fmt::format("{}/{}-{}", sources.efi_variables_dir, boot::kBootLogName, boot::kBootLogGuid);
  const base::Result<std::string> value =
      base::ReadFile(path, kAttributeBytes + boot::kBootLogMaxBytes);
  if (!value || value->size() < kAttributeBytes) return {};
  return value->substr(kAttributeBytes);
}

std::optional<std::string> NotLoaded(std::string_view boot_log, partitions::Slot set) {
  const std::string prefix = fmt::format("{}{}: ", boot::kCannotStart, partitions::SlotName(set));
  for (std::size_t begin = 0; begin < boot_log.size();) {
    const std::string_view line = LineFrom(boot_log, begin);
    if (line.starts_with(prefix)) return std::string(line.substr(prefix.size()));
    begin += line.size() + 1;
  }
  return std::nullopt;
}

std::optional<std::string> ReadPanic(const EvidenceSources& sources) {
  std::optional<std::string> newest;
  for (const std::filesystem::path& record : Records(sources)) {
    const base::Result<std::string> text = base::ReadFile(record, kMaxRecordBytes);
    if (!text) continue;
    const std::size_t found = text->rfind(kPanic);
    if (found == std::string::npos) continue;
    newest = LineFrom(*text, found + kPanic.size());
  }
  return newest;
}

base::Result<> ClearPanics(const EvidenceSources& sources) {
  for (const std::filesystem::path& record : Records(sources)) {
    if (unlink(record.c_str()) != 0 && errno != ENOENT)
      return base::FailErrno(errno, record.string());
  }
  return {};
}

}  // namespace updog
