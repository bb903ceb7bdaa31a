// The disk that the selector was started from, and its partitions, as UEFI shows them.
//
// Freestanding.
#pragma once

#include "boot/selector/efi.h"
#include "boot/selector/outcome.h"
#include "boot/selector/pool.h"
#include "partitions/block_device.h"
#include "partitions/guid.h"

namespace selector {

class UefiDisk final : public partitions::BlockDevice {
 public:
  explicit UefiDisk(efi::BootServices& services) : services_(services), handles_(services) {}

  // The disk under `image_device`, the partition that holds the selector.
  Outcome Open(efi::Handle image_device);

  // The handle of the GPT partition with this unique GUID; null if the firmware shows none.
  efi::Handle FindPartition(const partitions::Guid& unique);

  uint32_t sector_bytes() const override { return block_io_->media->block_size; }
  uint64_t sector_count() const override { return block_io_->media->last_block + 1; }
  partitions::IoStatus Read(uint64_t lba, uint32_t count, uint8_t* to) override;
  partitions::IoStatus Write(uint64_t lba, uint32_t count, const uint8_t* from) override;
  partitions::IoStatus Flush() override;

 private:
  const uint8_t* PathOf(efi::Handle handle);

  efi::BootServices& services_;
  Pool handles_;  // all handles that are block devices
  const uint8_t* path_ = nullptr;
  size_t path_bytes_ = 0;
  efi::BlockIo* block_io_ = nullptr;
};

}  // namespace selector
