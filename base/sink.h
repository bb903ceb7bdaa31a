// ByteSink: where a stream of bytes is pushed.
//
// Push, not pull: with pull a consumer that stops reading early also skips the check at the end.
// Here the producer drives, and Finish() is its word that everything was said and holds. A sink
// that is destroyed without Finish() has received nothing that anybody may rely on: a wrapper that
// verifies (digest, length) checks first and only then passes Finish() on, so that a wrong byte
// anywhere stops before anything downstream is blessed.
//
// Not thread-safe: one producer at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"

namespace base {

class ByteSink {
 public:
  ByteSink() = default;
  ByteSink(const ByteSink&) = delete;
  ByteSink& operator=(const ByteSink&) = delete;
  virtual ~ByteSink() = default;

  // Takes all of `bytes` or fails. After a failure the sink is good for destruction only.
  virtual Result<> Write(ByteView bytes) = 0;

  // Nothing more follows, and the producer vouches for all of it. At most once.
  virtual Result<> Finish() = 0;
};

// Collects into memory, at most `max_bytes` (kTooLarge beyond, naming `what`).
class StringSink final : public ByteSink {
 public:
  StringSink(std::string what, std::uint64_t max_bytes)
      : what_(std::move(what)), max_bytes_(max_bytes) {}

  Result<> Write(ByteView bytes) override;
  Result<> Finish() override;

  // What was written; to be taken after Finish().
  std::string Take() { return std::move(text_); }

 private:
  std::string what_;
  std::uint64_t max_bytes_;
  std::string text_;
};

}  // namespace base
