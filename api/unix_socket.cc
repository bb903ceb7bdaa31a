#include "api/unix_socket.h"

#include <fmt/format.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>

namespace api {
namespace {

// Answers come at once; a server that says nothing for so long hangs.
constexpr timeval kPatience = {.tv_sec = 60, .tv_usec = 0};

std::unexpected<base::Error> ConnectFailed(int error_number, const std::string& path) {
  using base::ErrorCode;
  if (error_number == ECONNREFUSED) {
    return base::Fail(ErrorCode::kNetwork, fmt::format("{}: Connection refused", path));
  }
  if (error_number == EAGAIN) {
    return base::Fail(ErrorCode::kBusy, fmt::format("{}: the server takes no connection", path));
  }
  return base::FailErrno(error_number, path);
}

}  // namespace

base::Result<sockaddr_un> UnixSocketAddress(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // The last byte stays zero.
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return base::Fail(base::ErrorCode::kUsage,
                      fmt::format("'{}' is no path of a socket: 1 to {} bytes", path,
                                  sizeof address.sun_path - 1));
  }
  std::ranges::copy(path, &address.sun_path[0]);
  if (path.front() == '@') address.sun_path[0] = '\0';
  return address;
}

base::Result<base::UniqueFd> ConnectUnixSocket(const std::string& path) {
  const sockaddr_un address = TRY(UnixSocketAddress(path));
  base::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return base::FailErrno(errno, "socket");
  (void)setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  (void)setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  while (connect(fd.get(), AsSockaddr(address), sizeof address) != 0) {
    if (errno != EINTR) return ConnectFailed(errno, path);
  }
  return fd;
}

}  // namespace api
