// How far the running action is: what updog tells with --progress json, and the document at
// /updates/progress.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "api/update_status.h"
#include "base/json.h"
#include "base/result.h"

namespace api {

struct ActionProgress {
  std::string phase = "start";  // then "download", "write"
  std::string image;            // "boot", "root", "hash"; empty: not about one image
  std::optional<std::uint64_t> bytes_done;
  std::optional<std::uint64_t> bytes_total;
  std::optional<std::uint64_t> bytes_per_second;
  std::optional<std::uint64_t> seconds_left;
};

struct RunningAction {
  Command command = Command::kRefresh;
  std::string started;  // RFC 3339
  ActionProgress progress;
};

// A line of updog's stderr. kMalformed for everything that is no progress: notes and errors.
base::Result<ActionProgress> ParseProgressLine(std::string_view line);

// The last end of each command, since the server started.
using CommandResults = std::map<Command, CommandResult>;

// {"running": {…} or null, "last": most_recent_command or null, "results": [of each command]}
base::json::Object EncodeProgress(const std::optional<RunningAction>& running,
                                  const std::optional<CommandResult>& last,
                                  const CommandResults& results);

}  // namespace api
