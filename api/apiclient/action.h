// Runs an action of the server and waits for its end, with its progress on stderr.
#pragma once

#include <cstdint>

#include "api/apiclient/client.h"
#include "api/apiclient/verbs.h"
#include "api/update_status.h"
#include "base/json.h"
#include "base/result.h"

namespace api {

// What of /updates/progress runs now; null: nothing.
base::Result<base::json::Value> GetRunning(const Client& client);

// The document; with a FailureLine kBusy while an action runs, kState before the first refresh.
base::Result<UpdateStatus> GetUpdateStatus(const Client& client);

// Where somebody else's action runs already: kBusy, or its end is waited for; or only that of a
// look for updates, which changes nothing and is over soon.
enum class WhenBusy : std::uint8_t { kFail, kWaitForRefresh, kWait };

// Starts the command and answers the document of after it. An action that failed, or was lost, is
// an error that says what it said last. A server that restarts meanwhile is waited for, and so is
// somebody else's action that begins right after this one; where that left the host standing as the
// command was to leave it, the command has succeeded. Likewise where the server refuses the command
// since somebody else was faster, for who waits for others (kWait).
base::Result<UpdateStatus> RunAction(const Client& client, Command command, Format format,
                                     WhenBusy when_busy = WhenBusy::kFail);

}  // namespace api
