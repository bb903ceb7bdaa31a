#include "api/apiclient/action.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "api/apiclient/status_text.h"
#include "base/text.h"
#include "updog/progress_view.h"

namespace api {
namespace {

using base::ErrorCode;
using base::json::Object;
using base::json::Value;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A refresh is over in less than the first, a download takes many of the last.
constexpr milliseconds kFirstPause(20);
constexpr milliseconds kLongestPause(250);
// As long as systemd may take to start a server anew.
constexpr std::chrono::seconds kRestartTime(15);

const char* PathOf(Command command) {
  switch (command) {
    case Command::kRefresh:
      return "/actions/refresh-updates";
    case Command::kPrepare:
      return "/actions/prepare-update";
    case Command::kActivate:
      return "/actions/activate-update";
    case Command::kDeactivate:
      return "/actions/deactivate-update";
  }
  return "";
}

std::size_t TerminalColumns() {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

void WriteStderr(std::string_view text) {
  (void)std::fwrite(text.data(), 1, text.size(), stderr);
  (void)std::fflush(stderr);
}

updog::ProgressView MakeView(Format format) {
  updog::ProgressStyle style = updog::ProgressStyle::kLines;
  if (isatty(STDERR_FILENO) == 1) style = updog::ProgressStyle::kBar;
  if (format == Format::kJson) style = updog::ProgressStyle::kJson;
  return {style, WriteStderr, TerminalColumns};
}

class Waiter {
 public:
  explicit Waiter(Format format) : view_(MakeView(format)) {}

  // True: something ran.
  base::Result<bool> Wait(const Client& client) {
    auto ended = WaitForEnd(client);
    view_.End();
    return ended;
  }

 private:
  base::Result<bool> WaitForEnd(const Client& client) {
    bool ran = false;
    steady_clock::time_point answered = steady_clock::now();
    for (milliseconds pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
      const auto running = GetRunning(client);
      const steady_clock::time_point now = steady_clock::now();
      if (running) {
        if (running->object() == nullptr) return ran;
        ran = true;
        Show(*running->object(), now);
        answered = now;
      } else if (running.error().code() != ErrorCode::kNetwork || now - answered > kRestartTime) {
        return std::unexpected(running.error());
      }
      std::this_thread::sleep_for(pause);
    }
  }

  // The view remembers the name beyond the answer that it came in.
  static std::string_view Lasting(std::string_view image) {
    for (const std::string_view name : {"boot", "root", "hash"}) {
      if (image == name) return name;
    }
    return "image";
  }

  void Show(const Object& running, steady_clock::time_point now) {
    const auto state = ProgressOf(running);
    if (!state) return;
    updog::Progress progress = state->progress;
    progress.image = Lasting(progress.image);
    view_.Show(progress, now);
  }

  updog::ProgressView view_;
};

// Whether the host stands where the command was to bring it.
bool IsReached(const UpdateStatus& status, Command command) {
  const std::optional<PartitionStatus>& staging = status.partitions.staging;
  const UpdateState state = status.state();
  switch (command) {
    case Command::kRefresh:
      return false;
    case Command::kPrepare:
      return staging && staging->image == status.available.chosen;
    case Command::kActivate:
      return state == UpdateState::kReady;
    case Command::kDeactivate:
      return state == UpdateState::kStaged;
  }
  return false;
}

// An action that has ended meanwhile is waited for at once.
base::Result<bool> MayWait(const Client& client, WhenBusy when_busy) {
  if (when_busy != WhenBusy::kWaitForRefresh) return when_busy == WhenBusy::kWait;
  const Value running = TRY(GetRunning(client));
  if (running.object() == nullptr) return true;
  const std::string& type = *TRY(base::json::RequireString(*running.object(), "cmd_type"));
  return type == CommandName(Command::kRefresh);
}

base::Result<Object> GetProgress(const Client& client) {
  const Value document = TRY(client.GetJson("/updates/progress"));
  if (document.object() == nullptr) {
    return base::Fail(ErrorCode::kMalformed, "/updates/progress: no object");
  }
  return *document.object();
}

// How the command ended last, whatever ran after it; none: the server has started since.
base::Result<std::optional<CommandResult>> GetResult(const Client& client, Command command) {
  const Object progress = TRY(GetProgress(client));
  for (const Value& each : *TRY(base::json::RequireArray(progress, "results"))) {
    if (each.object() == nullptr) return base::Fail(ErrorCode::kMalformed, "results: no objects");
    CommandResult result = TRY(DecodeCommandResult(*each.object()));
    if (result.command == command) return result;
  }
  return std::nullopt;
}

base::Result<> CheckSucceeded(const Client& client, const UpdateStatus& status, Command command) {
  CommandResult result = status.last;
  if (result.command != command) {
    // An operator or updog-agent was there in between, and has undone nothing.
    if (IsReached(status, command)) return {};
    const std::optional<CommandResult> own = TRY(GetResult(client, command));
    const bool succeeded = own && own->status == CommandStatus::kSuccess;
    // To have looked is all that was wanted of it.
    if (succeeded && command == Command::kRefresh) return {};
    if (!own || succeeded) {
      return base::Fail(ErrorCode::kState,
                        fmt::format("somebody else ran {} meanwhile; see apiclient update status",
                                    CommandName(result.command)));
    }
    result = *own;
  }
  if (result.status == CommandStatus::kSuccess) return {};
  return base::Fail(ErrorCode::kFailed,
                    fmt::format("{} failed ({}): {}", CommandName(command), result.exit_status,
                                base::LastLine(result.error_text)));
}

// Asks again after an error that `passes`, once what runs has ended. Where nothing runs, what is
// left of an action before is about to end, or the server is: that has as long as a restart may
// take.
template <typename Ask, typename Passes>
auto AskAgain(const Client& client, Waiter& waiter, Ask ask, Passes passes) -> decltype(ask()) {
  auto answer = ask();
  steady_clock::time_point ran = steady_clock::now();
  while (!answer && TRY(passes(answer.error().code()))) {
    if (TRY(waiter.Wait(client))) {
      ran = steady_clock::now();
    } else if (steady_clock::now() - ran > kRestartTime) {
      break;
    } else {
      std::this_thread::sleep_for(kFirstPause);
    }
    answer = ask();
  }
  return answer;
}

// Starts the command, as soon as nothing else runs if it may wait for that.
base::Result<std::string> Begin(const Client& client, Command command, WhenBusy when_busy,
                                Waiter& waiter) {
  return AskAgain(
      client, waiter, [&] { return client.Request("POST", PathOf(command)); },
      [&](ErrorCode code) -> base::Result<bool> {
        return code == ErrorCode::kBusy && TRY(MayWait(client, when_busy));
      });
}

// The document, once nothing runs.
base::Result<UpdateStatus> AwaitStatus(const Client& client, Waiter& waiter) {
  TRY(waiter.Wait(client));
  return AskAgain(
      client, waiter, [&] { return GetUpdateStatus(client); },
      [](ErrorCode code) -> base::Result<bool> {
        return code == ErrorCode::kBusy || code == ErrorCode::kNetwork;
      });
}

}  // namespace

base::Result<Value> GetRunning(const Client& client) {
  const Object progress = TRY(GetProgress(client));
  return *TRY(base::json::Require(progress, "running"));
}

base::Result<UpdateStatus> GetUpdateStatus(const Client& client) {
  const Value document = TRY(client.GetJson("/updates/status"));
  return TRY_CONTEXT(DecodeStatus(document), "/updates/status");
}

base::Result<UpdateStatus> RunAction(const Client& client, Command command, Format format,
                                     WhenBusy when_busy) {
  Waiter waiter(format);
  const auto begun = Begin(client, command, when_busy, waiter);
  // Who waits for others may find that they have brought the host where it was to go.
  const bool may_be_reached =
      !begun && begun.error().code() == ErrorCode::kState && when_busy == WhenBusy::kWait;
  if (!begun && !may_be_reached) return std::unexpected(begun.error());
  UpdateStatus status = TRY(AwaitStatus(client, waiter));
  if (begun) {
    TRY(CheckSucceeded(client, status, command));
  } else if (!IsReached(status, command)) {
    return std::unexpected(begun.error());
  }
  return status;
}

}  // namespace api
