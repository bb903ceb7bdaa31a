#include "boot/selector/volume.h"

#include "boot/selector/sums.h"

namespace selector {
namespace {

Outcome FileFailed(const char* name, const char* reason) {
  return Outcome::Failed(Line(name).Add(": ").Add(reason));
}

}  // namespace

void Volume::Close() {
  if (root_ != nullptr) root_->close(root_);
  root_ = nullptr;
}

Outcome Volume::Open(efi::Handle partition) {
  Close();
  // Firmware connects drivers only to what it boots from; the result does not matter, since a
  // partition without a readable file system shows in the next call.
  services_.connect_controller(partition, nullptr, nullptr, true);
  void* found = nullptr;
  if (efi::IsError(services_.handle_protocol(partition, &efi::kSimpleFileSystemGuid, &found))) {
    return Outcome::Failed("its boot partition holds no file system");
  }
  auto* const file_system = static_cast<efi::SimpleFileSystem*>(found);
  if (efi::IsError(file_system->open_volume(file_system, &root_))) {
    root_ = nullptr;
    return Outcome::Failed("the file system of its boot partition cannot be opened");
  }
  return ReadUnchecked("sums", kMaxSumsBytes, sums_);
}

Outcome Volume::Read(const char* name, Pool& content) {
  const Sum sum = FindSum(sums_.As<const char>(), sums_.size_bytes(), name);
  if (!sum.found) return FileFailed("sums", Line("no line for ").Add(name).c_str());

  const Outcome read = ReadUnchecked(name, kMaxFileBytes, content);
  if (read.failed()) return read;
  if (content.size_bytes() != sum.size_bytes) {
    Line reason;
    reason.AddNumber(content.size_bytes()).Add(" bytes instead of ").AddNumber(sum.size_bytes);
    return FileFailed(name, reason.c_str());
  }
  uint32_t crc32 = 0;
  const bool summed =
      content.size_bytes() == 0 || !efi::IsError(services_.calculate_crc32(
                                       content.As<const void>(), content.size_bytes(), &crc32));
  if (!summed || crc32 != sum.crc32) return FileFailed(name, "checksum differs");
  return Outcome::Done();
}

Outcome Volume::ReadUnchecked(const char* name, uint64_t max_bytes, Pool& content) {
  constexpr size_t kMaxName = 32;
  char16_t wide_name[kMaxName] = {};
  for (size_t i = 0; i + 1 < kMaxName && name[i] != '\0'; ++i) {
    wide_name[i] = static_cast<char16_t>(name[i]);
  }
  efi::File* file = nullptr;
  if (efi::IsError(root_->open(root_, &file, wide_name, efi::kFileModeRead, 0))) {
    return FileFailed(name, "cannot be opened");
  }
  const Outcome outcome = ReadOpened(*file, name, max_bytes, content);
  file->close(file);
  return outcome;
}

Outcome Volume::ReadOpened(efi::File& file, const char* name, uint64_t max_bytes, Pool& content) {
  // The information ends in the file's name: room for the longest, in UTF-16.
  alignas(efi::FileInfo) uint8_t buffer[sizeof(efi::FileInfo) + 2 * 256] = {};
  uintptr_t info_bytes = sizeof(buffer);
  if (efi::IsError(file.get_info(&file, &efi::kFileInfoGuid, &info_bytes, buffer))) {
    return FileFailed(name, "cannot be read");
  }
  const uint64_t file_bytes = reinterpret_cast<const efi::FileInfo*>(buffer)->file_size;
  if (file_bytes > max_bytes) return FileFailed(name, "too large");
  if (!content.Allocate(static_cast<size_t>(file_bytes))) return FileFailed(name, "no memory left");

  uintptr_t read_bytes = static_cast<uintptr_t>(file_bytes);
  const efi::Status status = file.read(&file, &read_bytes, content.As());
  if (efi::IsError(status) || read_bytes != file_bytes) return FileFailed(name, "cannot be read");
  return Outcome::Done();
}

}  // namespace selector
