// What is due when: one entry for each host, to the second, in constant time and eight bytes or so.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace sim {

// The hosts that are due in one second form a list through next_. A host has one entry at most.
class Calendar {
 public:
  Calendar(std::uint32_t hosts, std::uint32_t seconds)
      : first_(seconds, kNobody), next_(hosts, kNobody) {}

  // What lies beyond the end never comes.
  void Add(std::uint32_t host, std::uint64_t second) {
    if (second >= first_.size()) return;
    next_[host] = first_[second];
    first_[second] = host;
  }

  // Calls `due` with each host of the second; it may add later ones.
  template <typename Due>
  void Take(std::uint32_t second, Due due) {
    std::uint32_t host = first_[second];
    first_[second] = kNobody;
    while (host != kNobody) {
      const std::uint32_t next = next_[host];
      due(host);
      host = next;
    }
  }

 private:
  static constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();

  std::vector<std::uint32_t> first_;  // by second
  std::vector<std::uint32_t> next_;   // by host
};

}  // namespace sim
