#include "tough/save_target.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/file.h"
#include "base/null_sink.h"
#include "tough/target_name.h"
#include "tough/verified_sink.h"

namespace tough {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;
using base::UniqueFd;

constexpr std::size_t kPieceBytes = 256UL * 1024;

// openat2(2), for which glibc has no function.
Result<UniqueFd> OpenBeneath(int directory_fd, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<decltype(how.flags)>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  for (;;) {
    const long fd = syscall(SYS_openat2, directory_fd, path.c_str(), &how, sizeof how);
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    // EAGAIN: something was renamed on the way, so that the kernel cannot vouch for the result.
    if (errno != EINTR && errno != EAGAIN) return base::FailErrno(errno, path);
  }
}

Result<UniqueFd> Duplicate(const UniqueFd& fd) {
  UniqueFd copy(fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) return base::FailErrno(errno, "fcntl");
  return copy;
}

// The folders of a name on their way into being. What was made is removed again unless kept.
class NewFolders {
 public:
  explicit NewFolders(UniqueFd directory) : deepest_(std::move(directory)) {}
  NewFolders(const NewFolders&) = delete;
  NewFolders& operator=(const NewFolders&) = delete;
  ~NewFolders() {
    for (auto folder = made_.rbegin(); folder != made_.rend(); ++folder) {
      unlinkat(folder->parent.get(), folder->name.c_str(), AT_REMOVEDIR);
    }
  }

  Result<> Enter(const std::string& name) {
    const bool made = mkdirat(deepest_.get(), name.c_str(), 0755) == 0;
    if (!made && errno != EEXIST) return base::FailErrno(errno, name);
    UniqueFd parent = std::move(deepest_);
    if (made) {
      made_.push_back({.parent = TRY(Duplicate(parent)), .name = name});
      // Made durable in its parent, or a cut could lose the file that is synced inside it.
      if (fsync(parent.get()) != 0) return base::FailErrno(errno, name);
    }
    deepest_ = TRY(OpenBeneath(parent.get(), name, O_RDONLY | O_DIRECTORY));
    return {};
  }

  const UniqueFd& deepest() const { return deepest_; }
  void Keep() { made_.clear(); }

 private:
  struct Folder {
    UniqueFd parent;
    std::string name;
  };
  UniqueFd deepest_;
  std::vector<Folder> made_;
};

Result<> VerifyFile(const UniqueFd& file, const TargetFile& listed) {
  struct stat status{};
  if (fstat(file.get(), &status) != 0) return base::FailErrno(errno, "fstat");
  if (!S_ISREG(status.st_mode)) return Fail(ErrorCode::kMismatch, "not a regular file");
  if (static_cast<std::uint64_t>(status.st_size) != listed.length) {
    return Fail(ErrorCode::kMismatch, "another length");
  }
  base::NullSink nothing;
  const auto verified = TRY(VerifiedSink::Create("on disk", listed, nothing));
  std::vector<std::byte> buffer(kPieceBytes);
  for (std::uint64_t offset = 0; offset < listed.length;) {
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), listed.length - offset));
    const std::span<std::byte> piece = std::span(buffer).first(size);
    TRY(base::ReadExactlyAt(file.get(), piece, offset, "saved target"));
    TRY(verified->Write(piece));
    offset += size;
  }
  return verified->Finish();
}

}  // namespace

Result<TargetPlace> TargetPlace::Open(const std::string& directory, std::string_view name) {
  if (const std::string_view fault = TargetNameFault(name); !fault.empty()) {
    return Fail(ErrorCode::kMalformed,
                fmt::format("target {:?} cannot be saved: its name is {}", name, fault));
  }
  TRY(base::MakeDirectories(directory));
  UniqueFd directory_fd = TRY(base::OpenDirectory(directory));
  std::vector<std::string> folders;
  for (std::size_t slash = 0; (slash = name.find('/')) != std::string_view::npos;) {
    folders.emplace_back(name.substr(0, slash));
    name.remove_prefix(slash + 1);
  }
  return TargetPlace(std::move(directory_fd), std::move(folders), std::string(name));
}

bool TargetPlace::Holds(const TargetFile& listed) const {
  std::vector<std::string> path = folders_;
  path.push_back(file_name_);
  const auto file = OpenBeneath(directory_.get(), fmt::format("{}", fmt::join(path, "/")),
                                O_RDONLY | O_NONBLOCK | O_NOCTTY);
  return file && VerifyFile(*file, listed);
}

Result<> TargetPlace::Fill(const std::function<Result<>(base::ByteSink&)>& fill) {
  NewFolders folders(TRY(Duplicate(directory_)));
  for (const std::string& name : folders_) TRY(folders.Enter(name));
  {
    const auto file = TRY(base::FileSink::CreateAt(TRY(Duplicate(folders.deepest())), file_name_));
    TRY(fill(*file));
  }
  folders.Keep();
  return {};
}

}  // namespace tough
