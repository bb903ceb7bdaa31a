// The kernel's command line, as /proc/cmdline shows it.
//
// Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ramdisk {

// The value of the last parameter `name=VALUE`, without the double quotes that let a value contain
// spaces: name="a b" or "name=a b", as the kernel reads them. Nothing after a lone "--" is ours.
std::optional<std::string> FindParameter(std::string_view command_line, std::string_view name);

}  // namespace ramdisk
