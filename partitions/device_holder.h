// Who keeps a block device from being opened for one writer alone.
#pragma once

#include <sys/types.h>

#include <string>

namespace partitions {

// For the end of a message: " (mounted at /boot)", " (held by vroot)", or nothing where the system
// does not tell. Reads /proc/self/mountinfo and sysfs.
std::string DescribeHolder(dev_t device);

}  // namespace partitions
