// The boot decision: repair the table, choose a set, take a try, start it.
//
//   1. The partition table is read, and its two copies are reconciled (gpt_transaction.h).
//   2. partitions::SelectSlot, the rule that signpost uses too, chooses a set by the flags.
//   3. A try is taken off that set, on the disk and flushed, before anything of it is read: a start
//      that hangs has been counted.
//   4. Kernel, RAM disk and command line are loaded and started.
//   5. What cannot be loaded or started is out for this boot: back to 2 with the other set, if that
//      one will boot by its own flags. A cleared set is never started.
//
// In doubt the set that last worked is started. So where a try cannot be written, only a set that
// was successful before is started: a version on trial whose tries cannot be counted might be
// started for ever.
//
// Every decision is one line on the console and in the boot log (boot/boot_log.h).
//
// Freestanding. Comes back only where no set could be started.
#pragma once

#include "boot/selector/firmware.h"
#include "partitions/gpt_transaction.h"

namespace selector {

void StartASet(Firmware& firmware, partitions::TableStorage& storage);

}  // namespace selector
