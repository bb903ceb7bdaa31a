#include "boot/selector/ram_disk.h"

namespace selector {
namespace {

// A vendor-defined media node (UEFI 10.3.5.3) with Linux's GUID, and the end node.
struct InitrdPath {
  efi::DevicePath vendor_node;
  efi::Guid guid;
  efi::DevicePath end_node;
};
constexpr InitrdPath kInitrdPath = {
    .vendor_node = {.type = 4, .subtype = 3, .length = {20, 0}},
    .guid = {0x5568e427, 0x68fc, 0x4f3d, {0xac, 0x74, 0xca, 0x55, 0x52, 0x31, 0xcc, 0x68}},
    .end_node = {.type = 0x7f, .subtype = 0xff, .length = {4, 0}},
};
static_assert(sizeof(InitrdPath) == 24, "device paths are packed");

}  // namespace

Outcome RamDisk::Offer(const void* bytes, size_t size_bytes) {
  Withdraw();
  provider_ = {.protocol = {.load_file = Load},
               .services = &services_,
               .bytes = bytes,
               .size_bytes = size_bytes};
  efi::Status status = services_.install_protocol_interface(&handle_, &efi::kDevicePathGuid,
                                                            efi::InterfaceType::kNative,
                                                            const_cast<InitrdPath*>(&kInitrdPath));
  if (efi::IsError(status)) {
    handle_ = nullptr;
    return Outcome::Failed("the firmware does not take the RAM disk's path");
  }
  status = services_.install_protocol_interface(&handle_, &efi::kLoadFile2Guid,
                                                efi::InterfaceType::kNative, &provider_.protocol);
  if (efi::IsError(status)) return Outcome::Failed("the firmware does not take the RAM disk");
  return Outcome::Done();
}

void RamDisk::Withdraw() {
  if (handle_ == nullptr) return;
  services_.uninstall_protocol_interface(handle_, &efi::kLoadFile2Guid, &provider_.protocol);
  services_.uninstall_protocol_interface(handle_, &efi::kDevicePathGuid,
                                         const_cast<InitrdPath*>(&kInitrdPath));
  handle_ = nullptr;
}

// UEFI 13.2.1: a first call without a buffer asks for the size.
efi::Status RamDisk::Load(efi::LoadFile2* self, const efi::DevicePath* /*file_path*/,
                          bool boot_policy, uintptr_t* size_bytes, void* buffer) {
  if (boot_policy) return efi::kUnsupported;
  if (self == nullptr || size_bytes == nullptr) return efi::kInvalidParameter;
  const auto* const provider = reinterpret_cast<const Provider*>(self);
  const bool fits = buffer != nullptr && *size_bytes >= provider->size_bytes;
  *size_bytes = provider->size_bytes;
  if (!fits) return efi::kBufferTooSmall;
  provider->services->copy_memory(buffer, provider->bytes, provider->size_bytes);
  return efi::kSuccess;
}

}  // namespace selector
