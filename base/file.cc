#include "base/file.h"

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace base {
namespace {

// The directory part of a path ("." where there is none) and its last component.
std::pair<std::string, std::string> SplitPath(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

Result<std::string> ReadWhole(const UniqueFd& fd, const std::string& name,
                              std::uint64_t max_bytes) {
  struct stat status{};
  if (fstat(fd.get(), &status) != 0) return FailErrno(errno, name);
  if (!S_ISREG(status.st_mode))
    return Fail(ErrorCode::kMismatch, fmt::format("{}: not a regular file", name));
  // The size is a hint only: files of /proc and /sys say 0, and a file may grow while it is read.
  std::string text;
  text.reserve(std::min(static_cast<std::uint64_t>(status.st_size), max_bytes) + 1);
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t count = read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FailErrno(errno, name);
    if (count == 0) return text;
    if (static_cast<std::uint64_t>(count) > max_bytes - text.size()) {
      return Fail(ErrorCode::kTooLarge, fmt::format("{}: larger than {} bytes", name, max_bytes));
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

// O_NONBLOCK: opening a FIFO must not wait for a writer; regular files ignore it.
Result<std::string> ReadFileAtWithFlags(int directory_fd, const std::string& name,
                                        std::uint64_t max_bytes, int flags) {
  const UniqueFd fd = TRY(OpenFileAt(directory_fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | flags));
  return ReadWhole(fd, name, max_bytes);
}

Result<> SyncDirectory(int directory_fd, const std::string& name) {
  if (fsync(directory_fd) != 0) return FailErrno(errno, fmt::format("directory of {}", name));
  return {};
}

Result<std::string> TemporaryName(const std::string& name) {
  std::uint64_t number = 0;
  if (getrandom(&number, sizeof number, 0) != sizeof number) return FailErrno(errno, "getrandom");
  // Shortened, so that a file whose own name is as long as names can be has a temporary one too.
  return fmt::format(".{}.{:016x}.tmp", name.substr(0, 200), number);
}

}  // namespace

Result<std::string> ReadFile(const std::string& path, std::uint64_t max_bytes, Links links) {
  return ReadFileAtWithFlags(AT_FDCWD, path, max_bytes, links == Links::kRefuse ? O_NOFOLLOW : 0);
}

Result<std::string> ReadFileAt(int directory_fd, const std::string& name, std::uint64_t max_bytes) {
  return ReadFileAtWithFlags(directory_fd, name, max_bytes, O_NOFOLLOW);
}

Result<> ReplaceFileAt(int directory_fd, const std::string& name, ByteView bytes, mode_t mode) {
  UniqueFd directory(fcntl(directory_fd, F_DUPFD_CLOEXEC, 0));
  if (!directory.valid()) return FailErrno(errno, name);
  const auto file = TRY(FileSink::CreateAt(std::move(directory), name, mode));
  TRY(file->Write(bytes));
  return file->Finish();
}

Result<> ReplaceFile(const std::string& path, ByteView bytes, mode_t mode) {
  const auto file = TRY(FileSink::Create(path, mode));
  TRY_CONTEXT(file->Write(bytes), SplitPath(path).first);
  TRY_CONTEXT(file->Finish(), SplitPath(path).first);
  return {};
}

FileSink::FileSink(UniqueFd directory, std::string name, std::string temporary_name, UniqueFd file)
    : directory_(std::move(directory)),
      name_(std::move(name)),
      temporary_name_(std::move(temporary_name)),
      file_(std::move(file)) {}

FileSink::~FileSink() {
  if (!temporary_name_.empty()) unlinkat(directory_.get(), temporary_name_.c_str(), 0);
}

Result<std::unique_ptr<FileSink>> FileSink::Create(const std::string& path, mode_t mode) {
  const auto [directory, name] = SplitPath(path);
  UniqueFd directory_fd = TRY(OpenDirectory(directory));
  return TRY_CONTEXT(CreateAt(std::move(directory_fd), name, mode), directory);
}

Result<std::unique_ptr<FileSink>> FileSink::CreateAt(UniqueFd directory, const std::string& name,
                                                     mode_t mode) {
  std::string temporary_name = TRY(TemporaryName(name));
  UniqueFd file = TRY(
      OpenFileAt(directory.get(), temporary_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  std::unique_ptr<FileSink> sink(
      new FileSink(std::move(directory), name, std::move(temporary_name), std::move(file)));
  if (fchmod(sink->file_.get(), mode) != 0) return FailErrno(errno, name);
  return sink;
}

Result<> FileSink::Write(ByteView bytes) {
  return WriteAll(file_.get(), bytes, name_);
}

Result<> FileSink::Finish() {
  // The content must be on disk before the rename makes it reachable under the final name.
  if (fsync(file_.get()) != 0) return FailErrno(errno, name_);
  TRY(file_.Close(name_));
  if (renameat(directory_.get(), temporary_name_.c_str(), directory_.get(), name_.c_str()) != 0) {
    return FailErrno(errno, name_);
  }
  temporary_name_.clear();
  return SyncDirectory(directory_.get(), name_);
}

Result<> RemoveFileAt(int directory_fd, const std::string& name) {
  if (unlinkat(directory_fd, name.c_str(), 0) != 0) {
    if (errno == ENOENT) return {};
    return FailErrno(errno, name);
  }
  return SyncDirectory(directory_fd, name);
}

Result<UniqueFd> OpenDirectory(const std::string& path) {
  return OpenFile(path, O_RDONLY | O_DIRECTORY);
}

Result<> MakeDirectories(const std::string& path, mode_t mode) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string prefix = path.substr(0, end);
    if (mkdir(prefix.c_str(), mode) == 0) {
      // Made durable in its parent, or a cut could lose everything that is synced inside it.
      const UniqueFd parent = TRY(OpenDirectory(SplitPath(prefix).first));
      TRY(SyncDirectory(parent.get(), prefix));
    } else if (errno != EEXIST) {
      return FailErrno(errno, prefix);
    }
    if (end == std::string::npos) break;
  }
  TRY(OpenDirectory(path));
  return {};
}

Result<FileLock> FileLock::Acquire(const std::string& path) {
  UniqueFd fd = TRY(OpenFile(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return Fail(ErrorCode::kBusy, fmt::format("{}: locked by another process", path));
    return FailErrno(errno, path);
  }
  return FileLock(std::move(fd));
}

}  // namespace base
