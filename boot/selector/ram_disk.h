// Hands a RAM disk in memory to the Linux kernel: the LoadFile2 protocol on a device path that the
// kernel's EFI stub asks for (LINUX_EFI_INITRD_MEDIA_GUID), on every architecture.
//
// Freestanding.
#pragma once

#include <stddef.h>

#include "boot/selector/efi.h"
#include "boot/selector/outcome.h"

namespace selector {

class RamDisk {
 public:
  explicit RamDisk(efi::BootServices& services) : services_(services) {}
  RamDisk(const RamDisk&) = delete;
  RamDisk& operator=(const RamDisk&) = delete;
  ~RamDisk() { Withdraw(); }

  // Offers `bytes`, which stay the caller's, until Withdraw or destruction. Replaces an earlier
  // offer.
  Outcome Offer(const void* bytes, size_t size_bytes);
  void Withdraw();

 private:
  // What the kernel calls: the protocol, and behind it what the call needs.
  struct Provider {
    efi::LoadFile2 protocol;
    efi::BootServices* services;
    const void* bytes;
    size_t size_bytes;
  };
  static efi::Status Load(efi::LoadFile2* self, const efi::DevicePath* file_path, bool boot_policy,
                          uintptr_t* size_bytes, void* buffer);

  efi::BootServices& services_;
  efi::Handle handle_ = nullptr;
  Provider provider_ = {};
};

}  // namespace selector
