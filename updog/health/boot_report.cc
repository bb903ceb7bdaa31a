#include "updog/health/boot_report.h"

#include <fmt/format.h>

#include <functional>
#include <utility>

#include "base/log.h"
#include "updog/history.h"

namespace updog {
namespace {

using signpost::SetStatus;

// Reads the history, changes it and writes it back. Failing to is logged; see the header.
void UpdateHistory(const BootContext& context, const std::function<void(History&)>& change) {
  base::Result<History> history = ReadHistory(context.state_dir);
  if (!history) {
    base::log::Error(history.error().message());
    history = History{};
  }
  const History before = *history;
  change(*history);
  if (*history == before) return;
  const base::Result<> written = WriteHistory(context.state_dir, *history);
  if (!written) base::log::Error(written.error().message());
}

// What the history now says of the set that does not run, if something was added: the reason for a
// fallback belongs into this boot's log.
void LogNews(const History& before, const History& after) {
  for (std::size_t i = 0; i < before.attempts.size() && i < after.attempts.size(); ++i) {
    const Attempt& attempt = after.attempts[i];
    if (attempt.trials == before.attempts[i].trials || attempt.trials.empty()) continue;
    const Trial& last = attempt.trials.back();
    if (last.outcome == Outcome::kRunning) continue;
    base::log::Warning(fmt::format("{} on set {}: {}: {}", attempt.version.text(),
                                   partitions::SlotName(attempt.set), OutcomeName(last.outcome),
                                   last.reason));
  }
}

base::Result<BootReport> MakeReport(const BootContext& context) {
  const signpost::Status status = TRY(context.signpost.ReadStatus());
  const partitions::Slot other = partitions::Other(status.active);
  const SetStatus* const running_set = status.set(status.active);
  const SetStatus* const other_set = status.set(other);
  BootReport report;
  report.variant = context.os_release.variant_id;
  report.version = TRY_CONTEXT(Version::Parse(context.os_release.version_id), "VERSION_ID");
  report.running = status.active;
  if (running_set != nullptr) report.running_flags = running_set->flags;
  if (other_set != nullptr) report.other_flags = other_set->flags;
  report.other_not_loaded = NotLoaded(ReadBootLog(context.evidence), other);
  report.panic = ReadPanic(context.evidence);
  return report;
}

}  // namespace

base::Result<> RecordThisStart(BootContext& context, base::Time now) {
  const BootReport report = TRY(MakeReport(context));
  UpdateHistory(context, [&](History& history) {
    const History before = history;
    RecordStart(history, report, now);
    LogNews(before, history);
  });
  // Only now: a cut before this line finds the panic again, and counts it once all the same.
  return ClearPanics(context.evidence);
}

base::Result<> ConfirmBoot(BootContext& context, base::Time now) {
  TRY(context.signpost.MarkSuccessfulBoot());
  const signpost::Status status = TRY(context.signpost.ReadStatus());
  const SetStatus* const running = status.set(status.active);
  const std::uint8_t tries_left = running == nullptr ? 0 : running->flags.tries_left;
  UpdateHistory(context,
                [&](History& history) { RecordGood(history, status.active, tries_left, now); });
  return {};
}

base::Result<> GiveUpBoot(BootContext& context, const std::string& reason, base::Time now) {
  const signpost::Status status = TRY(context.signpost.ReadStatus());
  const base::Result<BootReport> report = MakeReport(context);
  UpdateHistory(context, [&](History& history) {
    if (report) RecordStartOnce(history, *report, now);
    RecordUnhealthy(history, status.active, reason, now);
  });
  // A version that never was good has said what there is to say: its other tries would change
  // nothing. One that once was good gets them; what is wrong may pass.
  const SetStatus* const running = status.set(status.active);
  if (running == nullptr || running->flags.successful || running->flags.tries_left == 0) return {};
  const signpost::UpdateLock lock = TRY(context.signpost.LockForUpdate());
  return context.signpost.RollbackToInactive(lock);
}

}  // namespace updog
