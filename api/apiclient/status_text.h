// Status, progress and history in words. Pure.
#pragma once

#include <string>

#include "api/update_status.h"
#include "base/json.h"
#include "updog/progress_view.h"

namespace api {

// What `apiclient update status` prints: a line for each thing.
std::string StatusText(const UpdateStatus& status);

// What runs, of /updates/progress; nothing if no action runs, or none with figures yet.
std::optional<updog::ProgressState> ProgressOf(const base::json::Object& running);
// "prepare runs: root: download, 45 %, …"
std::string RunningText(const base::json::Object& running);

// The newest attempts of /updates/history, with what became of them. Empty where there are none.
std::string HistoryText(const base::json::Value& history);

}  // namespace api
