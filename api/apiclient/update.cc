// The verbs of `apiclient update`.
#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "api/apiclient/action.h"
#include "api/apiclient/status_text.h"
#include "api/apiclient/verbs.h"
#include "base/exit_status.h"
#include "base/json.h"

namespace api {
namespace {

using base::ErrorCode;
using base::json::Object;
using base::json::Style;
using base::json::Value;

void Print(const std::string& text) {
  (void)std::fputs(text.c_str(), stdout);
  // What comes next may take minutes, or end this host.
  (void)std::fflush(stdout);
}

// In between, for people only: with --json stdout is for the document at the end.
void Say(Format format, const std::string& line) {
  if (format == Format::kText) Print(line + "\n");
}

void PrintDocument(const UpdateStatus& status) {
  Print(base::json::Serialize(EncodeStatus(status), Style::kPretty));
}

std::string Version(const std::optional<PartitionStatus>& partition) {
  return partition ? partition->image.version : "the update";
}

// There is nothing to do: with --check a good end, whether or not a reboot was asked for, and a
// failure otherwise.
base::Result<int> EndAsItIs(const ApplyOptions& options, const UpdateStatus& status,
                            const std::string& why) {
  if (!options.check) return base::Fail(ErrorCode::kState, why);
  Say(options.format, why);
  if (options.format == Format::kJson) PrintDocument(status);
  return base::kExitDone;
}

base::Result<int> SayNoUpdate(const ApplyOptions& options, const UpdateStatus& status) {
  const std::string& why = status.available.why;
  if (options.check) return EndAsItIs(options, status, "No update required: " + why);
  return EndAsItIs(options, status,
                   fmt::format("there is no update to apply: {} (--check looks again)",
                               why.empty() ? "none was looked for" : why));
}

base::Result<int> SayAppliedAlready(const ApplyOptions& options, const UpdateStatus& status) {
  return EndAsItIs(options, status,
                   fmt::format("{} is applied already: it starts at the next boot (apiclient "
                               "reboot), or is taken back (apiclient update cancel)",
                               Version(status.partitions.staging)));
}

base::Result<int> Apply(const Client& client, const ApplyOptions& options, UpdateStatus status) {
  Say(options.format,
      fmt::format("Preparing {}: {}", status.available.chosen->version, status.available.why));
  // With --check this is one command that has begun: somebody else's action in between does not end
  // it half way.
  status = TRY(RunAction(client, Command::kPrepare, options.format,
                         options.check ? WhenBusy::kWait : WhenBusy::kFail));
  Say(options.format, fmt::format("{} is staged", Version(status.partitions.staging)));
  if (status.state() != UpdateState::kReady) {
    status = TRY(RunAction(client, Command::kActivate, options.format, WhenBusy::kWait));
  }
  Say(options.format,
      fmt::format("{} starts at the next boot", Version(status.partitions.staging)));
  if (options.format == Format::kJson) PrintDocument(status);
  if (!options.reboot) return base::kExitDone;
  Say(options.format, "Rebooting");
  TRY(client.Request("POST", "/actions/reboot"));
  return base::kExitDone;
}

// How things stand, as asked at one time. Each is null where there is none.
struct Standing {
  Value running;  // of /updates/progress
  Value status;   // the document: none while an action runs, and before the first look
  base::Result<Value> history;
};

// kBusy: an action began between the questions.
base::Result<Standing> GetStanding(const Client& client) {
  Standing standing{.running = TRY(GetRunning(client)),
                    .status = {},
                    .history = client.GetJson("/updates/history")};
  if (standing.running.object() != nullptr) return standing;
  auto status = client.GetJson("/updates/status");
  if (!status && status.error().code() != ErrorCode::kState) {
    return std::unexpected(status.error());
  }
  if (status) standing.status = *std::move(status);
  return standing;
}

base::Result<std::string> StandingText(const Standing& standing) {
  if (const Object* action = standing.running.object()) return RunningText(*action) + "\n";
  if (standing.status.object() != nullptr) {
    return StatusText(TRY_CONTEXT(DecodeStatus(standing.status), "/updates/status"));
  }
  return "No update was looked for since this host started (apiclient update check)\n";
}

// The same members, whatever runs.
Value StandingJson(Standing standing) {
  Object document;
  document.Set("status", std::move(standing.status));
  document.Set("running", std::move(standing.running));
  document.Set("history", standing.history ? *std::move(standing.history) : Value());
  return document;
}

// What can be told is told, whatever is missing.
base::Result<int> PrintStanding(Standing standing, Format format) {
  const base::Result<> history =
      standing.history ? base::Result<>() : std::unexpected(standing.history.error());
  if (format == Format::kJson) {
    Print(base::json::Serialize(StandingJson(std::move(standing)), Style::kPretty));
  } else {
    Print(TRY(StandingText(standing)));
    if (standing.history) Print(HistoryText(*standing.history));
  }
  TRY(base::Result<>(history));
  return base::kExitDone;
}

}  // namespace

base::Result<int> UpdateCheck(const Client& client) {
  PrintDocument(TRY(RunAction(client, Command::kRefresh, Format::kText)));
  return base::kExitDone;
}

base::Result<int> UpdateApply(const Client& client, const ApplyOptions& options) {
  const auto known = options.check
                         ? RunAction(client, Command::kRefresh, options.format, WhenBusy::kWait)
                         : GetUpdateStatus(client);
  if (!options.check && !known && known.error().code() == ErrorCode::kState) {
    return base::Fail(ErrorCode::kState,
                      "there is no update to apply: none was looked for since this host started "
                      "(--check looks)");
  }
  const UpdateStatus status = TRY(known);
  if (status.state() == UpdateState::kReady) return SayAppliedAlready(options, status);
  // Idle; or Staged, with a version that is not offered any more.
  if (!status.available.chosen) return SayNoUpdate(options, status);
  return Apply(client, options, status);
}

base::Result<int> UpdateCancel(const Client& client, Format format) {
  const UpdateStatus status =
      TRY(RunAction(client, Command::kDeactivate, format, WhenBusy::kWaitForRefresh));
  Say(format, fmt::format("{} stays staged, and does not start at the next boot",
                          Version(status.partitions.staging)));
  if (format == Format::kJson) PrintDocument(status);
  return base::kExitDone;
}

base::Result<int> UpdateStatusVerb(const Client& client, Format format) {
  auto standing = GetStanding(client);
  while (!standing && standing.error().code() == ErrorCode::kBusy) standing = GetStanding(client);
  return PrintStanding(TRY(std::move(standing)), format);
}

}  // namespace api
