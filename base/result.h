// Result<T>: a value or one Error. How every fallible function of the project answers.
//
// A function that only checks something returns Result<>, never a bool that a caller could forget
// or invert. Errors are made where the fault is seen, gain context on their way up, and are printed
// once, by main. Nothing here throws.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace base {

// What kind of fault it was. There is a code only where some caller (or a test of a refusal)
// branches on it; everything that a person needs stands in the message.
enum class ErrorCode : std::uint8_t {
  kFailed,    // nothing more specific
  kUsage,     // the user's arguments or configuration are wrong: exit status 2
  kNotFound,  // the named thing does not exist: a file, an HTTP 403 or 404, a target in no metadata
  kBusy,      // somebody else holds the lock, or the device is in use
  kPermission,   // the operating system refuses this user
  kNoSpace,      // disk full, or an image larger than its partition
  kTooLarge,     // input exceeds its cap, in bytes, entries or depth
  kMalformed,    // bytes that do not parse, or parse to a wrong shape
  kUntrusted,    // a signature threshold is not met
  kMismatch,     // a length, hash, name or version differs from what a trusted parent says
  kRollback,     // a version below the trusted one
  kExpired,      // metadata past its expiry, or a clock behind the last known time
  kUnsupported,  // well formed, but a version, algorithm or layout that this program does not speak
  kNetwork,      // connection, TLS, protocol, time-out, HTTP 5xx
  kState,        // not allowed in the present state, e.g. the running version is still on trial
};

// The code's name in lower case with hyphens, e.g. "not-found": for logs and machine-readable
// output.
std::string_view ErrorCodeName(ErrorCode code);

class [[nodiscard]] Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  // One line, no trailing full stop or line feed: what, which, and where it helps what to do.
  const std::string& message() const { return message_; }

  // "context: message", the same code.
  Error WithContext(std::string_view context) &&;

 private:
  ErrorCode code_;
  std::string message_;
};

template <typename T = void>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

// `return Fail(ErrorCode::kRollback, fmt::format("snapshot version {} is below the trusted {}",
// got, trusted));`
[[nodiscard]] std::unexpected<Error> Fail(ErrorCode code, std::string message);

// "what: No such file or directory"; the code follows from `error_number` (an errno value).
[[nodiscard]] std::unexpected<Error> FailErrno(int error_number, std::string_view what);

namespace internal {
template <typename T>
T TakeValue(Result<T>&& result) {
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}
}  // namespace internal

}  // namespace base

// The value of `expression` (a Result), or an early return of its error:
//     auto text = TRY(ReadFile(path, kMaxBytes));
#define TRY(expression) BASE_TRY_1(expression, , __COUNTER__)
// The same with context added to the error; `context` (anything that converts to string_view) is
// evaluated only then:
//     auto text = TRY_CONTEXT(ReadFile(path, kMaxBytes), fmt::format("trusted root {}", path));
#define TRY_CONTEXT(expression, context) BASE_TRY_1(expression, .WithContext(context), __COUNTER__)

// A statement expression, as g++ and clang both have it; the counter keeps nested uses from
// shadowing each other.
// NOLINTBEGIN(bugprone-macro-parentheses): `adapt` is a member call to append, not an expression.
#define BASE_TRY_1(expression, adapt, number) BASE_TRY_2(expression, adapt, number)
#define BASE_TRY_2(expression, adapt, number)                                   \
  __extension__({                                                               \
    auto try_result_##number = (expression);                                    \
    if (!try_result_##number.has_value()) [[unlikely]]                          \
      return ::std::unexpected(::std::move(try_result_##number).error() adapt); \
    ::base::internal::TakeValue(::std::move(try_result_##number));              \
  })
// NOLINTEND(bugprone-macro-parentheses)
