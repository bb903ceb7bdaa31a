#include "tests/support/loopback_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <list>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/fd.h"

namespace test {
namespace {

struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslDeleter>;
using Ssl = std::unique_ptr<SSL, SslDeleter>;

// What a test cannot go on without.
void Require(bool holds, std::string_view what) {
  if (holds) return;
  std::cerr << "loopback server: " << what << "\n";
  std::abort();
}

sockaddr_in LoopbackAddress(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

base::UniqueFd ConnectTo(int port) {
  base::UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = LoopbackAddress(port);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (connect(fd.get(), generic, sizeof address) != 0) return {};
  return fd;
}

// Passes what is there from one socket to the other; false at the end.
bool Pass(int from, int to) {
  std::array<char, 16384> buffer{};
  const ssize_t count = recv(from, buffer.data(), buffer.size(), 0);
  return count > 0 && send(to, buffer.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL) > 0;
}

class Socket final : public Connection {
 public:
  Socket(base::UniqueFd fd, SSL_CTX* context) : fd_(std::move(fd)) {
    const int on = 1;
    setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (context == nullptr) return;
    ssl_.reset(SSL_new(context));
    SSL_set_fd(ssl_.get(), fd_.get());
    usable_ = SSL_accept(ssl_.get()) == 1;
  }

  bool Send(std::string_view bytes) override {
    while (usable_ && !bytes.empty()) {
      const ssize_t count =
          ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
               : send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      usable_ = count > 0;
      if (usable_) bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return usable_;
  }
  void Stall() override { Wait(std::chrono::milliseconds(-1)); }
  void Wait(std::chrono::milliseconds time) override {
    pollfd wait{.fd = fd_.get(), .events = POLLRDHUP, .revents = 0};
    if (poll(&wait, 1, static_cast<int>(time.count())) != 0) usable_ = false;
  }
  void CloseAfterwards() override { usable_ = false; }
  void TunnelTo(int port) override {
    const base::UniqueFd other = ConnectTo(port);
    for (bool open = other.valid(); open;) {
      std::array<pollfd, 2> wait = {pollfd{.fd = fd_.get(), .events = POLLIN, .revents = 0},
                                    pollfd{.fd = other.get(), .events = POLLIN, .revents = 0}};
      poll(wait.data(), wait.size(), -1);
      if (wait[0].revents != 0) open = Pass(fd_.get(), other.get());
      if (open && wait[1].revents != 0) open = Pass(other.get(), fd_.get());
    }
    usable_ = false;
  }

  // The next request, or nothing at the end.
  std::optional<RecordedRequest> Receive();
  int fd() const { return fd_.get(); }

 private:
  std::optional<std::string> ReceiveHead();

  base::UniqueFd fd_;
  Ssl ssl_;
  bool usable_ = true;
  std::string pending_;
};

std::optional<std::string> Socket::ReceiveHead() {
  for (;;) {
    if (const std::size_t end = pending_.find("\r\n\r\n"); end != std::string::npos) {
      std::string head = pending_.substr(0, end + 2);
      pending_.erase(0, end + 4);
      return head;
    }
    std::array<char, 4096> buffer{};
    const ssize_t count = ssl_ ? SSL_read(ssl_.get(), buffer.data(), buffer.size())
                               : recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0) return std::nullopt;
    pending_.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

std::optional<RecordedRequest> Socket::Receive() {
  if (!usable_) return std::nullopt;
  const std::optional<std::string> head = ReceiveHead();
  if (!head) return std::nullopt;
  RecordedRequest request;
  const std::size_t method_end = head->find(' ');
  const std::size_t target_end = head->find(' ', method_end + 1);
  request.method = head->substr(0, method_end);
  request.target = head->substr(method_end + 1, target_end - method_end - 1);
  std::size_t line = head->find("\r\n") + 2;
  for (std::size_t end = 0; (end = head->find("\r\n", line)) != std::string::npos; line = end + 2) {
    const std::size_t colon = head->find(": ", line);
    if (colon > end) continue;
    std::string name = head->substr(line, colon - line);
    std::ranges::transform(name, name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    request.headers[name] = head->substr(colon + 2, end - colon - 2);
  }
  return request;
}

SslContext MakeContext(const TlsFiles& tls) {
  SslContext context(SSL_CTX_new(TLS_server_method()));
  Require(SSL_CTX_use_certificate_chain_file(context.get(), tls.certificate.c_str()) == 1,
          "certificate");
  Require(SSL_CTX_use_PrivateKey_file(context.get(), tls.key.c_str(), SSL_FILETYPE_PEM) == 1,
          "key");
  if (!tls.client_ca.empty()) {
    Require(SSL_CTX_load_verify_locations(context.get(), tls.client_ca.c_str(), nullptr) == 1,
            "CA");
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

std::string Head(int status, std::size_t length, const std::vector<std::string>& header_lines) {
  std::string head = fmt::format("HTTP/1.1 {} Scripted\r\nContent-Length: {}\r\n", status, length);
  for (const std::string& line : header_lines) head.append(line).append("\r\n");
  return head.append("\r\n");
}

}  // namespace

std::string RecordedRequest::Header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

Handler Answer(int status, const std::string& body, const std::vector<std::string>& header_lines) {
  return [=](const RecordedRequest&, Connection& connection) {
    connection.Send(Head(status, body.size(), header_lines) + body);
  };
}

Handler RedirectTo(const std::string& url, int status) {
  return Answer(status, "", {"Location: " + url});
}

Handler ServeFile(const std::string& body, const std::string& etag) {
  return [=](const RecordedRequest& request, Connection& connection) {
    const std::string tag = "ETag: " + etag;
    const std::string range = request.Header("range");
    if (!range.starts_with("bytes=") || request.Header("if-range") != etag) {
      connection.Send(Head(200, body.size(), {tag}) + body);
      return;
    }
    const std::size_t first = std::stoul(range.substr(6));
    const std::string content_range =
        fmt::format("Content-Range: bytes {}-{}/{}", first, body.size() - 1, body.size());
    connection.Send(Head(206, body.size() - first, {tag, content_range}) + body.substr(first));
  };
}

Handler Raw(const std::string& bytes) {
  return [=](const RecordedRequest&, Connection& connection) {
    connection.Send(bytes);
    connection.CloseAfterwards();
  };
}

Handler RawThenStall(const std::string& bytes) {
  return [=](const RecordedRequest&, Connection& connection) {
    connection.Send(bytes);
    connection.Stall();
  };
}

Handler RawThenForEver(const std::string& bytes, const std::string& piece) {
  return [=](const RecordedRequest&, Connection& connection) {
    for (bool open = connection.Send(bytes); open;) open = connection.Send(piece);
  };
}

Handler CloseAfter(const std::string& body, std::size_t count, const std::string& etag) {
  return Raw(Head(200, body.size(), {"ETag: " + etag}) + body.substr(0, count));
}

class LoopbackServer::State {
 public:
  explicit State(SslContext context) : context_(std::move(context)) {
    // OpenSSL writes without MSG_NOSIGNAL, and clients of tests go away in the middle.
    (void)std::signal(SIGPIPE, SIG_IGN);
    listener_ = base::UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = LoopbackAddress(0);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    Require(bind(listener_.get(), generic, size) == 0, "bind");
    Require(listen(listener_.get(), 64) == 0, "listen");
    Require(getsockname(listener_.get(), generic, &size) == 0, "getsockname");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { AcceptAll(); });
  }

  ~State() {
    ending_ = true;
    shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();
    {
      // Wakes whatever a connection's thread waits for.
      const std::lock_guard lock(mutex_);
      for (const int fd : open_fds_) shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
  }

  bool secure() const { return context_ != nullptr; }
  int port() const { return port_; }

  void On(const std::string& path, std::vector<Handler> handlers) {
    const std::lock_guard lock(mutex_);
    handlers_[path] = std::move(handlers);
  }
  void Otherwise(Handler handler) {
    const std::lock_guard lock(mutex_);
    otherwise_ = std::move(handler);
  }
  void ForgetHandlers() {
    const std::lock_guard lock(mutex_);
    handlers_.clear();
    otherwise_ = Answer(404);
  }
  std::vector<RecordedRequest> Requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  int Connections() const {
    const std::lock_guard lock(mutex_);
    return connections_;
  }
  void Forget() {
    const std::lock_guard lock(mutex_);
    requests_.clear();
    connections_ = 0;
  }

 private:
  void AcceptAll() {
    while (!ending_) {
      base::UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!fd.valid()) continue;
      const std::lock_guard lock(mutex_);
      ++connections_;
      const int number = fd.get();
      open_fds_.push_back(number);
      threads_.emplace_back([this, fd = std::move(fd)]() mutable { Serve(std::move(fd)); });
    }
  }

  void Serve(base::UniqueFd fd) {
    const int number = fd.get();
    {
      Socket socket(std::move(fd), context_.get());
      while (const std::optional<RecordedRequest> request = socket.Receive()) {
        const Handler handler = Record(*request);
        handler(*request, socket);
      }
      // Under the lock, so that the destructor never shuts a number down that is somebody else's.
      const std::lock_guard lock(mutex_);
      open_fds_.remove(number);
    }
  }

  Handler Record(const RecordedRequest& request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    const bool connect = request.method == "CONNECT";
    const auto found =
        handlers_.find(connect ? "CONNECT" : request.target.substr(0, request.target.find('?')));
    if (found == handlers_.end()) return otherwise_;
    Handler handler = found->second.front();
    if (found->second.size() > 1) found->second.erase(found->second.begin());
    return handler;
  }

  SslContext context_;
  base::UniqueFd listener_;
  int port_ = 0;
  std::atomic<bool> ending_ = false;
  std::thread acceptor_;
  mutable std::mutex mutex_;  // all that follows
  std::list<std::thread> threads_;
  std::list<int> open_fds_;
  std::map<std::string, std::vector<Handler>> handlers_;
  Handler otherwise_ = Answer(404);
  std::vector<RecordedRequest> requests_;
  int connections_ = 0;
};

LoopbackServer::LoopbackServer() : state_(std::make_unique<State>(nullptr)) {}
LoopbackServer::LoopbackServer(const TlsFiles& tls)
    : state_(std::make_unique<State>(MakeContext(tls))) {}
LoopbackServer::~LoopbackServer() = default;

std::string LoopbackServer::Url(const std::string& target) const {
  return fmt::format("{}://127.0.0.1:{}{}", state_->secure() ? "https" : "http", port(), target);
}
int LoopbackServer::port() const {
  return state_->port();
}
void LoopbackServer::On(const std::string& path, Handler handler) {
  state_->On(path, {std::move(handler)});
}
void LoopbackServer::On(const std::string& path, std::vector<Handler> handlers) {
  state_->On(path, std::move(handlers));
}
void LoopbackServer::Otherwise(Handler handler) {
  state_->Otherwise(std::move(handler));
}
void LoopbackServer::ForgetHandlers() {
  state_->ForgetHandlers();
}
std::vector<RecordedRequest> LoopbackServer::Requests() const {
  return state_->Requests();
}
std::vector<std::string> LoopbackServer::Targets() const {
  std::vector<std::string> targets;
  for (const RecordedRequest& request : Requests()) targets.push_back(request.target);
  return targets;
}
int LoopbackServer::Connections() const {
  return state_->Connections();
}
void LoopbackServer::Forget() {
  state_->Forget();
}

}  // namespace test
