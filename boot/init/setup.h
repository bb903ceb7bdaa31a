// What this host needs before its services start, and what no process 1 of a distribution does for
// it: the reference image's init calls this.
#pragma once

#include "base/result.h"

namespace init {

// /etc, an empty tmpfs, starts each boot as the image has it: nothing that was changed there
// outlives the boot.
base::Result<> FillEtc();

// The loopback interface, and the one of /usr/lib/updog/network (network.h) with its name server.
base::Result<> BringUpNetwork();

}  // namespace init
