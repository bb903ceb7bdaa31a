// The kernel's command line, from the file "cmdline" of a boot partition.
//
// Freestanding. Pure functions.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "boot/selector/outcome.h"

namespace selector {

// Stands for the unique GUID of the boot partition that the file lies on: root and hash are found
// from it, and user space learns which set was started.
constexpr char kBootPartitionPlaceholder[] = "@BOOT_PARTUUID@";

// What the kernel takes (COMMAND_LINE_SIZE on x86), its NUL included.
constexpr size_t kMaxCommandLine = 2048;

struct CommandLine {
  size_t length = 0;  // without the NUL
  char16_t text[kMaxCommandLine] = {};
};

// `file` with every placeholder replaced by `partuuid`, as UTF-16 with a NUL. The file is one line
// of printable ASCII; line feeds at its end are dropped.
Outcome MakeCommandLine(const char* file, size_t size_bytes, const char* partuuid,
                        CommandLine& line);

}  // namespace selector
