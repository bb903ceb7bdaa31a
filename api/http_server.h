// HTTP/1.1 on a listening Unix socket, over libmicrohttpd, whose only user this is
// (docs/decisions/0009-the-http-library.md).
//
// One thread, no wait: whoever owns the server polls `poll_fd()` and calls Run(). What a client may
// take is bounded (HttpLimits), and memory with it: connections x (2 x header + body), about 30
// MiB; and as many answers that nobody reads, for as long as a request may take.
//   header too long        431; so are more than 64 fields and arguments of the query. Whatever is
//                          handed over has room for its answer; what the library has no room to
//                          read, nor to refuse, ends with the connection
//   body too long          413; of a length that is not told beforehand: 411
//   malformed              400, by the library
//   too slow, or idle      closed after `request_time`, counted from the last answer: a byte now
//                          and then does not prolong it
//   too many connections   the one that has waited longest for its next request is closed, so that
//                          a new client is always let in
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>

#include "api/http_message.h"
#include "base/fd.h"
#include "base/result.h"

namespace api {

struct HttpLimits {
  // Of request line and header. Ten times what curl or a browser sends.
  std::size_t header_bytes = std::size_t{16} << 10;
  // All settings together are a tenth of this.
  std::size_t body_bytes = std::size_t{64} << 10;
  std::size_t connections = 256;
  std::chrono::milliseconds request_time{30'000};
};

class HttpServer {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  // `listener` is bound and listens.
  static base::Result<std::unique_ptr<HttpServer>> Create(base::UniqueFd listener,
                                                          const HttpLimits& limits,
                                                          Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Readable when Run() has something to do.
  int poll_fd() const;
  // How long a poll may wait before Run() is due without it; none: for ever.
  std::optional<std::chrono::milliseconds> Timeout() const;
  // Takes and answers what has come, and closes what has had its time.
  void Run(Instant now);

  // No new connection from now on; what is there may end.
  void StopAccepting();
  bool HasConnections() const;

 private:
  class Daemon;
  explicit HttpServer(std::unique_ptr<Daemon> daemon);
  std::unique_ptr<Daemon> daemon_;
};

}  // namespace api
