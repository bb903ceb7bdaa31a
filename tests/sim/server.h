// A web server's line, shared evenly by all downloads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

namespace sim {

// Every download gets the same in each second, so one sum says how much each of them has had since
// any moment; a download ends when that sum has grown by its size.
class Server {
 public:
  Server(std::uint64_t server_bytes_per_second, std::uint64_t host_bytes_per_second)
      : server_(server_bytes_per_second), host_(host_bytes_per_second) {}

  void Start(std::uint32_t host, std::uint64_t bytes) { active_.emplace(sum_ + bytes, host); }

  // A second goes by; `done` is told each host whose download ends in it. Answers the bytes sent.
  template <typename Done>
  std::uint64_t PassSecond(Done done) {
    if (active_.empty()) return 0;
    const std::uint64_t count = active_.size();
    const std::uint64_t each = std::max<std::uint64_t>(std::min(host_, server_ / count), 1);
    sum_ += each;
    while (!active_.empty() && active_.top().first <= sum_) {
      done(active_.top().second);
      active_.pop();
    }
    return each * count;
  }

  std::size_t active() const { return active_.size(); }

 private:
  using Download = std::pair<std::uint64_t, std::uint32_t>;  // the sum at its end, and the host

  std::uint64_t server_;
  std::uint64_t host_;
  std::uint64_t sum_ = 0;
  std::priority_queue<Download, std::vector<Download>, std::greater<>> active_;
};

}  // namespace sim
