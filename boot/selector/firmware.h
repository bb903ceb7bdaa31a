// What the selector asks of the machine that it runs on. The real one is UefiFirmware; tests have
// one in memory.
//
// Freestanding.
#pragma once

#include "boot/selector/outcome.h"
#include "partitions/block_device.h"
#include "partitions/guid.h"

namespace selector {

class Firmware {
 public:
  // The whole disk that the selector was started from.
  virtual partitions::BlockDevice& Disk() = 0;

  // One line for the console and for the boot log.
  virtual void Say(const char* line) = 0;

  // Reads kernel, RAM disk and command line from the boot partition with this unique GUID, and
  // checks them. Nothing is started yet; what an earlier call loaded is dropped.
  virtual Outcome Load(const partitions::Guid& boot_partition) = 0;

  // Leaves the boot log to user space and starts what was loaded. Comes back only if that failed.
  virtual Outcome Start() = 0;

 protected:
  Firmware() = default;
  ~Firmware() = default;  // never owned through this interface
};

}  // namespace selector
