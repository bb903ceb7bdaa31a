#include "updog/updata/commands.h"

#include <fmt/format.h>

#include <cstdio>
#include <functional>
#include <utility>

#include "base/bytes.h"
#include "base/exit_status.h"
#include "base/file.h"
#include "base/log.h"
#include "updog/shipped_schedules.h"
#include "updog/updata/gnuplot.h"
#include "updog/updata/preview.h"
#include "updog/updata/show.h"

namespace updog::updata {
namespace {

using base::ErrorCode;

constexpr std::uint64_t kMaxTomlBytes = std::uint64_t{1} << 20;

base::Result<> Save(const std::string& file, const ManifestEditor& editor) {
  return base::ReplaceFile(file, base::AsBytes(editor.Serialize()));
}

// Reads, edits, writes.
base::Result<int> Edit(const std::string& file,
                       const std::function<base::Result<>(ManifestEditor&)>& edit) {
  const std::string text = TRY(base::ReadFile(file, kMaxManifestBytes));
  ManifestEditor editor = TRY_CONTEXT(ManifestEditor::Parse(text), file);
  TRY_CONTEXT(edit(editor), file);
  TRY(Save(file, editor));
  return base::kExitDone;
}

void WarnOfShortSchedule(const std::string& wave_file, const Schedule& schedule) {
  const std::uint32_t percentage = schedule.waves.back().fleet_percentage;
  if (percentage == 100) return;
  base::log::Warning(fmt::format("{}: the last wave says {} % and reaches everybody all the same",
                                 wave_file, percentage));
}

// Of the one update of the manifest that is selected; a release is taken to start with its first
// wave, since the manifest does not say.
base::Result<Preview> PreviewManifest(const PreviewRequest& request) {
  const std::string text = TRY(base::ReadFile(request.input, kMaxManifestBytes));
  const Manifest manifest = TRY_CONTEXT(ParseManifest(text), request.input);
  const Update* found = nullptr;
  for (const Update& update : manifest.updates) {
    if (!Selects(request.selector, update)) continue;
    if (found != nullptr) {
      return base::Fail(ErrorCode::kUsage, fmt::format("{}: several updates: name one with "
                                                       "--version, --variant and --arch",
                                                       request.input));
    }
    found = &update;
  }
  if (found == nullptr) {
    return base::Fail(ErrorCode::kNotFound, fmt::format("{}: no such update", request.input));
  }
  if (found->waves_fault) return base::Fail(ErrorCode::kMalformed, *found->waves_fault);
  return Preview{
      .title = fmt::format("{} {} for {}", found->variant, found->version.text(), found->arch),
      .waves = found->waves,
      .start = found->waves.empty() ? request.start : found->waves.front().start,
      .hosts = request.hosts};
}

base::Result<Preview> MakePreview(const PreviewRequest& request) {
  if (request.input.ends_with(".json")) return PreviewManifest(request);
  const Schedule schedule = TRY(LoadSchedule(request.input));
  WarnOfShortSchedule(request.input, schedule);
  return Preview{
      .title = fmt::format("{}, started {}", request.input, base::FormatTime(request.start)),
      .waves = MakeWaves(schedule, request.start),
      .start = request.start,
      .hosts = request.hosts};
}

}  // namespace

base::Result<int> Init(const std::string& file) {
  const auto existing = base::ReadFile(file, kMaxManifestBytes);
  if (existing || existing.error().code() != ErrorCode::kNotFound) {
    return base::Fail(ErrorCode::kState, fmt::format("{} exists already", file));
  }
  TRY(Save(file, ManifestEditor::Create()));
  return base::kExitDone;
}

base::Result<int> Validate(const std::string& file) {
  const std::string text = TRY(base::ReadFile(file, kMaxManifestBytes));
  const std::vector<Fault> faults = FindFaults(text);
  for (const Fault& fault : faults) {
    (void)std::fputs(fmt::format("updata: {}: {}\n", file, fault.Line()).c_str(), stderr);
  }
  return faults.empty() ? base::kExitDone : base::kExitFailed;
}

base::Result<int> Show(const std::string& file) {
  const std::string text = TRY(base::ReadFile(file, kMaxManifestBytes));
  const Manifest manifest = TRY_CONTEXT(ParseManifest(text), file);
  const base::json::Value document = TRY(base::json::Parse(text, {base::json::Duplicates::kKeep}));
  const std::vector<HaltedUpdate> halted = TRY_CONTEXT(DecodeHalted(*document.object()), file);
  (void)std::fputs(Describe(manifest, halted).c_str(), stdout);
  return base::kExitDone;
}

base::Result<int> AddUpdate(const std::string& file, const NewUpdate& update) {
  return Edit(file, [&](ManifestEditor& editor) { return editor.AddUpdate(update); });
}

base::Result<int> RemoveUpdate(const std::string& file, const Selector& selector) {
  return Edit(file, [&](ManifestEditor& editor) { return editor.RemoveUpdates(selector); });
}

base::Result<int> SetWaves(const std::string& file, const Selector& selector,
                           const std::string& schedule, base::Time start) {
  const Schedule loaded = TRY(LoadSchedule(schedule));
  WarnOfShortSchedule(schedule, loaded);
  const Waves waves = MakeWaves(loaded, start);
  return Edit(file, [&](ManifestEditor& editor) { return editor.SetWaves(selector, waves); });
}

base::Result<int> SetMaxVersion(const std::string& file, const Selector& selector,
                                const Version& max_version) {
  return Edit(file,
              [&](ManifestEditor& editor) { return editor.SetMaxVersion(selector, max_version); });
}

base::Result<int> SetMigrations(const std::string& file, const std::string& release_file) {
  const std::string toml = TRY(base::ReadFile(release_file, kMaxTomlBytes));
  return Edit(file, [&](ManifestEditor& editor) -> base::Result<> {
    TRY_CONTEXT(editor.SetMigrations(toml), release_file);
    return {};
  });
}

base::Result<int> PreviewWaves(const PreviewRequest& request) {
  const Preview preview = TRY(MakePreview(request));
  for (const std::string& path : request.plots) TRY(RunGnuplot(TRY(FilePlot(preview, path))));
  if (request.seed) {
    (void)std::fputs(SeedLine(preview, *request.seed).c_str(), stdout);
    return base::kExitDone;
  }
  (void)std::fputs(WaveTable(preview).c_str(), stdout);
  (void)std::fflush(stdout);
  // With plots in files nobody needs those of letters.
  if (request.plots.empty()) TRY(RunGnuplot(TerminalPlot(preview)));
  return base::kExitDone;
}

}  // namespace updog::updata
