// One HTTP response as it comes in: header lines, then body. Keeps their caps, and judges them as
// far as HTTP goes; knows no connection and no library.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/sink.h"
#include "tough/resumable_body.h"

namespace tough {

class HttpResponse {
 public:
  // A 200 or 206 goes through `body` to `out`; other bodies are dropped.
  HttpResponse(ResumableBody& body, base::ByteSink& out) : body_(body), out_(out) {}

  // One line of any header block (interim responses and trailers too), its line end included.
  // kTooLarge: more header than anybody needs; kNetwork: headers that contradict themselves, or
  // what ResumableBody refuses.
  base::Result<> TakeHeaderLine(std::string_view line);

  // A piece of the body. An error of the sink comes back as it is.
  base::Result<> TakeBody(base::ByteView piece);

  // 0 until the final header block is complete.
  int status() const { return head_complete_ ? head_.status : 0; }
  // Whether this response brings (part of) the file.
  bool brings_body() const { return status() == 200 || status() == 206; }
  // A body that nobody wants is read to its end, since the connection is then good for the next
  // request, unless it is long.
  bool worth_reading_on() const { return brings_body() || dropped_bytes_ <= kMaxDroppedBytes; }

 private:
  static constexpr std::uint64_t kMaxHeaderBytes = std::uint64_t{128} << 10;
  static constexpr std::uint64_t kMaxDroppedBytes = std::uint64_t{64} << 10;

  base::Result<> TakeStatusLine(std::string_view line);
  base::Result<> TakeField(std::string_view name, std::string_view value);
  base::Result<> EndHeader();

  ResumableBody& body_;
  base::ByteSink& out_;
  ResponseHead head_;
  bool chunked_ = false;
  bool head_complete_ = false;
  std::uint64_t header_bytes_ = 0;
  std::uint64_t dropped_bytes_ = 0;
};

}  // namespace tough
