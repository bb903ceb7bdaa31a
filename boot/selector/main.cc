// The EFI boot selector: EFI/BOOT/BOOTX64.EFI (BOOTAA64.EFI) of the EFI system partition. Starts
// one of the two partition sets of the disk that it lies on; what it decides is told in start.h.
//
// Every failure ends in a message and a reset, never in a hang.
#include "boot/selector/efi.h"
#include "boot/selector/pool.h"
#include "boot/selector/start.h"
#include "boot/selector/uefi_firmware.h"

namespace {

// Should the firmware hang in what we call, it resets the machine after this. A kernel switches it
// off when it takes over.
constexpr uintptr_t kWatchdogSeconds = 120;

}  // namespace

extern "C" efi::Status efi_main(efi::Handle image, efi::SystemTable* system) {
  system->boot_services->set_watchdog_timer(kWatchdogSeconds, 0, 0, nullptr);
  selector::UefiFirmware firmware(image, *system);
  const selector::Outcome opened = firmware.Open();
  selector::Pool storage(*system->boot_services);
  if (opened.failed()) {
    firmware.Say(opened.reason());
  } else if (!storage.Allocate(sizeof(partitions::TableStorage))) {
    firmware.Say("no memory left");
  } else {
    selector::StartASet(firmware, *storage.As<partitions::TableStorage>());
  }
  firmware.Reset();
}
