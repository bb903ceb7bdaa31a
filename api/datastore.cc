#include "api/datastore.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"

namespace api {
namespace {

using base::ErrorCode;
namespace fs = std::filesystem;

constexpr const char* kLinkName = "current";
constexpr const char* kPreviousName = "previous";
constexpr const char* kLockName = "lock";
constexpr const char* kWorkspaceName = "migration";
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

base::Result<std::vector<std::string>> NamesIn(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    names.push_back(entry->path().filename());
  }
  if (error) return base::FailErrno(error.value(), directory);
  return names;
}

// One that cannot be looked at is one too: what may be a store is not removed or made anew.
bool IsStore(const std::string& datastore, const std::string& name) {
  if (!updog::Version::Parse(name)) return false;
  std::error_code error;
  return fs::exists(fmt::format("{}/{}{}", datastore, name, kFileName), error) || error;
}

// Those that ReplaceFile() leaves behind where it is cut.
base::Result<> RemoveTemporaryFiles(const std::string& store) {
  for (const std::string& name : TRY(NamesIn(store))) {
    if (name.ends_with(".tmp")) TRY(RemoveTree(fs::path(store) / name));
  }
  return {};
}

// What no link ever names.
bool IsHalfMade(std::string_view name) {
  return name == kWorkspaceName || name.ends_with(".new");
}

// Nothing where there is no link of this name.
base::Result<std::optional<updog::Version>> LinkedVersion(const std::string& datastore,
                                                          std::string_view name) {
  const std::string link = fmt::format("{}/{}", datastore, name);
  std::string target(PATH_MAX, '\0');
  const ssize_t length = readlink(link.c_str(), target.data(), target.size());
  if (length < 0 && errno == ENOENT) return std::nullopt;
  if (length < 0) return base::FailErrno(errno, link);
  target.resize(static_cast<std::size_t>(length));
  return TRY_CONTEXT(updog::Version::Parse(target), link);
}

// The link is replaced by one rename; it is durable after this.
base::Result<> Link(const std::string& datastore, std::string_view name,
                    const updog::Version& version) {
  const std::string link = fmt::format("{}/{}", datastore, name);
  const std::string new_link = link + ".new";
  TRY(RemoveTree(new_link));
  if (symlink(version.text().c_str(), new_link.c_str()) != 0) {
    return base::FailErrno(errno, new_link);
  }
  TRY(Rename(new_link, link));
  return SyncDirectory(datastore);
}

// Stores are removed only beside one that counts and is there. Otherwise each of them may be all
// that is left of the host's settings.
base::Result<> RemoveRemains(const std::string& datastore) {
  const std::optional<updog::Version> current = TRY(CurrentVersion(datastore));
  const std::optional<updog::Version> previous = PreviousVersion(datastore);
  const bool counts = current && IsStore(datastore, current->text());
  const auto stays = [&](const std::string& name) {
    return name == kLinkName || name == kLockName || (current && name == current->text()) ||
           (previous && (name == kPreviousName || name == previous->text()));
  };
  for (const std::string& name : TRY(NamesIn(datastore))) {
    if (stays(name) || (!counts && !IsHalfMade(name))) continue;
    TRY(RemoveTree(fs::path(datastore) / name));
  }
  return counts ? RemoveTemporaryFiles(fmt::format("{}/{}", datastore, current->text()))
                : base::Result<>();
}

// Those that may be the one that counts: the previous one only where there is no other.
base::Result<std::vector<std::string>> StoresInQuestion(const std::string& datastore) {
  std::vector<std::string> stores = TRY(NamesIn(datastore));
  std::erase_if(stores, [&](const std::string& name) { return !IsStore(datastore, name); });
  const std::optional<updog::Version> previous = PreviousVersion(datastore);
  if (stores.size() > 1 && previous) std::erase(stores, previous->text());
  std::ranges::sort(stores);
  return stores;
}

// Nothing says which store counts: the only one does.
base::Result<std::optional<updog::Version>> LinkTheOnlyStore(const std::string& datastore) {
  const std::vector<std::string> stores = TRY(StoresInQuestion(datastore));
  if (stores.empty()) return std::nullopt;
  const std::string link = fmt::format("{}/{}", datastore, kLinkName);
  if (stores.size() > 1) {
    return base::Fail(ErrorCode::kState,
                      fmt::format("{} is missing, and there are settings of the versions {}; say "
                                  "whose count: ln -s VERSION {}",
                                  link, fmt::join(stores, ", "), link));
  }
  updog::Version only = TRY(updog::Version::Parse(stores.front()));
  TRY(Link(datastore, kLinkName, only));
  base::log::Warning(
      fmt::format("{} was missing; the settings of version {} count", link, only.text()));
  return only;
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
  return LinkedVersion(datastore, kLinkName);
}

std::optional<updog::Version> PreviousVersion(const std::string& datastore) {
  return LinkedVersion(datastore, kPreviousName).value_or(std::nullopt);
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
  TRY(RemoveTemporaryFiles(directory));
  const std::string text =
      base::json::Serialize(SettingsToJson(settings), base::json::Style::kPretty);
  if (text.size() > kMaxFileBytes) {
    return base::Fail(ErrorCode::kTooLarge,
                      fmt::format("settings of more than {} bytes", kMaxFileBytes));
  }
  return base::ReplaceFile(directory + kFileName, base::AsBytes(text), 0600);
}

base::Result<> SwitchStore(const std::string& datastore, const std::string& directory,
                           const updog::Version& version) {
  const std::string store = fmt::format("{}/{}", datastore, version.text());
  const std::optional<updog::Version> current = TRY(CurrentVersion(datastore));
  // What bears this version's name does not count: it is the previous one, or of a run that was
  // cut.
  TRY(RemoveTree(store));
  TRY(Rename(directory, store));
  // The store's name is durable before the link names it: after a cut the link never dangles.
  TRY(SyncDirectory(datastore));
  // Before the switch: after a cut the store that counted is the present or the previous one.
  if (current) TRY(Link(datastore, kPreviousName, *current));
  TRY(Link(datastore, kLinkName, version));
  return RemoveRemains(datastore);
}

base::Result<> SwitchBack(const std::string& datastore) {
  const std::optional<updog::Version> current = TRY(CurrentVersion(datastore));
  const std::optional<updog::Version> previous = PreviousVersion(datastore);
  if (!current || !previous) {
    return base::Fail(ErrorCode::kNotFound, fmt::format("{}: no previous settings", datastore));
  }
  // The store that is to count is named by a link at every instant.
  TRY(Link(datastore, kLinkName, *previous));
  return Link(datastore, kPreviousName, *current);
}

base::Result<std::optional<updog::Version>> RecoverStore(const std::string& datastore) {
  TRY(RemoveRemains(datastore));
  const std::optional<updog::Version> current = TRY(CurrentVersion(datastore));
  return current ? current : TRY(LinkTheOnlyStore(datastore));
}

}  // namespace api
