// What a step of the selector answers: done, or one line that says why not.
//
// Freestanding (base/result.h is not: it needs the standard library).
#pragma once

#include "boot/selector/text.h"

namespace selector {

class [[nodiscard]] Outcome {
 public:
  static Outcome Done() { return {}; }
  static Outcome Failed(const Line& reason) {
    Outcome outcome;
    outcome.failed_ = true;
    outcome.reason_ = reason;
    return outcome;
  }
  static Outcome Failed(const char* reason) { return Failed(Line(reason)); }

  bool failed() const { return failed_; }
  const char* reason() const { return reason_.c_str(); }

 private:
  Outcome() = default;

  bool failed_ = false;
  Line reason_;
};

}  // namespace selector
