#include "api/listener.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <expected>

#include "api/unix_socket.h"

namespace api {
namespace {

using base::ErrorCode;

constexpr mode_t kMode = 0660;
constexpr int kFirstHandedFd = 3;  // SD_LISTEN_FDS_START

// Nothing is there, or a socket that a server left behind. Whatever else it is, is somebody's.
base::Result<> CheckIsFree(const std::string& path) {
  struct stat status{};
  if (lstat(path.c_str(), &status) != 0) {
    return errno == ENOENT ? base::Result<>() : base::FailErrno(errno, path);
  }
  if (!S_ISSOCK(status.st_mode)) {
    return base::Fail(ErrorCode::kUsage,
                      fmt::format("{}: something is there, and it is no socket", path));
  }
  const auto answer = ConnectUnixSocket(path);
  if (answer) return base::Fail(ErrorCode::kBusy, fmt::format("{}: a server answers there", path));
  // A server that cannot be asked may be there all the same.
  const ErrorCode code = answer.error().code();
  if (code != ErrorCode::kNetwork && code != ErrorCode::kNotFound) {
    return std::unexpected(answer.error());
  }
  return {};
}

base::Result<> SetAccess(const std::string& path, std::optional<gid_t> group) {
  // The group first: a mode for a group that is not meant yet would let others in.
  if (group && chown(path.c_str(), static_cast<uid_t>(-1), *group) != 0) {
    return base::FailErrno(errno, fmt::format("{}: group {}", path, *group));
  }
  if (chmod(path.c_str(), kMode) != 0) return base::FailErrno(errno, path);
  return {};
}

base::Result<> PutInPlace(int fd, const std::string& temporary, const std::string& path,
                          std::optional<gid_t> group) {
  TRY(SetAccess(temporary, group));
  // Before the rename: whoever sees the path can connect.
  if (listen(fd, SOMAXCONN) != 0) return base::FailErrno(errno, path);
  if (std::rename(temporary.c_str(), path.c_str()) != 0) return base::FailErrno(errno, path);
  return {};
}

base::Result<int> SocketOption(int fd, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  if (getsockopt(fd, SOL_SOCKET, option, &value, &size) != 0) {
    return base::FailErrno(errno, "the socket from systemd");
  }
  return value;
}

base::Result<> CheckListens(int fd) {
  const bool fits = TRY(SocketOption(fd, SO_DOMAIN)) == AF_UNIX &&
                    TRY(SocketOption(fd, SO_TYPE)) == SOCK_STREAM &&
                    TRY(SocketOption(fd, SO_ACCEPTCONN)) != 0;
  if (fits) return {};
  return base::Fail(ErrorCode::kUsage,
                    "the socket from systemd is not a Unix stream socket that listens");
}

}  // namespace

base::Result<base::UniqueFd> MakeListener(const std::string& path, std::optional<gid_t> group) {
  TRY(CheckIsFree(path));
  const std::string temporary = fmt::format("{}.{}", path, getpid());
  const sockaddr_un address = TRY(UnixSocketAddress(temporary));
  base::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return base::FailErrno(errno, "socket");
  (void)unlink(temporary.c_str());
  // Nobody connects before listen(), whatever the mode is until then.
  if (bind(fd.get(), AsSockaddr(address), sizeof address) != 0) {
    return base::FailErrno(errno, path);
  }
  auto placed = PutInPlace(fd.get(), temporary, path, group);
  if (!placed) {
    (void)unlink(temporary.c_str());
    return std::unexpected(std::move(placed).error());
  }
  return fd;
}

base::Result<std::optional<base::UniqueFd>> TakeListener(std::string_view pid,
                                                         std::string_view count) {
  if (pid != std::to_string(getpid()) || count.empty()) return std::nullopt;
  if (count != "1") {
    return base::Fail(ErrorCode::kUsage,
                      fmt::format("systemd handed over {} sockets instead of one", count));
  }
  base::UniqueFd fd(kFirstHandedFd);
  TRY(CheckListens(fd.get()));
  // Not for the programs that an action runs.
  const int flags = fcntl(fd.get(), F_GETFL);
  if (fcntl(fd.get(), F_SETFD, FD_CLOEXEC) != 0 || flags < 0 ||
      fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return base::FailErrno(errno, "the socket from systemd");
  }
  return fd;
}

}  // namespace api
