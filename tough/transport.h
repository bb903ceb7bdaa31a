// Transport: how bytes are had from a URL. One of the project's two interfaces.
//
// A transport moves bytes and keeps caps; it decides nothing about trust. Whoever calls verifies
// what came, and therefore the caller, never the transport, calls Finish() on the sink.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/sink.h"

namespace tough {

enum class FetchKind : std::uint8_t {
  kMetadata,  // small: a deadline for the whole fetch, retries included
  kTarget,    // may be large: no deadline, but a lowest acceptable speed
};

struct FetchRequest {
  std::string url;              // absolute, percent-encoded
  std::uint64_t max_bytes = 0;  // the body may have as many, not one more
  FetchKind kind = FetchKind::kMetadata;
};

// Not thread-safe: one fetch at a time.
class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  // Pushes the whole body into `out`, in order and each byte once, whatever was retried below;
  // never calls out.Finish().
  //   kNotFound   HTTP 403 or 404, or no such file: the only answers that say "there is no more"
  //   kTooLarge   the body is, or says that it will be, longer than max_bytes
  //   kNetwork    unreachable, too slow, cut off, or an answer that HTTP does not allow here
  // An error of `out` comes back unchanged, and ends the fetch.
  virtual base::Result<> Fetch(const FetchRequest& request, base::ByteSink& out) = 0;
};

}  // namespace tough
