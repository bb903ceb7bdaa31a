// Connecting to a Unix socket.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace api {

// kUsage for a path that is longer than the kernel takes (107 bytes). A leading '@' stands for the
// abstract name space.
base::Result<sockaddr_un> UnixSocketAddress(const std::string& path);

inline const sockaddr* AsSockaddr(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

// A blocking stream socket, on which nothing is waited for longer than 60 s; the error names the
// path. kNotFound where nothing is there, kNetwork where nobody listens, kBusy where a server takes
// no connection in that time.
base::Result<base::UniqueFd> ConnectUnixSocket(const std::string& path);

}  // namespace api
