// What a distribution does for its systemd, and ours in the test image has nobody for: a writable
// /etc, and the network.
#include <fmt/format.h>
#include <stdio.h>
#include <sys/mount.h>

#include <cerrno>

#include "base/result.h"
#include "boot/init/setup.h"

namespace {

base::Result<> SetUp() {
  if (mount("tmpfs", "/etc", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0) {
    return base::FailErrno(errno, "mount /etc");
  }
  TRY(init::FillEtc());
  return init::BringUpNetwork();
}

}  // namespace

int main() {
  const base::Result<> done = SetUp();
  if (!done) fmt::print(stderr, "systemd_host: {}\n", done.error().message());
  return done ? 0 : 1;
}
