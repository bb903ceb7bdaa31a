#include "api/agent/agent.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/child_process.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "updog/version.h"

namespace api {
namespace {

using base::ErrorCode;

constexpr std::uint64_t kMaxMemoryBytes = 64 << 10;
// Taking a switch back, giving the host back, a look, a preparation, a restart, and once more where
// the update is another one by then.
constexpr int kMaxSteps = 8;
constexpr std::chrono::seconds kGrace{10};
constexpr int kExitNoUpdate = 3;

base::Result<AgentMemory> ReadMemory(const std::string& path) {
  const auto text = base::ReadFile(path, kMaxMemoryBytes);
  if (!text && text.error().code() == ErrorCode::kNotFound) return AgentMemory();
  return TRY_CONTEXT(AgentMemoryFromJson(TRY_CONTEXT(base::json::Parse(TRY(text)), path)), path);
}

// What was remembered is lost, and may have been a host without its work: it is given back, and
// nothing else is hurried.
AgentMemory AfterLoss(const AgentWorld& world) {
  AgentMemory memory;
  RememberFailure(memory.check, world.now(), world.random);
  const auto settings = world.settings();
  if (settings && !settings->after_good_boot.empty()) {
    memory.owed = {.name = settings->after_good_boot,
                   .from = world.boot.version,
                   .to = world.boot.version,
                   .backoff = {}};
  }
  return memory;
}

base::Result<> WriteMemory(const std::string& path, const AgentMemory& memory) {
  return base::ReplaceFile(path, base::AsBytes(base::json::Serialize(AgentMemoryToJson(memory),
                                                                     base::json::Style::kPretty)));
}

// The version of the line "VARIANT VERSION" that updog printed; empty where it printed none.
std::string VersionIn(std::string_view output) {
  std::string version;
  while (!output.empty()) {
    const std::size_t end = output.find('\n');
    const std::string_view line = output.substr(0, end);
    output.remove_prefix(end == std::string_view::npos ? output.size() : end + 1);
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) continue;
    const std::string_view word = line.substr(space + 1);
    if (updog::Version::Parse(word)) version = word;
  }
  return version;
}

class Run {
 public:
  // `stored` is what the file holds; none where that is not known.
  Run(const AgentOptions& options, const AgentWorld& world, AgentMemory memory,
      std::optional<AgentMemory> stored)
      : options_(options), world_(world), memory_(std::move(memory)), stored_(std::move(stored)) {}

  // Answers whether there may be more to do.
  base::Result<bool> TakeStep() {
    const base::Time now = world_.now();
    AgentSettings settings;
    std::optional<AgentDecision> decision =
        DecideOnRestart(world_.boot, memory_, now, world_.random);
    if (!decision) {
      settings = TRY(world_.settings());
      decision = Decide(settings, world_.boot, memory_, now, world_.random);
    }
    base::log::Info(decision->why);
    base::Result<bool> more = Take(decision->step, settings, now);
    if (!more) RememberFailure(BackoffOf(decision->step), world_.now(), world_.random);
    TRY(Store());
    return more;
  }

  // Of giving the host back, which does not keep the run from going on.
  const base::Result<>& given_back() const { return given_back_; }

 private:
  base::Result<bool> Take(AgentStep step, const AgentSettings& settings, base::Time now) {
    switch (step) {
      case AgentStep::kNothing:
        return false;
      case AgentStep::kTakeBack:
        return TakeBackOverdue();
      case AgentStep::kGiveBack:
        GiveBack();
        return true;
      case AgentStep::kCheck:
        TRY(Check(settings, now));
        return true;
      case AgentStep::kPrepare:
        TRY(RequireHooks(settings));
        TRY(Prepare());
        return true;
      case AgentStep::kRestart:
        return Restart(settings, now);
    }
    return false;
  }

  // Of the steps that can fail.
  Backoff& BackoffOf(AgentStep step) {
    if (step == AgentStep::kCheck) return memory_.check;
    return step == AgentStep::kPrepare ? memory_.update : memory_.restarting;
  }

  // A host that has nothing to do is asked hundreds of times a day.
  base::Result<> Store() {
    if (stored_ == memory_) return {};
    // Until it is known to be written.
    stored_.reset();
    TRY(WriteMemory(options_.memory, memory_));
    stored_ = memory_;
    return {};
  }

  base::Result<> Check(const AgentSettings& settings, base::Time now) {
    const base::ChildProcessEnd end = TRY(Updog({"check-update"}, std::chrono::minutes(15)));
    if (!end.succeeded() && end.exit_status != kExitNoUpdate) return Failed("check-update", end);
    const std::string version = end.succeeded() ? VersionIn(end.output) : "";
    RememberCheck(memory_, settings, version, now, world_.random);
    return {};
  }

  base::Result<> Prepare() {
    const base::ChildProcessEnd end =
        TRY(Updog({"--progress", "none", "update-image"}, std::chrono::hours(12)));
    if (!end.succeeded()) return Failed("update-image", end);
    // Empty where the repository has changed its mind meanwhile.
    RememberPrepared(memory_, VersionIn(end.output));
    return {};
  }

  // True: there is no restart to be had for what is prepared. False: it was ordered, or is not to
  // be now.
  base::Result<bool> Restart(const AgentSettings& settings, base::Time now) {
    // Days may have passed: it may be withdrawn, halted or locked, and nobody drains a host for
    // that.
    TRY(Check(settings, now));
    if (memory_.available != memory_.prepared) {
      base::log::Info(fmt::format("{} is no longer the update for this host", memory_.prepared));
      return true;
    }
    // The look may have taken long, and nobody drains a host for a window that has closed.
    const AgentSettings anew = TRY(world_.settings());
    if (const auto why = WhyNotNow(anew, memory_, world_.now())) {
      base::log::Info("no restart now: " + *why);
      return false;
    }
    TRY(RequireHooks(anew));
    RememberDrain(memory_, anew, world_.boot);
    // From here on the host may be without its work.
    TRY(Store());
    const base::Result<> ordered = DrainAndOrder(anew.before_reboot);
    if (ordered) return false;
    // While the restart is remembered as ordered: a run that is cut short here, or cannot take the
    // switch back, is followed by one that does.
    if (!memory_.restart->ordered_at || TakeBack()) memory_.restart.reset();
    GiveBack();
    return std::unexpected(ordered.error());
  }

  base::Result<> DrainAndOrder(const std::string& hook) {
    TRY(Hook(hook, memory_.restart->from, memory_.restart->to));
    // The hook had its time, and the settings may have been changed in it.
    const base::Time now = world_.now();
    if (const auto why = WhyNotNow(TRY(world_.settings()), memory_, now)) {
      return base::Fail(ErrorCode::kState, "no restart after all: " + *why);
    }
    memory_.restart->ordered_at = now;
    // Before the restart, which ends this program somewhere.
    TRY(Store());
    const base::ChildProcessEnd end = TRY(Updog(
        {"update-apply", "--image", memory_.restart->to, "--reboot"}, std::chrono::minutes(15)));
    if (end.succeeded()) return {};
    // Whatever lies in the inactive set: it is looked at anew.
    memory_.prepared.clear();
    return Failed("update-apply", end);
  }

  // Only of the version that the restart was for: somebody else may have applied another one.
  base::Result<> TakeBack() {
    const base::ChildProcessEnd end =
        TRY(Updog({"update-revert", "--image", memory_.restart->to}, std::chrono::minutes(15)));
    if (end.succeeded()) return {};
    const base::Result<> failed = Failed("update-revert", end);
    base::log::Error(failed.error().message());
    return failed;
  }

  base::Result<bool> TakeBackOverdue() {
    const base::Result<> taken_back = TakeBack();
    if (taken_back) {
      RememberNoRestart(memory_, world_.now(), world_.random);
      return true;
    }
    // The next run tries again; the host does not wait for that.
    GiveBack();
    return std::unexpected(taken_back.error());
  }

  void GiveBack() {
    if (!memory_.owed) return;
    const base::Result<> done = Hook(memory_.owed->name, memory_.owed->from, memory_.owed->to);
    if (done) return memory_.owed.reset();
    RememberFailure(memory_.owed->backoff, world_.now(), world_.random);
    base::log::Error(done.error().message());
    if (given_back_) given_back_ = done;
  }

  // A setting outlives the image whose hook it names.
  base::Result<> RequireHooks(const AgentSettings& settings) const {
    for (const std::string& name : {settings.before_reboot, settings.after_good_boot}) {
      if (name.empty() || access(HookPath(name).c_str(), X_OK) == 0) continue;
      return base::FailErrno(errno, fmt::format("hook {}: {}", name, HookPath(name)));
    }
    return {};
  }

  std::string HookPath(const std::string& name) const {
    return fmt::format("{}/{}", options_.hooks, name);
  }

  base::Result<> Hook(const std::string& name, const std::string& from,
                      const std::string& to) const {
    if (name.empty()) return {};
    const base::ChildProcessEnd end =
        TRY_CONTEXT(base::RunChildProcess(
                        {.command = {HookPath(name)},
                         .environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "UPDOG_FROM=" + from,
                                         "UPDOG_TO=" + to, "UPDOG_RUNNING=" + world_.boot.version},
                         .time_limit = options_.hook_time_limit,
                         .grace = kGrace}),
                    fmt::format("hook {}", name));
    if (!end.succeeded()) return Failed(fmt::format("hook {}", name), end);
    return {};
  }

  base::Result<base::ChildProcessEnd> Updog(std::vector<std::string> arguments,
                                            std::chrono::milliseconds time_limit) const {
    arguments.insert(arguments.begin(), options_.updog);
    return base::RunChildProcess(
        {.command = std::move(arguments), .time_limit = time_limit, .grace = kGrace});
  }

  static base::Result<> Failed(std::string_view what, const base::ChildProcessEnd& end) {
    return base::Fail(ErrorCode::kFailed, fmt::format("{}: {}", what, end.description));
  }

  const AgentOptions& options_;
  const AgentWorld& world_;
  AgentMemory memory_;
  std::optional<AgentMemory> stored_;
  base::Result<> given_back_;
};

}  // namespace

base::Result<> RunAgent(const AgentOptions& options, const AgentWorld& world) {
  const base::FileLock lock = TRY(base::FileLock::Acquire(options.memory + ".lock"));
  const base::Result<AgentMemory> read = ReadMemory(options.memory);
  if (!read) {
    base::log::Warning(fmt::format("{}; what was remembered is lost", read.error().message()));
  }
  Run run(options, world, read ? *read : AfterLoss(world),
          read ? std::optional(*read) : std::nullopt);
  for (int steps = 0; steps < kMaxSteps && TRY(run.TakeStep()); ++steps) {
  }
  return run.given_back();
}

}  // namespace api
