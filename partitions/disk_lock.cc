#include "partitions/disk_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <cerrno>
#include <limits>
#include <thread>

namespace partitions {
namespace {

using base::ErrorCode;

// Far from the bytes that QEMU locks on its images (100 to 300).
constexpr off_t kUpdateLockByte = std::numeric_limits<off_t>::max() - 1;

// flock(2) has no time-out, and a signal to end it would be everybody's business.
constexpr std::chrono::milliseconds kPollInterval{20};

}  // namespace

base::Result<> LockTable(int fd, Sharing sharing, const std::string& disk,
                         std::chrono::milliseconds patience) {
  const int operation = (sharing == Sharing::kShared ? LOCK_SH : LOCK_EX) | LOCK_NB;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (flock(fd, operation) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return base::FailErrno(errno, fmt::format("{}: flock", disk));
    if (std::chrono::steady_clock::now() >= deadline)
      return base::Fail(ErrorCode::kBusy,
                        fmt::format("{}: another program holds the lock on the partition table "
                                    "(lslocks shows which)",
                                    disk));
    std::this_thread::sleep_for(kPollInterval);
  }
  return {};
}

base::Result<base::UniqueFd> LockUpdate(const std::string& disk) {
  base::UniqueFd fd = TRY(base::OpenFile(disk, O_RDWR));
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = kUpdateLockByte;
  lock.l_len = 1;
  if (fcntl(fd.get(), F_OFD_SETLK, &lock) == 0) return fd;
  if (errno == EAGAIN || errno == EACCES)
    return base::Fail(ErrorCode::kBusy, fmt::format("another update is running on {}", disk));
  return base::FailErrno(errno, fmt::format("{}: update lock", disk));
}

}  // namespace partitions
