// Runs an action of the server and waits for its end, with its progress on stderr.
#pragma once

#include <cstdint>

#include "api/apiclient/client.h"
#include "api/apiclient/verbs.h"
#include "api/update_status.h"
#include "base/result.h"

namespace api {

// The document; kState with a FailureLine while an action runs, or before the first refresh.
base::Result<UpdateStatus> GetUpdateStatus(const Client& client);

// Starts the command and answers the document of after it. An action that failed, or was lost, is
// an error that says what it said last. A server that restarts meanwhile is waited for.
base::Result<UpdateStatus> RunAction(const Client& client, Command command, Format format);

}  // namespace api
