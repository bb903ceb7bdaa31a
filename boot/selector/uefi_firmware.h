// The machine that the selector runs on: its console, its disk, its way of starting an operating
// system.
//
// Freestanding.
#pragma once

#include "boot/boot_log.h"
#include "boot/selector/command_line.h"
#include "boot/selector/efi.h"
#include "boot/selector/firmware.h"
#include "boot/selector/outcome.h"
#include "boot/selector/pool.h"
#include "boot/selector/ram_disk.h"
#include "boot/selector/text.h"
#include "boot/selector/uefi_disk.h"
#include "boot/selector/volume.h"

namespace selector {

class UefiFirmware final : public Firmware {
 public:
  UefiFirmware(efi::Handle image, efi::SystemTable& system);
  UefiFirmware(const UefiFirmware&) = delete;
  UefiFirmware& operator=(const UefiFirmware&) = delete;
  ~UefiFirmware() { Unload(); }

  // Finds the disk that the selector was started from. First of all.
  Outcome Open();

  partitions::BlockDevice& Disk() override { return disk_; }
  void Say(const char* line) override;
  Outcome Load(const partitions::Guid& boot_partition) override;
  Outcome Start() override;

  // Says so, waits and resets. Does not come back.
  [[noreturn]] void Reset();

 private:
  void Unload();
  Outcome LoadCommandLine(Volume& volume, const partitions::Guid& boot_partition);
  Outcome LoadKernel(Volume& volume);
  void PublishLog();

  efi::Handle image_;
  efi::SystemTable& system_;
  efi::BootServices& services_;
  UefiDisk disk_;
  Text<boot::kBootLogMaxBytes> log_;

  efi::Handle kernel_image_ = nullptr;
  Pool command_line_;
  Pool ram_disk_bytes_;
  RamDisk ram_disk_;
};

}  // namespace selector
