#include "updog/updata/commands.h"

#include <fmt/format.h>

#include <cstdio>
#include <functional>
#include <utility>

#include "base/bytes.h"
#include "base/exit_status.h"
#include "base/file.h"
#include "base/log.h"
#include "updog/schedule.h"
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
  (void)std::fputs(Describe(manifest).c_str(), stdout);
  return base::kExitDone;
}

base::Result<int> AddUpdate(const std::string& file, const NewUpdate& update) {
  return Edit(file, [&](ManifestEditor& editor) { return editor.AddUpdate(update); });
}

base::Result<int> RemoveUpdate(const std::string& file, const Selector& selector) {
  return Edit(file, [&](ManifestEditor& editor) { return editor.RemoveUpdates(selector); });
}

base::Result<int> SetWaves(const std::string& file, const Selector& selector,
                           const std::string& wave_file, base::Time start) {
  const std::string toml = TRY(base::ReadFile(wave_file, kMaxTomlBytes));
  const Schedule schedule = TRY_CONTEXT(ParseSchedule(toml), wave_file);
  WarnOfShortSchedule(wave_file, schedule);
  const Waves waves = MakeWaves(schedule, start);
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

}  // namespace updog::updata
