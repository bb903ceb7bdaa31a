#include "base/sink.h"

#include <fmt/format.h>

namespace base {

Result<> StringSink::Write(ByteView bytes) {
  if (bytes.size() > max_bytes_ - text_.size()) {
    return Fail(ErrorCode::kTooLarge, fmt::format("{}: larger than {} bytes", what_, max_bytes_));
  }
  text_.append(AsText(bytes));
  return {};
}

Result<> StringSink::Finish() {
  return {};
}

}  // namespace base
