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
  // With --check this is one command that has begun: an operator that looks for updates in between
  // does not end it half way.
  status = TRY(RunAction(client, Command::kPrepare, options.format,
                         options.check ? WhenBusy::kWait : WhenBusy::kFail));
  Say(options.format, fmt::format("{} is staged", Version(status.partitions.staging)));
  status = TRY(RunAction(client, Command::kActivate, options.format, WhenBusy::kWait));
  Say(options.format,
      fmt::format("{} starts at the next boot", Version(status.partitions.staging)));
  if (options.format == Format::kJson) PrintDocument(status);
  if (!options.reboot) return base::kExitDone;
  Say(options.format, "Rebooting");
  TRY(client.Request("POST", "/actions/reboot"));
  return base::kExitDone;
}

base::Result<int> PrintHistory(const base::Result<Value>& history) {
  if (!history) return std::unexpected(history.error());
  Print(HistoryText(*history));
  return base::kExitDone;
}

// Asks first, and prints then. kBusy: an action began between the questions.
base::Result<int> PrintStanding(const Client& client, Format format) {
  const Value progress = TRY(client.GetJson("/updates/progress"));
  const Value* running =
      progress.object() == nullptr ? nullptr : progress.object()->Find("running");
  const Object* action = running == nullptr ? nullptr : running->object();
  if (format == Format::kJson) {
    // While an action runs there is no status: what runs is told instead.
    const Value document = action != nullptr ? progress : TRY(client.GetJson("/updates/status"));
    Print(base::json::Serialize(document, Style::kPretty));
    return base::kExitDone;
  }
  const auto history = client.GetJson("/updates/history");
  if (action != nullptr) {
    Print(RunningText(*action) + "\n");
    return PrintHistory(history);
  }
  const auto status = GetUpdateStatus(client);
  if (!status && status.error().code() != ErrorCode::kState) {
    return std::unexpected(status.error());
  }
  Print(status ? StatusText(*status)
               : "No update was looked for since this host started (apiclient update check)\n");
  return PrintHistory(history);
}

}  // namespace

base::Result<int> UpdateCheck(const Client& client) {
  PrintDocument(TRY(RunAction(client, Command::kRefresh, Format::kText)));
  return base::kExitDone;
}

base::Result<int> UpdateApply(const Client& client, const ApplyOptions& options) {
  const auto known = options.check ? RunAction(client, Command::kRefresh, options.format)
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
  const UpdateStatus status = TRY(RunAction(client, Command::kDeactivate, format));
  Say(format, fmt::format("{} stays staged, and does not start at the next boot",
                          Version(status.partitions.staging)));
  if (format == Format::kJson) PrintDocument(status);
  return base::kExitDone;
}

base::Result<int> UpdateStatusVerb(const Client& client, Format format) {
  auto printed = PrintStanding(client, format);
  while (!printed && printed.error().code() == ErrorCode::kBusy) {
    printed = PrintStanding(client, format);
  }
  return printed;
}

}  // namespace api
