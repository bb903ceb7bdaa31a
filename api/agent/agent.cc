#include "api/agent/agent.h"

#include <fmt/format.h>

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
// A look, a preparation, a restart, and one more look in between.
constexpr int kMaxSteps = 6;
constexpr int kExitNoUpdate = 3;

// What cannot be read counts as nothing remembered: a look too many does no harm.
AgentMemory ReadMemory(const std::string& path) {
  const auto text = base::ReadFile(path, kMaxMemoryBytes);
  if (!text) return {};
  const auto document = base::json::Parse(*text);
  auto memory = document ? AgentMemoryFromJson(*document)
                         : base::Result<AgentMemory>(std::unexpected(document.error()));
  if (memory) return *std::move(memory);
  base::log::Warning(fmt::format("{}: {}; nothing is remembered", path, memory.error().message()));
  return {};
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
  Run(const AgentPaths& paths, const AgentSettings& settings, const AgentWorld& world)
      : paths_(paths), settings_(settings), world_(world), memory_(ReadMemory(paths.memory)) {}

  // Answers whether there may be more to do.
  base::Result<bool> TakeStep() {
    const base::Time now = world_.now();
    const AgentDecision decision = Decide(settings_, world_.boot, memory_, now, world_.random);
    base::log::Info(decision.why);
    const base::Result<> done = Take(decision.step, now);
    if (!done) RememberFailure(memory_, now, world_.random);
    TRY(WriteMemory(paths_.memory, memory_));
    TRY(base::Result<>(done));
    return decision.step != AgentStep::kNothing && decision.step != AgentStep::kRestart;
  }

 private:
  base::Result<> Take(AgentStep step, base::Time now) {
    switch (step) {
      case AgentStep::kNothing:
        return {};
      case AgentStep::kGreetGoodBoot:
        return GreetGoodBoot();
      case AgentStep::kCheck:
        return Check(now);
      case AgentStep::kPrepare:
        return Prepare();
      case AgentStep::kRestart:
        return Restart();
    }
    return {};
  }

  base::Result<> Check(base::Time now) {
    const base::ChildProcessEnd end = TRY(Updog({"check-update"}, std::chrono::minutes(15)));
    if (!end.succeeded() && end.exit_status != kExitNoUpdate) return Failed("check-update", end);
    const std::string version = end.succeeded() ? VersionIn(end.output) : "";
    RememberCheck(memory_, settings_, version, now, world_.random);
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

  base::Result<> Restart() {
    const AwaitedBoot awaited = {
        .from = world_.running_version, .to = memory_.prepared, .boot_id = world_.boot.boot_id};
    TRY(Hook(settings_.before_reboot, awaited));
    // Before the restart, which ends this program somewhere.
    RememberRestart(memory_, awaited);
    TRY(WriteMemory(paths_.memory, memory_));
    const base::ChildProcessEnd end =
        TRY(Updog({"--progress", "none", "update", "--reboot"}, std::chrono::hours(12)));
    if (end.succeeded()) return {};
    memory_.awaited_boot.reset();
    return Failed("update --reboot", end);
  }

  base::Result<> GreetGoodBoot() {
    TRY(Hook(settings_.after_good_boot, *memory_.awaited_boot));
    RememberGoodBoot(memory_);
    return {};
  }

  base::Result<> Hook(const std::string& name, const AwaitedBoot& awaited) const {
    if (name.empty()) return {};
    const base::ChildProcessEnd end = TRY_CONTEXT(
        base::RunChildProcess(
            {.command = {fmt::format("{}/{}", paths_.hooks, name)},
             .environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "UPDOG_FROM=" + awaited.from,
                             "UPDOG_TO=" + awaited.to, "UPDOG_RUNNING=" + world_.running_version},
             .time_limit = std::chrono::minutes(30)}),
        fmt::format("hook {}", name));
    if (!end.succeeded()) return Failed(fmt::format("hook {}", name), end);
    return {};
  }

  base::Result<base::ChildProcessEnd> Updog(std::vector<std::string> arguments,
                                            std::chrono::milliseconds time_limit) const {
    arguments.insert(arguments.begin(), paths_.updog);
    return base::RunChildProcess({.command = std::move(arguments), .time_limit = time_limit});
  }

  static base::Result<> Failed(std::string_view what, const base::ChildProcessEnd& end) {
    return base::Fail(ErrorCode::kFailed, fmt::format("{}: {}", what, end.description));
  }

  const AgentPaths& paths_;
  const AgentSettings& settings_;
  const AgentWorld& world_;
  AgentMemory memory_;
};

}  // namespace

base::Result<> RunAgent(const AgentPaths& paths, const AgentSettings& settings,
                        const AgentWorld& world) {
  const base::FileLock lock = TRY(base::FileLock::Acquire(paths.memory + ".lock"));
  Run run(paths, settings, world);
  for (int steps = 0; steps < kMaxSteps && TRY(run.TakeStep()); ++steps) {
  }
  return {};
}

}  // namespace api
