// A passphrase in memory: in pages that are left out of core dumps and, where that is allowed, kept
// out of the swap; wiped when it goes.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace tough {

class Secret {
 public:
  // Longer ones are refused.
  static constexpr std::size_t kMaxBytes = 4096;

  static base::Result<Secret> Create();
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  std::string_view view() const { return {bytes_, size_}; }
  bool empty() const { return size_ == 0; }
  // kTooLarge.
  base::Result<> Append(char c);
  void RemoveLast();
  void Clear();

 private:
  explicit Secret(char* bytes) : bytes_(bytes) {}
  char* bytes_ = nullptr;  // a mapping
  std::size_t size_ = 0;
};

// From now on no core dump of this process, and no debugger of the same user: for whoever is about
// to hold a private key.
base::Result<> KeepOutOfCoreDumps();

// What `fd` gives up to its end or the first line feed, which does not belong to it.
base::Result<Secret> ReadSecret(int fd, std::string_view what);

// Asks on the process's terminal, without an echo. kUsage if it has none, or on Ctrl-C.
base::Result<Secret> AskSecret(std::string_view prompt);

}  // namespace tough
