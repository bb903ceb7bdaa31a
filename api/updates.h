// Updates: the state machine behind /updates and /actions. It runs updog, one action at a time, and
// keeps what came of it.
//
// An action holds the lock from before its 204 is sent until its result stands in the document.
// While it does, the document is not to be had (423): a stale one would mislead. The document
// outlives a restart of the server, but not of the host. A server that was killed in the middle of
// an action tells so after its restart, with what the disk says now.
//
// One thread. Time is a parameter.
#pragma once

#include <poll.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/child.h"
#include "api/http_message.h"
#include "api/progress.h"
#include "api/status_file.h"
#include "api/update_status.h"
#include "base/fd.h"
#include "base/result.h"

namespace api {

using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

struct UpdatesOptions {
  std::string run_directory = "/run/updog/api";
  std::string updog = "/usr/bin/updog";  // the program
  std::string config = "/etc/updog.toml";
  std::string machine;  // uname -m
};

class Updates {
 public:
  static base::Result<std::unique_ptr<Updates>> Open(UpdatesOptions options, WallTime now);

  // The answers of GET /updates/status, GET /updates/progress and POST /actions/….
  Response GetStatus() const;
  Response GetProgress(WallTime now) const;
  Response Start(Command command, WallTime now);

  // What to poll for while an action runs; Run() is due when something is ready.
  void AddPollFds(std::vector<pollfd>& fds) const;
  void Run(WallTime now);
  bool running() const { return action_.has_value(); }
  // Ends the action that runs, as far as a signal does; its end comes by Run(). None is begun after
  // it.
  void Interrupt();

 private:
  struct Action {
    RunningAction what;
    base::UniqueFd lock;
    std::unique_ptr<Child> child;
    std::string error_text;
    WallTime heard;       // when it last said something,
    WallTime progressed;  // and how far it is
    bool interrupted = false;
  };

  Updates(UpdatesOptions options, StatusFile file);
  base::Result<> Recover(WallTime now);
  // The answer that refuses a command in the present state; nothing: it is allowed. `was_staged`:
  // the document said that something is, which the disk may contradict by now.
  std::optional<Response> Refuse(Command command, bool was_staged) const;
  bool IsStagedAlready() const;
  base::Result<> StartAction(Command command, WallTime now);
  std::vector<std::string> CommandLine(Command command) const;
  void OnErrorLine(std::string_view line);
  CommandResult Judge(const Action& action, WallTime now) const;
  void Finish(const std::string& started, CommandResult result);
  // False where the disk cannot be read: what was known of it stays.
  bool ReadPartitionsAgain();
  void Render();

  UpdatesOptions options_;
  StatusFile file_;
  std::optional<UpdateStatus> status_;  // nothing before the first refresh of this boot
  std::string answer_;                  // the same as JSON
  CommandResults results_;
  std::optional<Action> action_;
  bool stopping_ = false;
};

}  // namespace api
