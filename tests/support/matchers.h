// Matchers for Result: EXPECT_THAT(Parse(text), FailsSaying("trailing")).
#pragma once

#include <gmock/gmock.h>

#include <ostream>
#include <string>

#include "base/result.h"

namespace base {

// How a failed expectation shows an error.
inline void PrintTo(const Error& error, std::ostream* out) {
  *out << ErrorCodeName(error.code()) << ": " << error.message();
}

}  // namespace base

namespace test {

MATCHER(IsOk, negation ? "is an error" : "is a value") {
  if (!arg.has_value())
    *result_listener << "which is the error \"" << arg.error().message() << "\"";
  return arg.has_value();
}

MATCHER_P(IsOkAnd, matcher,
          negation ? "is an error or another value" : "is the value that is meant") {
  if (!arg.has_value()) {
    *result_listener << "which is the error \"" << arg.error().message() << "\"";
    return false;
  }
  return testing::ExplainMatchResult(matcher, *arg, result_listener);
}

MATCHER_P(Fails, code, "is an error of kind " + std::string(base::ErrorCodeName(code))) {
  if (arg.has_value()) {
    *result_listener << "which is a value";
    return false;
  }
  *result_listener << "which is " << base::ErrorCodeName(arg.error().code()) << ": \""
                   << arg.error().message() << "\"";
  return arg.error().code() == code;
}

MATCHER_P(FailsSaying, text, "is an error whose message contains \"" + std::string(text) + "\"") {
  if (arg.has_value()) {
    *result_listener << "which is a value";
    return false;
  }
  *result_listener << "which says \"" << arg.error().message() << "\"";
  return arg.error().message().find(text) != std::string::npos;
}

}  // namespace test
