#include "boot/selector/uefi_disk.h"

#include "boot/selector/device_path.h"

namespace selector {

using partitions::IoStatus;

const uint8_t* UefiDisk::PathOf(efi::Handle handle) {
  void* path = nullptr;
  if (efi::IsError(services_.handle_protocol(handle, &efi::kDevicePathGuid, &path))) return nullptr;
  return static_cast<const uint8_t*>(path);
}

Outcome UefiDisk::Open(efi::Handle image_device) {
  path_ = PathOf(image_device);
  path_bytes_ = path_ == nullptr ? 0 : DiskPathBytes(path_);
  if (path_bytes_ == 0) return Outcome::Failed("the selector was not started from a partition");

  // A first call without a buffer asks for the size.
  uintptr_t handles_bytes = 0;
  services_.locate_handle(efi::SearchType::kByProtocol, &efi::kBlockIoGuid, nullptr, &handles_bytes,
                          nullptr);
  if (handles_bytes == 0 || !handles_.Allocate(handles_bytes)) {
    return Outcome::Failed("the firmware shows no disks");
  }
  if (efi::IsError(services_.locate_handle(efi::SearchType::kByProtocol, &efi::kBlockIoGuid,
                                           nullptr, &handles_bytes, handles_.As<efi::Handle>()))) {
    return Outcome::Failed("the firmware does not list its disks");
  }
  for (size_t i = 0; i < handles_bytes / sizeof(efi::Handle); ++i) {
    const efi::Handle handle = handles_.As<efi::Handle>()[i];
    const uint8_t* const path = PathOf(handle);
    void* block_io = nullptr;
    if (path == nullptr || !IsDisk(path, path_, path_bytes_)) continue;
    if (efi::IsError(services_.handle_protocol(handle, &efi::kBlockIoGuid, &block_io))) continue;
    block_io_ = static_cast<efi::BlockIo*>(block_io);
    return Outcome::Done();
  }
  return Outcome::Failed("the firmware does not show the disk that the selector is on");
}

efi::Handle UefiDisk::FindPartition(const partitions::Guid& unique) {
  for (size_t i = 0; i < handles_.size_bytes() / sizeof(efi::Handle); ++i) {
    const efi::Handle handle = handles_.As<efi::Handle>()[i];
    const uint8_t* const path = PathOf(handle);
    if (path != nullptr && IsPartition(path, path_, path_bytes_, unique.bytes)) return handle;
  }
  return nullptr;
}

// The buffers of the table's code are not aligned for a device that asks for more than a byte
// (io_align): the firmware's own drivers bounce such buffers, as every boot loader relies on.
IoStatus UefiDisk::Read(uint64_t lba, uint32_t count, uint8_t* to) {
  const uintptr_t size_bytes = static_cast<uintptr_t>(count) * sector_bytes();
  return efi::IsError(
             block_io_->read_blocks(block_io_, block_io_->media->media_id, lba, size_bytes, to))
             ? IoStatus::kFailed
             : IoStatus::kDone;
}

IoStatus UefiDisk::Write(uint64_t lba, uint32_t count, const uint8_t* from) {
  const uintptr_t size_bytes = static_cast<uintptr_t>(count) * sector_bytes();
  return efi::IsError(
             block_io_->write_blocks(block_io_, block_io_->media->media_id, lba, size_bytes, from))
             ? IoStatus::kFailed
             : IoStatus::kDone;
}

IoStatus UefiDisk::Flush() {
  return efi::IsError(block_io_->flush_blocks(block_io_)) ? IoStatus::kFailed : IoStatus::kDone;
}

}  // namespace selector
