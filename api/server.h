// The server's one loop: HTTP, the running action and signals, each an event.
#pragma once

#include "api/http_server.h"
#include "api/service_notifier.h"
#include "api/updates.h"
#include "base/fd.h"
#include "base/result.h"

namespace api {

// Blocks SIGTERM and SIGINT for this process; the descriptor is readable when one has come.
// Children start with nothing blocked.
base::Result<base::UniqueFd> OpenStopSignals();

// From now on a request interrupts nobody, the update that runs least of all: it waits until a
// processor is free, or whoever has it has had his turn (SCHED_BATCH, sched(7)). Children run as
// usual.
void YieldToOthers();

// Serves until a stop signal. Then, within some seconds: no new connection, the running action is
// ended and its result stored, answers that are on their way are sent.
base::Result<> Serve(HttpServer& http, Updates& updates, const base::UniqueFd& stop_signals,
                     const ServiceNotifier& notifier);

}  // namespace api
