#include "boot/init/network.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <net/if.h>
#include <net/route.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <sstream>

#include "base/fd.h"

namespace init {
namespace {

using base::ErrorCode;
using base::Fail;

base::Result<in_addr> ParseAddress(const std::string& text) {
  in_addr address = {};
  if (inet_pton(AF_INET, text.c_str(), &address) != 1)
    return Fail(ErrorCode::kMalformed, fmt::format("\"{}\" is not an IPv4 address", text));
  return address;
}

base::Result<in_addr> ParsePrefix(std::string_view text) {
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
  if (error != std::errc() || end != text.data() + text.size() || bits < 1 || bits > 32)
    return Fail(ErrorCode::kMalformed, fmt::format("\"/{}\" is not a prefix length", text));
  return in_addr{.s_addr = htonl(~std::uint32_t{0} << (32 - bits))};
}

sockaddr SocketAddress(in_addr address) {
  sockaddr_in internet = {};
  internet.sin_family = AF_INET;
  internet.sin_addr = address;
  sockaddr result = {};
  static_assert(sizeof(result) == sizeof(internet));
  std::memcpy(&result, &internet, sizeof(result));
  return result;
}

ifreq RequestFor(const std::string& interface) {
  ifreq request = {};
  std::copy_n(interface.data(), std::min(interface.size(), sizeof(request.ifr_name) - 1),
              request.ifr_name);
  return request;
}

base::Result<base::UniqueFd> OpenSocket() {
  base::UniqueFd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return base::FailErrno(errno, "socket");
  return fd;
}

base::Result<> Issue(const base::UniqueFd& socket, unsigned long command, void* request,
                     std::string_view what) {
  if (ioctl(socket.get(), command, request) != 0) return base::FailErrno(errno, what);
  return {};
}

base::Result<> SetUp(const base::UniqueFd& socket, const std::string& interface) {
  ifreq request = RequestFor(interface);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  return Issue(socket, SIOCSIFFLAGS, &request, interface + ": up");
}

}  // namespace

base::Result<Network> ParseNetwork(std::string_view line) {
  std::istringstream words{std::string(line)};
  std::string interface;
  std::string address;
  std::string gateway;
  std::string nameserver;
  if (!(words >> interface >> address >> gateway >> nameserver))
    return Fail(ErrorCode::kMalformed,
                "network: not \"INTERFACE ADDRESS/PREFIX GATEWAY NAMESERVER\"");
  const std::size_t slash = std::min(address.find('/'), address.size());
  Network network;
  network.interface = interface;
  network.address = TRY(ParseAddress(address.substr(0, slash)));
  network.netmask =
      TRY(ParsePrefix(std::string_view(address).substr(std::min(slash + 1, address.size()))));
  network.gateway = TRY(ParseAddress(gateway));
  network.nameserver = nameserver;
  return network;
}

base::Result<> BringUpLoopback() {
  return SetUp(TRY(OpenSocket()), "lo");
}

base::Result<> BringUp(const Network& network) {
  const base::UniqueFd socket = TRY(OpenSocket());
  ifreq request = RequestFor(network.interface);
  request.ifr_addr = SocketAddress(network.address);
  TRY(Issue(socket, SIOCSIFADDR, &request, network.interface + ": address"));
  request.ifr_netmask = SocketAddress(network.netmask);
  TRY(Issue(socket, SIOCSIFNETMASK, &request, network.interface + ": netmask"));
  TRY(SetUp(socket, network.interface));
  rtentry route = {};
  route.rt_dst = SocketAddress({});
  route.rt_genmask = SocketAddress({});
  route.rt_gateway = SocketAddress(network.gateway);
  route.rt_flags = RTF_UP | RTF_GATEWAY;
  return Issue(socket, SIOCADDRT, &route, network.interface + ": default route");
}

}  // namespace init
