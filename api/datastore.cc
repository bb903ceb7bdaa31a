#include "api/datastore.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/json.h"

namespace api {
namespace {

using base::ErrorCode;
namespace fs = std::filesystem;

constexpr const char* kLinkName = "current";
constexpr const char* kNewLinkName = "current.new";
constexpr const char* kLockName = "lock";
constexpr const char* kFileName = "/settings.json";
constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 20;

base::Result<> SyncDirectory(const std::string& path) {
  const base::UniqueFd directory = TRY(base::OpenDirectory(path));
  if (fsync(directory.get()) != 0) return base::FailErrno(errno, path);
  return {};
}

base::Result<> RemoveTree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return base::FailErrno(error.value(), path.string());
  return {};
}

base::Result<> Rename(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) {
    return base::FailErrno(errno, fmt::format("rename {} to {}", from, to));
  }
  return {};
}

}  // namespace

base::Result<base::FileLock> LockDatastore(const std::string& datastore) {
  TRY(base::MakeDirectories(datastore, 0700));
  auto lock = base::FileLock::Acquire(fmt::format("{}/{}", datastore, kLockName));
  if (!lock && lock.error().code() == ErrorCode::kBusy) {
    return base::Fail(ErrorCode::kBusy,
                      fmt::format("another process changes the settings in {}", datastore));
  }
  return lock;
}

base::Result<std::optional<updog::Version>> CurrentVersion(const std::string& datastore) {
  const std::string link = fmt::format("{}/{}", datastore, kLinkName);
  std::string target(PATH_MAX, '\0');
  const ssize_t length = readlink(link.c_str(), target.data(), target.size());
  if (length < 0 && errno == ENOENT) return std::nullopt;
  if (length < 0) return base::FailErrno(errno, link);
  target.resize(static_cast<std::size_t>(length));
  return TRY_CONTEXT(updog::Version::Parse(target), link);
}

base::Result<Settings> ReadSettings(const std::string& directory) {
  const std::string path = directory + kFileName;
  const std::string text = TRY(base::ReadFile(path, kMaxFileBytes, base::Links::kRefuse));
  const base::json::Value document = TRY_CONTEXT(base::json::Parse(text), path);
  if (document.object() == nullptr) {
    return base::Fail(ErrorCode::kMalformed, fmt::format("{}: not an object", path));
  }
  return TRY_CONTEXT(SettingsFromJson(*document.object()), path);
}

base::Result<> WriteSettings(const std::string& directory, const Settings& settings) {
  const std::string text =
      base::json::Serialize(SettingsToJson(settings), base::json::Style::kPretty);
  return base::ReplaceFile(directory + kFileName, base::AsBytes(text), 0600);
}

base::Result<> SwitchStore(const std::string& datastore, const std::string& directory,
                           const updog::Version& version) {
  const std::string store = fmt::format("{}/{}", datastore, version.text());
  const std::string link = fmt::format("{}/{}", datastore, kLinkName);
  const std::string new_link = fmt::format("{}/{}", datastore, kNewLinkName);
  // What bears this version's name does not count: it is of an earlier run that was cut.
  TRY(RemoveTree(store));
  TRY(RemoveTree(new_link));
  TRY(Rename(directory, store));
  // The store's name is durable before the link names it: after a cut the link never dangles.
  TRY(SyncDirectory(datastore));
  if (symlink(version.text().c_str(), new_link.c_str()) != 0) {
    return base::FailErrno(errno, new_link);
  }
  TRY(Rename(new_link, link));
  TRY(SyncDirectory(datastore));
  return RemoveRemains(datastore);
}

base::Result<> RemoveRemains(const std::string& datastore) {
  const std::optional<updog::Version> current = TRY(CurrentVersion(datastore));
  std::error_code error;
  std::vector<fs::path> remains;
  for (fs::directory_iterator entry(datastore, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename();
    const bool counts =
        name == kLinkName || name == kLockName || (current && name == current->text());
    if (!counts) remains.push_back(entry->path());
  }
  if (error) return base::FailErrno(error.value(), datastore);
  for (const fs::path& path : remains) TRY(RemoveTree(path));
  return {};
}

}  // namespace api
