#include "boot/init/setup.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "base/bytes.h"
#include "base/file.h"
#include "boot/init/network.h"

namespace init {
namespace {

constexpr const char* kNetworkFile = "/usr/lib/updog/network";
constexpr std::uint64_t kMaxNetworkBytes = 4096;

}  // namespace

base::Result<> FillEtc() {
  std::error_code error;
  std::filesystem::copy(
      "/usr/share/factory/etc", "/etc",
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks,
      error);
  if (error) return base::FailErrno(error.value(), "filling /etc");
  return {};
}

base::Result<> BringUpNetwork() {
  TRY(BringUpLoopback());
  const Network network = TRY(ParseNetwork(TRY(base::ReadFile(kNetworkFile, kMaxNetworkBytes))));
  TRY(BringUp(network));
  return base::ReplaceFile("/etc/resolv.conf",
                           base::AsBytes(fmt::format("nameserver {}\n", network.nameserver)));
}

}  // namespace init
