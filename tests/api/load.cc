// api_load SOCKET URI CONNECTIONS RATE SECONDS: puts load on an API server, and tells what it bore.
//
// Each connection asks RATE times a second (0: again as soon as it is answered) and stays open, for
// SECONDS or until SIGTERM. On stdout: {"requests": …, "per_second": …, "failed": …, "median_us":
// …, "p99_us": …}. The times are from when a request was due to its answer: a server that falls
// behind cannot hide it.
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "api/unix_socket.h"
#include "base/json.h"

namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

volatile std::sig_atomic_t stopped = 0;

struct Load {
  std::string socket;
  std::string uri;
  std::uint64_t connections = 0;
  std::uint64_t rate = 0;
  std::uint64_t seconds = 0;
};

struct Connection {
  base::UniqueFd fd;
  steady_clock::time_point due;
  bool waits = false;  // for an answer
  std::string answer;
};

struct Counts {
  std::uint64_t failed = 0;
  std::vector<std::int64_t> microseconds;
  std::chrono::duration<double> elapsed{0};
};

// A whole answer has its length in its header.
bool IsWhole(std::string_view answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  if (end == std::string_view::npos) return false;
  constexpr std::string_view kLength = "Content-Length: ";
  const std::size_t place = answer.find(kLength);
  if (place > end) return true;
  std::size_t length = 0;
  std::from_chars(answer.data() + place + kLength.size(), answer.data() + end, length);
  return answer.size() >= end + 4 + length;
}

class Generator {
 public:
  explicit Generator(const Load& load)
      : load_(load),
        request_("GET " + load.uri + " HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        gap_(load.rate == 0 ? nanoseconds(0) : nanoseconds(1'000'000'000 / load.rate)) {}

  base::Result<Counts> Run() {
    const auto start = steady_clock::now();
    for (std::uint64_t i = 0; i < load_.connections; ++i) {
      // Spread over the first gap, as clients are that know nothing of each other.
      const auto offset =
          gap_ * static_cast<std::int64_t>(i) / static_cast<std::int64_t>(load_.connections);
      connections_.push_back({.fd = TRY(api::ConnectUnixSocket(load_.socket)),
                              .due = start + offset,
                              .waits = false,
                              .answer = {}});
    }
    const auto end = start + std::chrono::seconds(load_.seconds);
    while (stopped == 0 && steady_clock::now() < end) TRY(Turn());
    counts_.elapsed = steady_clock::now() - start;
    return std::move(counts_);
  }

 private:
  base::Result<> Turn() {
    const auto now = steady_clock::now();
    auto next = now + std::chrono::milliseconds(100);
    std::vector<pollfd> fds;
    for (Connection& connection : connections_) {
      if (!connection.waits && connection.due <= now) {
        if (send(connection.fd.get(), request_.data(), request_.size(), MSG_NOSIGNAL) < 0) {
          return base::FailErrno(errno, "send");
        }
        connection.waits = true;
      }
      if (!connection.waits) next = std::min(next, connection.due);
      fds.push_back({.fd = connection.fd.get(), .events = POLLIN, .revents = 0});
    }
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - steady_clock::now());
    if (poll(fds.data(), fds.size(), static_cast<int>(std::max<std::int64_t>(wait.count(), 0))) <
        0) {
      return errno == EINTR ? base::Result<>() : base::FailErrno(errno, "poll");
    }
    for (std::size_t i = 0; i < fds.size(); ++i) {
      if ((fds[i].revents & (POLLIN | POLLHUP)) != 0) TRY(Receive(connections_[i]));
    }
    return {};
  }

  base::Result<> Receive(Connection& connection) {
    char buffer[16384];
    const ssize_t size = recv(connection.fd.get(), buffer, sizeof buffer, 0);
    if (size <= 0) return base::Fail(base::ErrorCode::kNetwork, "the server closed a connection");
    connection.answer.append(buffer, static_cast<std::size_t>(size));
    if (!IsWhole(connection.answer)) return {};
    // 423 is an answer too: an action runs.
    const std::string status = connection.answer.substr(9, 3);
    if (status != "200" && status != "423") ++counts_.failed;
    const auto now = steady_clock::now();
    const auto took = std::chrono::duration_cast<microseconds>(now - connection.due);
    counts_.microseconds.push_back(took.count());
    connection.answer.clear();
    connection.waits = false;
    connection.due = gap_.count() == 0 ? now : connection.due + gap_;
    return {};
  }

  const Load& load_;
  std::string request_;
  nanoseconds gap_;
  std::vector<Connection> connections_;
  Counts counts_;
};

base::json::Value Number(std::int64_t value) {
  return base::json::Value::Integer(value);
}

void Print(Counts counts) {
  std::vector<std::int64_t>& times = counts.microseconds;
  std::ranges::sort(times);
  const auto requests = static_cast<std::int64_t>(times.size());
  base::json::Object object;
  object.Set("requests", Number(requests));
  object.Set("per_second",
             Number(std::llround(static_cast<double>(requests) / counts.elapsed.count())));
  object.Set("failed", base::json::Value::Unsigned(counts.failed));
  object.Set("median_us", Number(times.empty() ? 0 : times[times.size() / 2]));
  object.Set("p99_us", Number(times.empty() ? 0 : times[times.size() * 99 / 100]));
  std::puts(base::json::Serialize(object, base::json::Style::kCompact).c_str());
}

std::uint64_t ToNumber(std::string_view digits) {
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv, argv + argc);
  if (arguments.size() != 6 || ToNumber(arguments[5]) == 0) {
    (void)std::fputs("usage: api_load SOCKET URI CONNECTIONS RATE SECONDS\n", stderr);
    return 2;
  }
  const Load load{.socket = arguments[1],
                  .uri = arguments[2],
                  .connections = ToNumber(arguments[3]),
                  .rate = ToNumber(arguments[4]),
                  .seconds = ToNumber(arguments[5])};
  (void)std::signal(SIGTERM, [](int) { stopped = 1; });
  auto counts = Generator(load).Run();
  if (!counts) {
    (void)std::fprintf(stderr, "api_load: %s\n", counts.error().message().c_str());
    return 1;
  }
  Print(*std::move(counts));
  return 0;
}
