#include "base/sink.h"

#include <fmt/format.h>

#include <algorithm>

namespace base {

Result<> StringSink::Write(ByteView bytes) {
  if (bytes.size() > max_bytes_ - text_.size()) {
    return Fail(ErrorCode::kTooLarge, fmt::format("{}: larger than {} bytes", what_, max_bytes_));
  }
  // From here on nothing moves as it grows: growing costs each page twice, and what is reserved and
  // never written to costs nothing. But small texts, of which there may be thousands, are not to
  // hold their caps.
  constexpr std::size_t kLargeBytes = 128UL * 1024;
  constexpr std::uint64_t kMaxReservedBytes = 64'000'000;
  if (text_.size() + bytes.size() > std::max(text_.capacity(), kLargeBytes))
    text_.reserve(std::min(max_bytes_, kMaxReservedBytes));
  text_.append(AsText(bytes));
  return {};
}

Result<> StringSink::Finish() {
  return {};
}

}  // namespace base
