// What of the updates' status outlives a server, but not the host's restart: files in a directory
// below /run.
//
//   status.json   the document, as of the last action's end, and when that action started
//   running.json  there while an action runs: {"cmd_type": "prepare", "started": "…"}
//   lock          locked by whoever runs an action, its child too
//   server.lock   locked by the one server that uses the directory
//
// Not thread-safe.
#pragma once

#include <optional>
#include <string>

#include "api/progress.h"
#include "api/update_status.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/result.h"

namespace api {

class StatusFile {
 public:
  // Makes the directory where it is missing, and keeps other servers off it. kBusy: one uses it.
  static base::Result<StatusFile> Open(const std::string& directory);

  // An action begins. Its lock is held through the returned descriptor and all its copies in
  // children, until the last of them is closed. kBusy: something of an action before lives on.
  base::Result<base::UniqueFd> Begin(const RunningAction& action);
  // It did not begin after all.
  base::Result<> Withdraw();
  // The action that started then has ended: its result stands in the document, and it is no longer
  // running. In this order: after a cut between the two the result is there, with the start by
  // which ReadInterrupted() knows that it is this action's.
  base::Result<> End(const UpdateStatus& status, const std::string& started);

  // What is stored; a file that cannot be read counts as absent, and is told in the log.
  std::optional<UpdateStatus> ReadStatus() const;
  // An action whose server ended before its result was stored. Its child has ended too when this
  // returns.
  base::Result<std::optional<RunningAction>> ReadInterrupted();

 private:
  StatusFile(std::string path, base::UniqueFd directory, base::FileLock server_lock)
      : path_(std::move(path)),
        directory_(std::move(directory)),
        server_lock_(std::move(server_lock)) {}
  // `how`: LOCK_EX, and LOCK_NB (flock(2)).
  base::Result<base::UniqueFd> Lock(int how) const;
  bool HasEnded(const RunningAction& action) const;
  std::optional<base::json::Value> ReadJson(const std::string& name) const;

  std::string path_;
  base::UniqueFd directory_;
  base::FileLock server_lock_;
};

}  // namespace api
