#include "api/service_notifier.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>

#include "api/unix_socket.h"
#include "base/fd.h"
#include "base/log.h"

namespace api {
namespace {

base::Result<> SendDatagram(const std::string& path, std::string_view text) {
  const sockaddr_un address = TRY(UnixSocketAddress(path));
  const base::UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return base::FailErrno(errno, "socket");
  // An abstract name has no final zero: its length is told.
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  if (sendto(fd.get(), text.data(), text.size(), MSG_NOSIGNAL, AsSockaddr(address), size) < 0) {
    return base::FailErrno(errno, path);
  }
  return {};
}

}  // namespace

void ServiceNotifier::Send(std::string_view state) const {
  if (socket_path_.empty()) return;
  const auto sent = SendDatagram(socket_path_, state);
  if (!sent) base::log::Warning(fmt::format("{}: {}", state, sent.error().message()));
}

}  // namespace api
