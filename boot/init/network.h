// One network interface with a fixed address, as the file /usr/lib/updog/network says in one line:
//
//   INTERFACE ADDRESS/PREFIX GATEWAY NAMESERVER
//   eth0 10.0.2.15/24 10.0.2.2 10.0.2.3
//
// The reference image's network is that of QEMU's user mode, which is always the same.
#pragma once

#include <netinet/in.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace init {

struct Network {
  std::string interface;
  in_addr address = {};
  in_addr netmask = {};
  in_addr gateway = {};
  std::string nameserver;
};

base::Result<Network> ParseNetwork(std::string_view line);

// Brings the loopback interface up.
base::Result<> BringUpLoopback();
// Brings the interface up with its address and the default route.
base::Result<> BringUp(const Network& network);

}  // namespace init
