#include "boot/ramdisk/modules.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>

#include "base/fd.h"

namespace ramdisk {
namespace {

base::Result<> LoadModule(const std::string& path, const std::string& parameters) {
  const base::UniqueFd file = TRY(base::OpenFile(path, O_RDONLY));
  // glibc has no wrapper.
  if (syscall(SYS_finit_module, file.get(), parameters.c_str(), 0) != 0 && errno != EEXIST)
    return base::FailErrno(errno, fmt::format("module {}", path));
  return {};
}

}  // namespace

base::Result<> LoadModules(const std::string& directory) {
  std::ifstream order(directory + "/order");
  if (!order) return base::FailErrno(ENOENT, directory + "/order");
  for (std::string line; std::getline(order, line);) {
    const bool optional = line.starts_with('-');
    if (optional) line.erase(0, 1);
    const std::size_t space = std::min(line.find(' '), line.size());
    const std::string parameters = space < line.size() ? line.substr(space + 1) : "";
    const base::Result<> loaded = LoadModule(directory + "/" + line.substr(0, space), parameters);
    if (loaded) continue;
    if (!optional) return loaded;
    fmt::print(stderr, "updog ramdisk: {}\n", loaded.error().message());
  }
  return {};
}

}  // namespace ramdisk
