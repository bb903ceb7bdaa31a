// HTTP responses that one body is put together from. Input: the responses to one request after
// another, each a header block and a body, with a record separator (0x1e) between them. Whatever
// they say, no byte beyond the cap is passed on, none twice, and none after an end that was called
// complete.
// Dictionary: http.dict
#include <optional>
#include <string>

#include "base/sink.h"
#include "tests/fuzz/fuzz.h"
#include "tough/http_response.h"

namespace {

constexpr std::uint64_t kMaxBytes = 64;

std::string_view TakeUpTo(std::string_view& text, std::size_t end) {
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(part.size());
  return part;
}

// As libcurl does: header lines one by one, then the body in pieces.
base::Result<> Receive(tough::HttpResponse& response, std::string_view text) {
  while (response.status() == 0 && !text.empty()) {
    const std::size_t line_feed = text.find('\n');
    TRY(response.TakeHeaderLine(
        TakeUpTo(text, line_feed == std::string_view::npos ? line_feed : line_feed + 1)));
  }
  constexpr std::size_t kPiece = 7;
  while (!text.empty()) TRY(response.TakeBody(base::AsBytes(TakeUpTo(text, kPiece))));
  return {};
}

}  // namespace

void fuzz::Run(std::string_view input) {
  tough::ResumableBody body(kMaxBytes);
  base::StringSink sink("body", kMaxBytes);
  while (!input.empty()) {
    const std::string_view text = TakeUpTo(input, input.find('\x1e'));
    if (!input.empty()) input.remove_prefix(1);
    const std::optional<tough::ResumableBody::Range> range = body.NextRange();
    Check(!range ||
              (range->first == body.delivered() && range->first > 0 && !range->validator.empty()),
          "a range starts where the body was cut, under a validator");

    tough::HttpResponse response(body, sink);
    const std::uint64_t before = body.delivered();
    const bool received = Receive(response, text).has_value();
    Check(body.delivered() >= before && body.delivered() <= kMaxBytes, "the cap is kept");
    Check(response.brings_body() || body.delivered() == before, "an error page is no body");
    Check(response.status() != 206 || range || body.delivered() == before,
          "a part that was not asked for is not taken");
    if (received && response.brings_body() && body.EndResponse().has_value()) break;
  }
  Check(sink.Take().size() == body.delivered(), "what was counted was passed on");
}
