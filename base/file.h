// Whole files: read under a cap, replaced durably, locked across processes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"
#include "base/sink.h"

namespace base {

// Whether the last component of a path may be a symbolic link.
enum class Links : std::uint8_t { kFollow, kRefuse };

// The whole of a regular file of at most `max_bytes` (kTooLarge beyond; anything but a regular file
// is kMismatch). Never blocks on a FIFO or device.
Result<std::string> ReadFile(const std::string& path, std::uint64_t max_bytes,
                             Links links = Links::kFollow);
// The same, relative to an open directory; a symbolic link is refused.
Result<std::string> ReadFileAt(int directory_fd, const std::string& name, std::uint64_t max_bytes);

// Replaces `name` in the directory so that a cut at any instant leaves the old or the new file,
// whole: a temporary file beside it (".NAME.XXXXXX.tmp", O_EXCL), write, fsync, rename, fsync of
// the directory. The temporary file is removed on failure. `mode` is exact, whatever the umask.
Result<> ReplaceFileAt(int directory_fd, const std::string& name, ByteView bytes,
                       mode_t mode = 0644);
// The same with a path; its directory must exist.
Result<> ReplaceFile(const std::string& path, ByteView bytes, mode_t mode = 0644);

// A file of any size, written as a stream and replaced by Finish() as durably as above. Until then,
// and for ever after a failure or destruction without Finish(), the old file stands and the
// temporary one is removed.
class FileSink final : public ByteSink {
 public:
  static Result<std::unique_ptr<FileSink>> Create(const std::string& path, mode_t mode = 0644);
  static Result<std::unique_ptr<FileSink>> CreateAt(UniqueFd directory, const std::string& name,
                                                    mode_t mode = 0644);
  ~FileSink() override;

  Result<> Write(ByteView bytes) override;
  Result<> Finish() override;

 private:
  FileSink(UniqueFd directory, std::string name, std::string temporary_name, UniqueFd file);
  UniqueFd directory_;
  std::string name_;
  std::string temporary_name_;  // empty once it is in place
  UniqueFd file_;
};

// unlinkat(2) and fsync of the directory; a file that is not there is no error.
Result<> RemoveFileAt(int directory_fd, const std::string& name);

// An open directory, O_PATH-less, for the functions above.
Result<UniqueFd> OpenDirectory(const std::string& path);
// mkdir -p; each new directory's parent is synced. `mode` is for the directories that are made.
Result<> MakeDirectories(const std::string& path, mode_t mode = 0755);

// An exclusive lock on `path` (made if absent, mode 0600, never removed), held until destruction or
// exec. kBusy at once if another process (or another FileLock of this one) holds it.
class FileLock {
 public:
  static Result<FileLock> Acquire(const std::string& path);

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace base
