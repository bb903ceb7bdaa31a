// NullSink: takes bytes and drops them, where all that is wanted is that a producer verifies them.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/sink.h"

namespace base {

class NullSink final : public ByteSink {
 public:
  Result<> Write(ByteView /*bytes*/) override { return {}; }
  Result<> Finish() override { return {}; }
};

}  // namespace base
