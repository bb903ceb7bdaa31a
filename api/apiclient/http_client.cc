#include "api/apiclient/http_client.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <optional>

#include "api/unix_socket.h"
#include "base/fd.h"
#include "base/text.h"

namespace api {
namespace {

using base::ErrorCode;

constexpr std::size_t kMaxReplyBytes = std::size_t{16} << 20;

base::Result<> SendAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    // The server may have answered already (too large) and closed: what it said is worth reading.
    if (sent < 0 && errno == EPIPE) return {};
    if (sent < 0) return base::Fail(ErrorCode::kNetwork, "the server does not take the request");
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

base::Result<std::string> ReceiveAll(int fd) {
  std::string message;
  std::array<char, 16384> buffer{};
  while (true) {
    const ssize_t count = recv(fd, buffer.data(), buffer.size(), 0);
    if (count == 0) return message;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && !message.empty() && errno == ECONNRESET) return message;
    if (count < 0) return base::Fail(ErrorCode::kNetwork, "the server does not answer");
    message.append(buffer.data(), static_cast<std::size_t>(count));
    if (message.size() > kMaxReplyBytes) {
      return base::Fail(ErrorCode::kTooLarge,
                        fmt::format("the answer is larger than {} bytes", kMaxReplyBytes));
    }
  }
}

template <typename Number>
std::optional<Number> ParseNumber(std::string_view digits) {
  Number number = 0;
  const auto parsed = std::from_chars(digits.begin(), digits.end(), number);
  if (parsed.ec != std::errc() || parsed.ptr != digits.end()) return std::nullopt;
  return number;
}

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool IsNamed(std::string_view line, std::string_view name) {
  return std::ranges::equal(line.substr(0, line.find(':')), name, {}, Lower);
}

std::string_view ValueOf(std::string_view line) {
  line.remove_prefix(std::min(line.size(), line.find(':') + 1));
  const std::size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(" \t") + 1 - begin);
}

std::string_view TakeLine(std::string_view& text) {
  const std::size_t end = text.find("\r\n");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  return line;
}

// "HTTP/1.1 204 No Content"
base::Result<unsigned> ParseStatusLine(std::string_view line) {
  const auto status = line.starts_with("HTTP/1.") && line.size() >= 12
                          ? ParseNumber<unsigned>(line.substr(9, 3))
                          : std::nullopt;
  if (!status || *status < 100) {
    return base::Fail(ErrorCode::kMalformed, "the answer is not HTTP/1.1");
  }
  return *status;
}

// The length that a header field tells, if it is the one that does.
base::Result<std::optional<std::uint64_t>> LengthIn(std::string_view line) {
  if (IsNamed(line, "transfer-encoding")) {
    return base::Fail(ErrorCode::kUnsupported, "the answer comes in chunks");
  }
  if (!IsNamed(line, "content-length")) return std::nullopt;
  const auto length = ParseNumber<std::uint64_t>(ValueOf(line));
  if (!length) return base::Fail(ErrorCode::kMalformed, "the answer has no usable Content-Length");
  return length;
}

struct Head {
  unsigned status = 0;
  std::string_view fields;
};

base::Result<Head> TakeHead(std::string_view& message) {
  const std::size_t end = message.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    return base::Fail(ErrorCode::kNetwork, "the server closed the connection without an answer");
  }
  Head head{.status = 0, .fields = message.substr(0, end)};
  message.remove_prefix(end + 4);
  head.status = TRY(ParseStatusLine(TakeLine(head.fields)));
  return head;
}

// It would end the request's line, and make the rest of it something else.
bool HasBlankOrControl(std::string_view text) {
  return text.find(' ') != std::string_view::npos || base::HasControl(text);
}

}  // namespace

base::Result<Reply> ParseReply(std::string_view method, std::string_view message) {
  Head head = TRY(TakeHead(message));
  // "100 Continue" and its like come before the answer.
  while (head.status / 100 == 1) head = TRY(TakeHead(message));
  std::uint64_t length = message.size();
  while (!head.fields.empty()) {
    length = TRY(LengthIn(TakeLine(head.fields))).value_or(length);
  }
  if (head.status == 204 || head.status == 304 || method == "HEAD") length = 0;
  if (length > message.size()) {
    return base::Fail(ErrorCode::kNetwork, "the server closed the connection within its answer");
  }
  return Reply{.status = head.status, .body = std::string(message.substr(0, length))};
}

base::Result<Reply> SendRequest(const std::string& socket_path, std::string_view method,
                                std::string_view uri, std::string_view body) {
  if (HasBlankOrControl(method) || HasBlankOrControl(uri)) {
    return base::Fail(ErrorCode::kUsage,
                      "a URI or method has no blanks and no control characters (%20 is a blank)");
  }
  const base::UniqueFd fd = TRY(ConnectUnixSocket(socket_path));
  std::string head =
      fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n", method, uri);
  if (!body.empty() || method != "GET") {
    head += fmt::format("Content-Length: {}\r\n", body.size());
  }
  if (!body.empty()) head += "Content-Type: application/json\r\n";
  TRY(SendAll(fd.get(), head + "\r\n"));
  TRY(SendAll(fd.get(), body));
  return ParseReply(method, TRY(ReceiveAll(fd.get())));
}

std::string EscapeQuery(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    escaped += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return escaped;
}

}  // namespace api
