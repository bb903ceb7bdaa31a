#include "boot/selector/device_path.h"

namespace selector {
namespace {

// UEFI 10.3.1, 10.3.5.1
constexpr uint8_t kTypeMedia = 4;
constexpr uint8_t kSubtypeHardDrive = 1;
constexpr uint8_t kTypeEnd = 0x7f;
constexpr size_t kHeaderBytes = 4;
constexpr size_t kHardDriveBytes = 42;
constexpr size_t kSignatureOffset = 24;
constexpr size_t kSignatureTypeOffset = 41;
constexpr uint8_t kSignatureTypeGuid = 2;

size_t NodeBytes(const uint8_t* node) {
  return static_cast<size_t>(node[2] | node[3] << 8);
}

bool IsEnd(const uint8_t* node) {
  return node[0] == kTypeEnd;
}

bool IsHardDrive(const uint8_t* node) {
  return node[0] == kTypeMedia && node[1] == kSubtypeHardDrive &&
         NodeBytes(node) == kHardDriveBytes;
}

// Stops at the first difference: a path that ends earlier differs there, and is not read beyond.
bool SameBytes(const uint8_t* a, const uint8_t* b, size_t size_bytes) {
  for (size_t i = 0; i < size_bytes; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

}  // namespace

size_t DiskPathBytes(const uint8_t* path) {
  size_t disk_path_bytes = 0;
  size_t offset = 0;
  while (offset < kMaxPathBytes && !IsEnd(path + offset)) {
    if (NodeBytes(path + offset) < kHeaderBytes) return 0;
    if (IsHardDrive(path + offset)) disk_path_bytes = offset;
    offset += NodeBytes(path + offset);
  }
  return disk_path_bytes;
}

bool IsDisk(const uint8_t* path, const uint8_t* disk_path, size_t disk_path_bytes) {
  return SameBytes(path, disk_path, disk_path_bytes) && IsEnd(path + disk_path_bytes);
}

bool IsPartition(const uint8_t* path, const uint8_t* disk_path, size_t disk_path_bytes,
                 const uint8_t (&unique_guid)[16]) {
  if (!SameBytes(path, disk_path, disk_path_bytes)) return false;
  const uint8_t* const node = path + disk_path_bytes;
  return IsHardDrive(node) && node[kSignatureTypeOffset] == kSignatureTypeGuid &&
         SameBytes(node + kSignatureOffset, unique_guid, sizeof(unique_guid)) &&
         IsEnd(node + kHardDriveBytes);
}

}  // namespace selector
