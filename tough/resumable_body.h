// The rules by which one body is put together from several HTTP responses: what to ask for after a
// cut, what each response's headers allow, and which of its bytes are new. Pure; the transport
// moves the bytes.
//
// Bytes that were passed on cannot be taken back. So a response either continues exactly where the
// last one stopped, as far as its headers say, or it is refused. That the pieces belong together is
// in the end proved by the signed hash; here a server that changes the file, or lies about ranges,
// is found early and told apart from a bad line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace tough {

// What the final header block of a response says, as far as its body goes. Empty: not there.
struct ResponseHead {
  int status = 0;
  std::optional<std::uint64_t> content_length = std::nullopt;
  std::string content_range = {};
  std::string etag = {};
  std::string last_modified = {};
};

// "bytes FIRST-LAST/TOTAL" (RFC 9110 14.4), all three given; kNetwork otherwise.
struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t total = 0;
};
base::Result<ContentRange> ParseContentRange(std::string_view value);

class ResumableBody {
 public:
  explicit ResumableBody(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}

  // The request headers for the next attempt: "Range: bytes=FIRST-" and "If-Range: VALIDATOR".
  // Nothing while no byte was passed on, and where the server named no validator: then the body is
  // asked for from its beginning, and the known part of it dropped.
  struct Range {
    std::uint64_t first = 0;
    std::string validator;
  };
  std::optional<Range> NextRange() const;

  // Of a response with status 200 or 206 to a request made as NextRange() said.
  //   kTooLarge   it announces more than max_bytes
  //   kNetwork    an unasked or wrong range, another length or validator than before, or no 200
  base::Result<> BeginResponse(const ResponseHead& head);

  // The new part of a piece of the body; possibly none. kTooLarge: over max_bytes; kNetwork: more
  // than the response announced.
  base::Result<base::ByteView> Accept(base::ByteView piece);

  // After a response that, as far as HTTP goes, was complete: is the body? kNetwork if it ended
  // before what had been announced, or before what an earlier response had already brought.
  base::Result<> EndResponse() const;

  // Bytes passed on so far.
  std::uint64_t delivered() const { return delivered_; }

 private:
  base::Result<> BeginWhole(const ResponseHead& head);
  base::Result<> BeginRest(const ResponseHead& head);
  base::Result<> SetTotal(std::uint64_t total);

  std::uint64_t max_bytes_;
  std::uint64_t delivered_ = 0;
  std::uint64_t position_ = 0;  // in the body, of the next byte of this response; <= delivered_
  std::optional<std::uint64_t> total_;
  std::string validator_;
};

}  // namespace tough
