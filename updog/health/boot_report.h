// The verdict on a boot: taken once, written down, and acted on.
//
//   RecordThisStart   first of all: accounts for the boots before this one in the history
//   ConfirmBoot       the boot is good: signpost mark-successful-boot, and the history says so
//   GiveUpBoot        the boot is bad: the history says why; a version on trial is not tried again
//
// The history never stands in the way: where it cannot be read or written, that is logged, and the
// flags are still set.
#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "signpost/signpost.h"
#include "updog/config.h"
#include "updog/health/evidence.h"

namespace updog {

struct BootContext {
  signpost::Signpost signpost;
  std::string state_dir;
  OsRelease os_release;
  EvidenceSources evidence;
};

base::Result<> RecordThisStart(BootContext& context, base::Time now);
base::Result<> ConfirmBoot(BootContext& context, base::Time now);
// Does not reboot; the caller does, whatever the result is.
base::Result<> GiveUpBoot(BootContext& context, const std::string& reason, base::Time now);

}  // namespace updog
