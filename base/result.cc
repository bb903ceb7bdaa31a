#include "base/result.h"

#include <cerrno>
#include <system_error>

namespace base {

std::string_view ErrorCodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kFailed:
      return "failed";
    case ErrorCode::kUsage:
      return "usage";
    case ErrorCode::kNotFound:
      return "not-found";
    case ErrorCode::kBusy:
      return "busy";
    case ErrorCode::kPermission:
      return "permission";
    case ErrorCode::kNoSpace:
      return "no-space";
    case ErrorCode::kTooLarge:
      return "too-large";
    case ErrorCode::kMalformed:
      return "malformed";
    case ErrorCode::kUntrusted:
      return "untrusted";
    case ErrorCode::kMismatch:
      return "mismatch";
    case ErrorCode::kRollback:
      return "rollback";
    case ErrorCode::kExpired:
      return "expired";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kNetwork:
      return "network";
    case ErrorCode::kState:
      return "state";
  }
  return "failed";
}

Error Error::WithContext(std::string_view context) && {
  std::string message;
  message.reserve(context.size() + 2 + message_.size());
  message.append(context).append(": ").append(message_);
  return Error(code_, std::move(message));
}

std::unexpected<Error> Fail(ErrorCode code, std::string message) {
  return std::unexpected(Error(code, std::move(message)));
}

std::unexpected<Error> FailErrno(int error_number, std::string_view what) {
  ErrorCode code = ErrorCode::kFailed;
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
    case ENXIO:
    case ENODEV:
      code = ErrorCode::kNotFound;
      break;
    case EBUSY:
    case EAGAIN:
    case ETXTBSY:
      code = ErrorCode::kBusy;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      code = ErrorCode::kPermission;
      break;
    case ENOSPC:
    case EDQUOT:
      code = ErrorCode::kNoSpace;
      break;
    case EFBIG:
      code = ErrorCode::kTooLarge;
      break;
    case ELOOP:
      code = ErrorCode::kMismatch;
      break;
    default:
      break;
  }
  std::string message(what);
  // generic_category().message() is strerror_r behind a portable face: safe among threads.
  message.append(": ").append(std::generic_category().message(error_number));
  return Fail(code, std::move(message));
}

}  // namespace base
