#include "tough/datastore.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <memory>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/log.h"
#include "tough/url.h"

namespace tough {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

constexpr const char* kHistoryName = "root_history";
constexpr const char* kTimeName = "latest_known_time";
constexpr std::uint64_t kMaxTimeBytes = 64;

struct DirectoryCloser {
  void operator()(DIR* stream) const { closedir(stream); }
};

Result<base::FileLock> TakeLock(const std::string& directory) {
  auto lock = base::FileLock::Acquire(directory + "/lock");
  if (!lock && lock.error().code() == ErrorCode::kBusy) {
    return Fail(ErrorCode::kBusy, fmt::format("another process is using {}", directory));
  }
  return lock;
}

Result<base::UniqueFd> OpenHistory(const base::UniqueFd& directory) {
  if (mkdirat(directory.get(), kHistoryName, 0755) == 0) {
    // Made durable in its parent, or a cut could lose the roots that are synced inside it.
    if (fsync(directory.get()) != 0) return base::FailErrno(errno, kHistoryName);
  } else if (errno != EEXIST) {
    return base::FailErrno(errno, kHistoryName);
  }
  return base::OpenFileAt(directory.get(), kHistoryName, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

bool IsTemporary(std::string_view name) {
  return name.starts_with('.') && name.ends_with(".tmp");
}

// What a process that was killed between create and rename left behind. Under the lock nobody
// else's can be among them. That one cannot be removed is no reason to stop.
void RemoveTemporaries(const base::UniqueFd& directory) {
  auto own = base::OpenFileAt(directory.get(), ".", O_RDONLY | O_DIRECTORY);
  if (!own) return;
  const std::unique_ptr<DIR, DirectoryCloser> stream(fdopendir(own->get()));
  if (stream == nullptr) return;
  (void)own->Release();  // the stream's now
  std::vector<std::string> names;
  while (const dirent* entry = readdir(stream.get())) {
    if (IsTemporary(entry->d_name)) names.emplace_back(entry->d_name);
  }
  for (const std::string& name : names) unlinkat(directory.get(), name.c_str(), 0);
}

// A delegated role may be called anything; no name leaves the directory or is a top-level role's
// (schema: R60).
std::string FileNameOf(std::string_view role) {
  return fmt::format("{}.json", PercentEncode(role));
}

std::string PastRootName(std::uint64_t version) {
  return fmt::format("{}.root.json", version);
}

}  // namespace

Result<Datastore> Datastore::Open(const std::string& directory) {
  TRY_CONTEXT(base::MakeDirectories(directory), "metadata directory");
  base::FileLock lock = TRY(TakeLock(directory));
  base::UniqueFd directory_fd = TRY(base::OpenDirectory(directory));
  base::UniqueFd history = TRY_CONTEXT(OpenHistory(directory_fd), directory);
  RemoveTemporaries(directory_fd);
  RemoveTemporaries(history);
  return Datastore(directory, std::move(lock), std::move(directory_fd), std::move(history));
}

std::optional<std::string> Datastore::Load(std::string_view role, std::uint64_t max_bytes) const {
  const std::string name = FileNameOf(role);
  if (name.size() > NAME_MAX) return std::nullopt;
  return LoadFile(directory_, name, max_bytes);
}

Result<> Datastore::Store(std::string_view role, std::string_view bytes) {
  const std::string name = FileNameOf(role);
  if (name.size() > NAME_MAX) return {};
  return StoreFile(directory_, name, bytes);
}

Result<> Datastore::Remove(std::string_view role) {
  TRY_CONTEXT(base::RemoveFileAt(directory_.get(), FileNameOf(role)), path_);
  return {};
}

std::optional<std::string> Datastore::LoadPastRoot(std::uint64_t version,
                                                   std::uint64_t max_bytes) const {
  return LoadFile(history_, PastRootName(version), max_bytes);
}

Result<> Datastore::StorePastRoot(std::uint64_t version, std::string_view bytes) {
  return StoreFile(history_, PastRootName(version), bytes);
}

std::optional<base::Time> Datastore::LatestKnownTime() const {
  const auto text = LoadFile(directory_, kTimeName, kMaxTimeBytes);
  if (!text) return std::nullopt;
  const auto time = base::ParseTime(*text);
  if (time) return *time;
  base::log::Warning(fmt::format("{}/{}: {}; ignored", path_, kTimeName, time.error().message()));
  return std::nullopt;
}

Result<> Datastore::StoreLatestKnownTime(base::Time time) {
  return StoreFile(directory_, kTimeName, base::FormatTime(time));
}

std::optional<std::string> Datastore::LoadFile(const base::UniqueFd& directory,
                                               const std::string& name,
                                               std::uint64_t max_bytes) const {
  auto text = base::ReadFileAt(directory.get(), name, max_bytes);
  if (text) return *std::move(text);
  if (text.error().code() != ErrorCode::kNotFound) {
    base::log::Warning(fmt::format("{}: {}; ignored", path_, text.error().message()));
  }
  return std::nullopt;
}

Result<> Datastore::StoreFile(const base::UniqueFd& directory, const std::string& name,
                              std::string_view bytes) {
  TRY_CONTEXT(base::ReplaceFileAt(directory.get(), name, base::AsBytes(bytes)), path_);
  return {};
}

}  // namespace tough
