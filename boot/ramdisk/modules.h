// Kernel modules from the RAM disk, in the order of a list.
#pragma once

#include <string>

#include "base/result.h"

namespace ramdisk {

// Loads what `DIRECTORY/order` names, one module a line: its file in the same directory, and after
// a space its parameters. A module that the kernel has already is passed over; one that it refuses
// is an error, unless its line begins with "-" (a device or service that may be missing): that is
// said on stderr and survived.
base::Result<> LoadModules(const std::string& directory);

}  // namespace ramdisk
