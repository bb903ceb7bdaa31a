#include "api/status_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <cerrno>

#include "base/bytes.h"
#include "base/file.h"
#include "base/log.h"

namespace api {
namespace {

using base::json::Object;
using base::json::Style;
using base::json::Value;

const std::string kStatus = "status.json";
const std::string kRunning = "running.json";
const std::string kLock = "lock";
constexpr const char* kStarted = "started";
constexpr std::uint64_t kMaxBytes = std::uint64_t{4} << 20;

Value EncodeMarker(const RunningAction& action) {
  Object object;
  object.Set("cmd_type", CommandName(action.command));
  object.Set(kStarted, action.started);
  return object;
}

base::Result<RunningAction> DecodeMarker(const Value& value) {
  const Object* object = value.object();
  if (object == nullptr) return base::Fail(base::ErrorCode::kMalformed, "not an object");
  RunningAction action;
  action.command = TRY(ParseCommand(*TRY(base::json::RequireString(*object, "cmd_type"))));
  action.started = *TRY(base::json::RequireString(*object, kStarted));
  return action;
}

}  // namespace

base::Result<StatusFile> StatusFile::Open(const std::string& directory) {
  TRY(base::MakeDirectories(directory));
  auto lock = base::FileLock::Acquire(directory + "/server.lock");
  if (!lock && lock.error().code() == base::ErrorCode::kBusy) {
    return base::Fail(
        base::ErrorCode::kBusy,
        fmt::format("another apiserver uses {} (--run-dir names another directory)", directory));
  }
  return StatusFile(directory, TRY(base::OpenDirectory(directory)), TRY(std::move(lock)));
}

base::Result<base::UniqueFd> StatusFile::Lock(int how) const {
  base::UniqueFd fd = TRY(base::OpenFileAt(directory_.get(), kLock, O_RDWR | O_CREAT, 0600));
  while (flock(fd.get(), how) != 0) {
    if (errno == EWOULDBLOCK) {
      return base::Fail(base::ErrorCode::kBusy, fmt::format("{}/{} is held", path_, kLock));
    }
    if (errno != EINTR) return base::FailErrno(errno, fmt::format("{}/{}", path_, kLock));
  }
  return fd;
}

base::Result<base::UniqueFd> StatusFile::Begin(const RunningAction& action) {
  base::UniqueFd lock = TRY(Lock(LOCK_EX | LOCK_NB));
  const std::string text = base::json::Serialize(EncodeMarker(action), Style::kCompact);
  TRY(base::ReplaceFileAt(directory_.get(), kRunning, base::AsBytes(text)));
  return lock;
}

base::Result<> StatusFile::Withdraw() {
  return base::RemoveFileAt(directory_.get(), kRunning);
}

base::Result<> StatusFile::End(const UpdateStatus& status, const std::string& started) {
  Object document = EncodeStatus(status);
  document.Set(kStarted, started);
  const std::string text = base::json::Serialize(Value(std::move(document)), Style::kPretty);
  TRY(base::ReplaceFileAt(directory_.get(), kStatus, base::AsBytes(text)));
  return Withdraw();
}

std::optional<Value> StatusFile::ReadJson(const std::string& name) const {
  const auto text = base::ReadFileAt(directory_.get(), name, kMaxBytes);
  if (!text && text.error().code() == base::ErrorCode::kNotFound) return std::nullopt;
  auto value = text ? base::json::Parse(*text) : base::Result<Value>(std::unexpected(text.error()));
  if (value) return *std::move(value);
  base::log::Warning(
      fmt::format("{}/{}: {}; taken as absent", path_, name, value.error().message()));
  return std::nullopt;
}

std::optional<UpdateStatus> StatusFile::ReadStatus() const {
  const std::optional<Value> value = ReadJson(kStatus);
  if (!value) return std::nullopt;
  auto status = DecodeStatus(*value);
  if (status) return *std::move(status);
  base::log::Warning(
      fmt::format("{}/{}: {}; taken as absent", path_, kStatus, status.error().message()));
  return std::nullopt;
}

bool StatusFile::HasEnded(const RunningAction& action) const {
  const std::optional<Value> document = ReadJson(kStatus);
  if (!document || document->object() == nullptr) return false;
  const auto started = base::json::RequireString(*document->object(), kStarted);
  return started && **started == action.started;
}

base::Result<std::optional<RunningAction>> StatusFile::ReadInterrupted() {
  const std::optional<Value> value = ReadJson(kRunning);
  if (!value) return std::nullopt;
  // The child has its copy of the lock until it is gone.
  const base::UniqueFd lock = TRY(Lock(LOCK_EX));
  auto marker = DecodeMarker(*value);
  if (marker && HasEnded(*marker)) {
    (void)Withdraw();  // where it stays, it is found to have ended the next time too
    return std::nullopt;
  }
  if (marker) return *std::move(marker);
  base::log::Warning(
      fmt::format("{}/{}: {}; taken as absent", path_, kRunning, marker.error().message()));
  return std::nullopt;
}

}  // namespace api
