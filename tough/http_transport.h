// Transport over http, https (libcurl) and file.
//
// Guarantees, beyond those of Transport:
//   - only http, https and file; at most 5 redirects, none that leaves https;
//   - the body is passed on as sent: no content coding is asked for or undone;
//   - a cut or failed transfer (transport fault or HTTP 5xx) is tried again with growing, jittered
//     pauses, and goes on where it stopped: by Range with If-Range where the server gave a strong
//     validator, else by reading the beginning again and dropping it. An answer that does not fit
//     (206 unasked, another range, another length, a changed validator) is an error, never spliced;
//   - headers are capped over all responses of one request; nothing waits for ever.
// One connection is kept alive between fetches. The environment (http_proxy, …) is not looked at.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "tough/transport.h"

namespace tough {

struct HttpOptions {
  std::string user_agent = "tough";
  std::string https_proxy;  // for https URLs: "http://host:port"; empty: direct
  std::vector<std::string>
      no_proxy;                    // host names, ".suffixes", addresses and CIDR blocks; "*": all
  std::string ca_bundle;           // PEM file instead of the system's certificates
  std::string client_certificate;  // PEM file, both or neither
  std::string client_key;          // PEM file

  std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
  // Slower than this over that long is a fault like a cut.
  std::uint32_t low_speed_bytes_per_second = 1'000;
  std::chrono::seconds low_speed_window = std::chrono::seconds(30);
  // One metadata file, all attempts and pauses together.
  std::chrono::milliseconds metadata_deadline = std::chrono::minutes(5);

  // Attempts in a row that bring nothing forward; one that brought at least a MiB starts the count
  // again, so that a large image survives a bad line.
  std::uint32_t attempts = 4;
  // Before the second attempt; doubled before each further one, and each lengthened by up to half
  // at random, so that a fleet does not come back in step.
  std::chrono::milliseconds first_pause = std::chrono::milliseconds(500);
  std::uint32_t jitter_seed = 0;  // main gives something random
};

class HttpTransport final : public Transport {
 public:
  // kUsage for a proxy URL, certificate or bundle that cannot be used, naming it. No request is
  // made.
  static base::Result<std::unique_ptr<HttpTransport>> Create(HttpOptions options);
  ~HttpTransport() override;

  base::Result<> Fetch(const FetchRequest& request, base::ByteSink& out) override;

 private:
  class Session;
  class Outlet;
  explicit HttpTransport(std::unique_ptr<Session> session);
  std::unique_ptr<Session> session_;
};

}  // namespace tough
