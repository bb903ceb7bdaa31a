#include "api/http_server.h"

#include <fmt/format.h>
#include <microhttpd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <string_view>
#include <utility>

#include "base/log.h"

namespace api {
namespace {

using Instant = HttpServer::Instant;
using std::chrono::milliseconds;

// Often enough for limits of some seconds.
constexpr milliseconds kSweepInterval(500);
// How far the library may run ahead before connections that were shut down are really gone.
constexpr std::size_t kSpareConnections = 64;
// Fields of a header and arguments of a query, together. Three times what a browser sends.
constexpr int kMaxFields = 64;

// What the library keeps of a connection lies in one piece of memory: the header, its fields, and
// the header of the answer. Where no room is left for that, the request was carried out and is not
// answered.
constexpr std::size_t ConnectionMemory(const HttpLimits& limits) {
  constexpr std::size_t kFieldBytes = 64;
  return limits.header_bytes * 2 + kMaxFields * kFieldBytes;
}

struct Connection {
  int fd = -1;
  Peer peer;
  Instant since;           // opened, or last answered
  bool shut_down = false;  // by us: the library closes it as soon as it sees that
  std::string path = {};   // of the request that comes, as sent
};

// What has come of one request.
struct Exchange {
  Request request;
  // Set when the header alone decides.
  std::optional<Response> early;
  std::function<void()> then;  // of the answer
};

Peer ReadPeer(int fd) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return {};
  return {.pid = credentials.pid, .uid = credentials.uid, .gid = credentials.gid};
}

int FdOf(MHD_Connection* connection) {
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info == nullptr ? -1 : info->connect_fd;
}

Connection* ContextOf(MHD_Connection* connection) {
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info == nullptr ? nullptr : static_cast<Connection*>(info->socket_context);
}

MHD_Result AddArgument(void* request, MHD_ValueKind, const char* key, std::size_t key_size,
                       const char* value, std::size_t value_size) {
  static_cast<Request*>(request)->query.insert_or_assign(
      std::string(key, key_size), std::string(value == nullptr ? "" : value, value_size));
  return MHD_YES;
}

constexpr const char* kTooLong = "The header is too long, or has too many fields";

bool IsTooLong(MHD_Connection* connection, const HttpLimits& limits) {
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  const int fields = MHD_get_connection_values(connection, MHD_HEADER_KIND, nullptr, nullptr) +
                     MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, nullptr, nullptr);
  return fields > kMaxFields || (info != nullptr && info->header_size > limits.header_bytes);
}

// The answer to a request whose body is not worth reading.
std::optional<Response> RefuseBody(MHD_Connection* connection, const HttpLimits& limits) {
  if (MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Transfer-Encoding") != nullptr) {
    return Response{.status = 411, .body = "A body needs a Content-Length"};
  }
  const char* text = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
  if (text == nullptr) return std::nullopt;
  const std::string_view digits(text);
  std::uint64_t length = 0;
  const auto parsed = std::from_chars(digits.begin(), digits.end(), length);
  if (parsed.ec == std::errc() && parsed.ptr == digits.end() && length <= limits.body_bytes) {
    return std::nullopt;
  }
  return Response{.status = 413,
                  .body = fmt::format("A body has at most {} bytes", limits.body_bytes)};
}

MHD_Result Queue(MHD_Connection* connection, const Response& response) {
  // The library's buffer is not written to: the copy is made first.
  MHD_Response* queued = MHD_create_response_from_buffer(
      response.body.size(), const_cast<char*>(response.body.data()), MHD_RESPMEM_MUST_COPY);
  if (queued == nullptr) return MHD_NO;
  if (!response.body.empty()) {
    (void)MHD_add_response_header(queued, "Content-Type", response.content_type.c_str());
  }
  if (!response.allow.empty()) {
    (void)MHD_add_response_header(queued, "Allow", response.allow.c_str());
  }
  const MHD_Result result = MHD_queue_response(connection, response.status, queued);
  MHD_destroy_response(queued);
  return result;
}

}  // namespace

class HttpServer::Daemon {
 public:
  Daemon(const HttpLimits& limits, Handler handler)
      : limits_(limits), handler_(std::move(handler)) {}
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon() {
    if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
  }

  base::Result<> Start(base::UniqueFd listener) {
    const std::array<MHD_OptionItem, 5> options = {{
        {MHD_OPTION_LISTEN_SOCKET, listener.get(), nullptr},
        {MHD_OPTION_CONNECTION_LIMIT,
         static_cast<std::intptr_t>(limits_.connections + kSpareConnections), nullptr},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, nullptr},
        {MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, nullptr},
        {MHD_OPTION_END, 0, nullptr},
    }};
    // The port is not used: the socket is there.
    daemon_ = MHD_start_daemon(MHD_USE_EPOLL, 0, nullptr, nullptr, &Daemon::OnRequest, this,
                               MHD_OPTION_URI_LOG_CALLBACK, &Daemon::OnTarget, this,
                               MHD_OPTION_ARRAY, options.data(), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                               ConnectionMemory(limits_), MHD_OPTION_NOTIFY_CONNECTION,
                               &Daemon::OnConnection, this, MHD_OPTION_NOTIFY_COMPLETED,
                               &Daemon::OnCompleted, this, MHD_OPTION_END);
    if (daemon_ == nullptr) {
      return base::Fail(base::ErrorCode::kFailed, "libmicrohttpd does not take the socket");
    }
    (void)listener.Release();  // closed by the library from here on
    return {};
  }

  int poll_fd() const { return MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd; }

  std::optional<milliseconds> Timeout() const {
    MHD_UNSIGNED_LONG_LONG library = 0;
    std::optional<milliseconds> timeout;
    if (!connections_.empty()) timeout = kSweepInterval;
    if (MHD_get_timeout(daemon_, &library) == MHD_YES) {
      const milliseconds wanted(static_cast<std::int64_t>(std::min<std::uint64_t>(library, 1000)));
      timeout = std::min(timeout.value_or(wanted), wanted);
    }
    return timeout;
  }

  void Run(Instant now) {
    now_ = now;
    (void)MHD_run(daemon_);
    const auto overdue = [&](const Connection& connection) {
      return now - connection.since > limits_.request_time;
    };
    for (Connection& connection : connections_) {
      if (overdue(connection)) ShutDown(connection);
    }
  }

  void StopAccepting() { const base::UniqueFd listener(MHD_quiesce_daemon(daemon_)); }
  bool HasConnections() const { return !connections_.empty(); }

 private:
  static void ShutDown(Connection& connection) {
    if (connection.shut_down) return;
    connection.shut_down = true;
    (void)shutdown(connection.fd, SHUT_RDWR);
  }

  void MakeRoom() {
    const auto open =
        static_cast<std::size_t>(std::ranges::count(connections_, false, &Connection::shut_down));
    if (open <= limits_.connections) return;
    Connection* oldest = nullptr;
    for (Connection& connection : connections_) {
      if (connection.shut_down) continue;
      if (oldest == nullptr || connection.since < oldest->since) oldest = &connection;
    }
    if (oldest != nullptr) ShutDown(*oldest);
  }

  static void OnConnection(void* self, MHD_Connection* connection, void** context,
                           MHD_ConnectionNotificationCode code) {
    auto& daemon = *static_cast<Daemon*>(self);
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
      const int fd = FdOf(connection);
      daemon.connections_.push_back({.fd = fd, .peer = ReadPeer(fd), .since = daemon.now_});
      *context = &daemon.connections_.back();
      daemon.MakeRoom();
      return;
    }
    const auto* closed = static_cast<Connection*>(*context);
    daemon.connections_.remove_if([closed](const Connection& each) { return &each == closed; });
    *context = nullptr;
  }

  static void OnCompleted(void* self, MHD_Connection* connection, void** state,
                          MHD_RequestTerminationCode) {
    const std::unique_ptr<Exchange> exchange(static_cast<Exchange*>(*state));
    *state = nullptr;
    Connection* context = ContextOf(connection);
    if (context != nullptr) context->since = static_cast<Daemon*>(self)->now_;
    if (exchange != nullptr && exchange->then) exchange->then();
  }

  // Called with the request's target (RFC 9112, 3.2) before the library decodes it: "/os%00x" is
  // not to be read as "/os". The library may give the request up after this without another word,
  // so the connection has what is kept of it.
  static void* OnTarget(void*, const char* target, MHD_Connection* connection) {
    Connection* context = ContextOf(connection);
    if (context == nullptr) return nullptr;
    context->path.clear();
    try {
      const std::string_view text(target);
      context->path = text.substr(0, text.find('?'));
    } catch (const std::exception& exception) {
      base::log::Error(fmt::format("a request: {}", exception.what()));
    }
    return nullptr;
  }

  // Called with the header, then with each part of the body, then once more. An exception must not
  // pass through the library's frames.
  static MHD_Result OnRequest(void* self, MHD_Connection* connection, const char* url,
                              const char* method, const char*, const char* data,
                              std::size_t* data_size, void** state) {
    try {
      auto& daemon = *static_cast<Daemon*>(self);
      if (*state == nullptr) {
        *state = std::make_unique<Exchange>().release();  // OnCompleted() deletes it
        return daemon.Begin(connection, method, *static_cast<Exchange*>(*state));
      }
      auto& exchange = *static_cast<Exchange*>(*state);
      if (*data_size > 0) {
        const std::size_t size = std::exchange(*data_size, 0);
        if (size > daemon.limits_.body_bytes - exchange.request.body.size()) return MHD_NO;
        exchange.request.body.append(data, size);
        return MHD_YES;
      }
      Response response = daemon.handler_(exchange.request);
      exchange.then = std::move(response.then);
      return Queue(connection, response);
    } catch (const std::exception& exception) {
      base::log::Error(fmt::format("{} {}: {}", method, url, exception.what()));
      return MHD_NO;
    }
  }

  MHD_Result Begin(MHD_Connection* connection, const char* method, Exchange& exchange) const {
    exchange.request.method = method;
    const Connection* context = ContextOf(connection);
    if (context != nullptr) {
      exchange.request.path = context->path;
      exchange.request.peer = context->peer;
    }
    (void)MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, &AddArgument,
                                      &exchange.request);
    exchange.early = RefuseBody(connection, limits_);
    if (IsTooLong(connection, limits_)) exchange.early = Response{.status = 431, .body = kTooLong};
    return exchange.early ? Queue(connection, *exchange.early) : MHD_YES;
  }

  HttpLimits limits_;
  Handler handler_;
  MHD_Daemon* daemon_ = nullptr;
  std::list<Connection> connections_;  // addresses stay: the library holds them
  Instant now_;
};

HttpServer::HttpServer(std::unique_ptr<Daemon> daemon) : daemon_(std::move(daemon)) {}
HttpServer::~HttpServer() = default;

base::Result<std::unique_ptr<HttpServer>> HttpServer::Create(base::UniqueFd listener,
                                                             const HttpLimits& limits,
                                                             Handler handler) {
  auto daemon = std::make_unique<Daemon>(limits, std::move(handler));
  TRY(daemon->Start(std::move(listener)));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(daemon)));
}

int HttpServer::poll_fd() const {
  return daemon_->poll_fd();
}
std::optional<milliseconds> HttpServer::Timeout() const {
  return daemon_->Timeout();
}
void HttpServer::Run(Instant now) {
  daemon_->Run(now);
}
void HttpServer::StopAccepting() {
  daemon_->StopAccepting();
}
bool HttpServer::HasConnections() const {
  return daemon_->HasConnections();
}

}  // namespace api
