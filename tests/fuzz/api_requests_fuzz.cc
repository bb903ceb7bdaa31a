// What clients send to the API server, through the library that reads it. Input: what comes on one
// connection, with a record separator (0x1e) where the server runs in between. Whatever it is, the
// routes see whole requests under the caps, and the next client is answered.
// Dictionary: api_requests.dict
#include <sys/socket.h>

#include <array>
#include <string>

#include "api/http_server.h"
#include "api/unix_socket.h"
#include "base/fd.h"
#include "tests/fuzz/fuzz.h"

namespace {

constexpr std::size_t kHeaderBytes = 2048;
constexpr std::size_t kBodyBytes = 64;

// A socket at an address of the kernel's choosing.
struct Listener {
  base::UniqueFd fd{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  socklen_t size = sizeof(sa_family_t);

  Listener() {
    fuzz::Check(bind(fd.get(), api::AsSockaddr(address), size) == 0 && listen(fd.get(), 8) == 0,
                "there is a socket");
    size = sizeof address;
    (void)getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
  }
};

class Server {
 public:
  Server() {
    Listener listener;
    address_ = listener.address;
    size_ = listener.size;
    auto http = api::HttpServer::Create(
        std::move(listener.fd), {.header_bytes = kHeaderBytes, .body_bytes = kBodyBytes},
        [](const api::Request& request) { return Answer(request); });
    fuzz::Check(http.has_value(), "there is a server");
    http_ = *std::move(http);
  }

  base::UniqueFd Connect() const {
    base::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    fuzz::Check(connect(fd.get(), api::AsSockaddr(address_), size_) == 0, "one can connect");
    return fd;
  }
  void Say(const base::UniqueFd& fd, std::string_view text) {
    (void)send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
    for (int turn = 0; turn < 4; ++turn) http_->Run(api::HttpServer::Instant());
  }

 private:
  static api::Response Answer(const api::Request& request) {
    fuzz::Check(request.path.size() <= kHeaderBytes && request.body.size() <= kBodyBytes,
                "the caps are kept");
    return {.status = 200, .body = request.body};
  }

  sockaddr_un address_{};
  socklen_t size_ = 0;
  std::unique_ptr<api::HttpServer> http_;
};

}  // namespace

void fuzz::Run(std::string_view input) {
  Server server;
  const base::UniqueFd fd = server.Connect();
  while (!input.empty()) {
    const std::size_t end = input.find('\x1e');
    server.Say(fd, input.substr(0, end));
    input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
  }

  const base::UniqueFd next = server.Connect();
  server.Say(next, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  std::array<char, 1024> answer{};
  const ssize_t size = recv(next.get(), answer.data(), answer.size(), 0);
  Check(size > 0 && std::string_view(answer.data(), static_cast<std::size_t>(size))
                        .starts_with("HTTP/1.1 200"),
        "the next client is answered");
}
