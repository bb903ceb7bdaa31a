#include "tough/http_response.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace tough {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

Result<std::uint64_t> ParseContentLength(std::string_view value) {
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (error == std::errc() && end == value.data() + value.size()) return length;
  return Fail(ErrorCode::kNetwork, fmt::format("unusable Content-Length \"{}\"", value));
}

}  // namespace

Result<> HttpResponse::TakeHeaderLine(std::string_view line) {
  // Counted over interim responses and trailers too: "100 Continue" may be said for ever.
  header_bytes_ += line.size();
  if (header_bytes_ > kMaxHeaderBytes) {
    return Fail(ErrorCode::kTooLarge, fmt::format("more than {} bytes of header", kMaxHeaderBytes));
  }
  if (head_complete_) return {};  // a trailer: nothing in it is for us
  if (line.starts_with("HTTP/")) return TakeStatusLine(line);
  if (Trim(line).empty()) return EndHeader();
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return {};
  return TakeField(LowerCase(line.substr(0, colon)), Trim(line.substr(colon + 1)));
}

Result<> HttpResponse::TakeStatusLine(std::string_view line) {
  head_ = {};
  chunked_ = false;
  const std::size_t space = line.find(' ');
  const std::string_view code = space == line.npos ? "" : Trim(line.substr(space)).substr(0, 3);
  const auto [end, error] = std::from_chars(code.data(), code.data() + code.size(), head_.status);
  if (error == std::errc() && end - code.data() == 3) return {};
  return Fail(ErrorCode::kNetwork, fmt::format("unusable status line \"{}\"", Trim(line)));
}

Result<> HttpResponse::TakeField(std::string_view name, std::string_view value) {
  if (name == "content-length") {
    const std::uint64_t length = TRY(ParseContentLength(value));
    if (head_.content_length.value_or(length) != length) {
      return Fail(ErrorCode::kNetwork, "two different Content-Length");
    }
    head_.content_length = length;
  } else if (name == "transfer-encoding") {
    // libcurl would undo a compression here unasked, and we never ask.
    if (LowerCase(value) != "chunked") {
      return Fail(ErrorCode::kNetwork, fmt::format("Transfer-Encoding \"{}\" unasked", value));
    }
    chunked_ = true;
  } else if (name == "content-range") {
    head_.content_range = value;
  } else if (name == "etag") {
    head_.etag = value;
  } else if (name == "last-modified") {
    head_.last_modified = value;
  }
  return {};
}

Result<> HttpResponse::EndHeader() {
  const bool interim = head_.status >= 100 && head_.status < 200;
  if (interim) return {};
  head_complete_ = true;
  if (chunked_) head_.content_length.reset();  // RFC 9112 6.3: the coding overrides the length
  if (brings_body()) return body_.BeginResponse(head_);
  return {};
}

Result<> HttpResponse::TakeBody(base::ByteView piece) {
  if (!brings_body()) {
    dropped_bytes_ += piece.size();
    return {};
  }
  const base::ByteView fresh = TRY(body_.Accept(piece));
  if (fresh.empty()) return {};
  return out_.Write(fresh);
}

}  // namespace tough
