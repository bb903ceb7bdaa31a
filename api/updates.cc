#include "api/updates.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <utility>

#include "api/host_facts.h"
#include "base/json.h"
#include "base/log.h"
#include "base/time.h"

namespace api {
namespace {

using base::json::Style;

constexpr const char* kLocked = "Update lock held";
constexpr const char* kUninitialized =
    "Update status is uninitialized, refresh-updates to initialize it";
constexpr const char* kNotAllowed = "Update action not allowed according to update state";
constexpr const char* kNothingStaged = "No update image applied to staging partition";
constexpr const char* kNothingChosen = "Previously chosen Update no longer exists";

// While bytes come, updog tells its progress ten times a second.
constexpr std::chrono::seconds kStalled(5);

// The end of what a program says tells why it failed.
constexpr std::size_t kMaxErrorBytes = std::size_t{8} << 10;

std::string Timestamp(WallTime time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  std::string text = base::FormatTime(whole);
  text.pop_back();  // the Z
  return fmt::format("{}.{:09}Z", text, (time - whole).count());
}

// JSON must be UTF-8, and what a program says may be anything.
std::string Printable(std::string_view line) {
  std::string text(line);
  std::ranges::replace_if(text, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return text;
}

Response Json(std::string body) {
  return {.status = 200, .body = std::move(body), .content_type = "application/json"};
}

bool IsAllowed(Command command, UpdateState state) {
  switch (command) {
    case Command::kRefresh:
      return true;
    case Command::kPrepare:
      return state == UpdateState::kAvailable || state == UpdateState::kStaged;
    case Command::kActivate:
      return state == UpdateState::kStaged;
    case Command::kDeactivate:
      return state == UpdateState::kReady;
  }
  return false;
}

}  // namespace

Updates::Updates(UpdatesOptions options, StatusFile file)
    : options_(std::move(options)), file_(std::move(file)) {}

base::Result<std::unique_ptr<Updates>> Updates::Open(UpdatesOptions options, WallTime now) {
  StatusFile file = TRY(StatusFile::Open(options.run_directory));
  auto updates = std::unique_ptr<Updates>(new Updates(std::move(options), std::move(file)));
  TRY(updates->Recover(now));
  return updates;
}

base::Result<> Updates::Recover(WallTime now) {
  status_ = file_.ReadStatus();
  Render();
  const std::optional<RunningAction> interrupted = TRY(file_.ReadInterrupted());
  // What was stored is how the disk was after an action's end.
  if (status_ || interrupted) ReadPartitionsAgain();
  if (!interrupted) return {};
  Finish(interrupted->started,
         {.command = interrupted->command,
          .status = CommandStatus::kUnknown,
          .timestamp = Timestamp(now),
          .exit_status = 1,
          .error_text = fmt::format("the API server ended while this ran (since {}); what it had "
                                    "done by then is what the partitions say",
                                    interrupted->started)});
  return {};
}

Response Updates::GetStatus() const {
  if (action_) return {.status = 423, .body = kLocked};
  if (!status_) return {.status = 404, .body = kUninitialized};
  return Json(answer_);
}

Response Updates::GetProgress(WallTime now) const {
  std::optional<RunningAction> running;
  if (action_) {
    running = action_->what;
    if (now - action_->progressed > kStalled) {
      running->progress.bytes_per_second = 0;
      running->progress.seconds_left.reset();
    }
  }
  std::optional<CommandResult> last;
  if (status_) last = status_->last;
  return Json(base::json::Serialize(EncodeProgress(running, last, results_), Style::kCompact));
}

Response Updates::Start(Command command, WallTime now) {
  // A server that stops has no time for another action; its client tries again, as with 423.
  if (action_ || stopping_) return {.status = 423, .body = kLocked};
  if (command != Command::kRefresh) {
    if (!status_) return {.status = 404, .body = kUninitialized};
    // The state machine stands on what the disk says now, not on what it said after the last
    // action: signpost and updog are there for people too.
    const bool was_staged = status_->partitions.staging.has_value();
    const bool disk_is_known = ReadPartitionsAgain();
    if (auto refusal = Refuse(command, was_staged)) return *std::move(refusal);
    if (command == Command::kPrepare && disk_is_known && IsStagedAlready()) {
      const std::string time = Timestamp(now);
      Finish(time, {.command = command,
                    .status = CommandStatus::kSuccess,
                    .timestamp = time,
                    .exit_status = 0,
                    .error_text = {}});
      return {.status = 204};
    }
  }
  const auto started = StartAction(command, now);
  if (!started && started.error().code() == base::ErrorCode::kBusy) {
    return {.status = 423, .body = kLocked};
  }
  if (!started) return {.status = 500, .body = started.error().message()};
  return {.status = 204};
}

std::optional<Response> Updates::Refuse(Command command, bool was_staged) const {
  const bool acts_on_staged = command == Command::kActivate || command == Command::kDeactivate;
  if (acts_on_staged && was_staged && !status_->partitions.staging) {
    return Response{.status = 404, .body = kNothingStaged};
  }
  if (!IsAllowed(command, status_->state())) return Response{.status = 409, .body = kNotAllowed};
  if (command == Command::kPrepare && !status_->available.chosen) {
    return Response{.status = 404, .body = kNothingChosen};
  }
  return std::nullopt;
}

bool Updates::IsStagedAlready() const {
  const std::optional<PartitionStatus>& staging = status_->partitions.staging;
  return staging && staging->image == status_->available.chosen &&
         HasMigrationsTo(options_.config, staging->image.version);
}

std::vector<std::string> Updates::CommandLine(Command command) const {
  std::vector<std::string> line = {options_.updog, "--config", options_.config, "--log-level",
                                   "info"};
  switch (command) {
    case Command::kRefresh:
      line.insert(line.end(), {"check-update", "--report"});
      break;
    case Command::kPrepare:
      // Exactly what the document names, not what would be chosen by now.
      line.insert(line.end(), {"--progress", "json", "update-image", "--image",
                               status_->available.chosen->version});
      break;
    case Command::kActivate:
      line.emplace_back("update-apply");
      break;
    case Command::kDeactivate:
      line.emplace_back("update-revert");
      break;
  }
  return line;
}

base::Result<> Updates::StartAction(Command command, WallTime now) {
  Action action;
  action.what = {.command = command, .started = Timestamp(now), .progress = {}};
  action.progressed = now;
  action.lock = TRY(file_.Begin(action.what));
  auto child = Child::Start(CommandLine(command), action.lock.get(),
                            [this](std::string_view line) { OnErrorLine(line); });
  if (!child) {
    // Nothing was begun that a later server could find interrupted.
    (void)file_.Withdraw();
    return std::unexpected(child.error());
  }
  action.child = *std::move(child);
  action_ = std::move(action);
  return {};
}

void Updates::OnErrorLine(std::string_view line) {
  auto progress = ParseProgressLine(line);
  if (progress) {
    action_->what.progress = *std::move(progress);
    action_->progressed = action_->heard;
    return;
  }
  base::log::Info(fmt::format("{}: {}", CommandName(action_->what.command), line));
  std::string& text = action_->error_text;
  text.append(Printable(line)).append("\n");
  if (text.size() > kMaxErrorBytes) text.erase(0, text.size() - kMaxErrorBytes);
}

void Updates::AddPollFds(std::vector<pollfd>& fds) const {
  if (action_) action_->child->AddPollFds(fds);
}

void Updates::Run(WallTime now) {
  if (!action_) return;
  action_->heard = now;
  if (!action_->child->Run()) return;
  CommandResult result = Judge(*action_, now);
  UpdateStatus& status = status_ ? *status_ : status_.emplace();
  if (result.command == Command::kRefresh && result.status == CommandStatus::kSuccess) {
    auto report = DecodeReport(action_->child->output());
    if (report) {
      status.available = *std::move(report);
    } else {
      result.status = CommandStatus::kFailed;
      result.exit_status = 1;
      result.error_text = fmt::format("updog's report: {}", report.error().message());
    }
  }
  ReadPartitionsAgain();
  Finish(action_->what.started, std::move(result));
  action_.reset();
}

CommandResult Updates::Judge(const Action& action, WallTime now) const {
  const ChildEnd end = action.child->end();
  CommandResult result{.command = action.what.command,
                       .status = CommandStatus::kSuccess,
                       .timestamp = Timestamp(now),
                       .exit_status = static_cast<std::uint32_t>(end.exit_status),
                       .error_text = action.error_text};
  if (end.exit_status != 0) result.status = CommandStatus::kFailed;
  if (end.signal == 0) return result;
  result.status = CommandStatus::kFailed;
  result.exit_status = static_cast<std::uint32_t>(end.signal);
  result.error_text += action.interrupted
                           ? "ended, because the API server was stopped\n"
                           : fmt::format("updog was ended by signal {} ({})\n", end.signal,
                                         strsignal(end.signal));  // NOLINT(concurrency-mt-unsafe)
  return result;
}

void Updates::Finish(const std::string& started, CommandResult result) {
  base::log::Info(fmt::format("{}: {}", CommandName(result.command), StatusName(result.status)));
  if (!status_) status_.emplace();
  results_.insert_or_assign(result.command, result);
  status_->last = std::move(result);
  Render();
  const auto stored = file_.End(*status_, started);
  // The answer stands all the same; only a restart of the server would lose it.
  if (!stored) base::log::Error(stored.error().message());
}

bool Updates::ReadPartitionsAgain() {
  auto partitions = ReadPartitions(options_.config, options_.machine);
  const bool is_known = partitions.has_value();
  if (!status_) status_.emplace();
  if (is_known) {
    status_->partitions = *std::move(partitions);
  } else {
    base::log::Warning(partitions.error().message());
  }
  Render();
  return is_known;
}

void Updates::Render() {
  if (status_) answer_ = base::json::Serialize(EncodeStatus(*status_), Style::kCompact);
}

void Updates::Interrupt() {
  stopping_ = true;
  if (!action_) return;
  action_->interrupted = true;
  action_->child->Signal(SIGTERM);
}

}  // namespace api
