// Update manifests: what can be read keeps the rules of waves, can be edited, and one update at
// most is chosen from it. Dictionary: manifest.dict
#include "updog/manifest.h"

#include <optional>
#include <string>

#include "tests/fuzz/fuzz.h"
#include "updog/choice.h"
#include "updog/manifest_editor.h"
#include "updog/migrations.h"

namespace {

using updog::Version;

void CheckWaves(const updog::Waves& waves) {
  fuzz::Check(updog::DecodeWaves(updog::EncodeWaves(waves)).value() == waves,
              "waves are written as they were read");
  std::optional<updog::Turn> before;
  for (std::uint32_t seed = 0; seed <= updog::kSeeds; seed += 64) {
    const std::optional<updog::Turn> turn = updog::TurnOf(waves, seed);
    fuzz::Check(turn.has_value() == !waves.empty(), "with waves every host has its turn");
    fuzz::Check(!before || !turn || before->at <= turn->at, "turns follow the seeds");
    before = turn;
  }
}

void CheckChoice(const updog::Manifest& manifest) {
  const updog::Host host{
      .variant = "v", .arch = "x86_64", .version = Version::Parse("1.1.0").value(), .seed = 77};
  const base::Time now(std::chrono::seconds(1'800'000'000));
  const updog::Choice choice = updog::Choose(manifest, host, {}, now);
  fuzz::Check(choice.judgements.size() == manifest.updates.size(), "every update is judged");
  std::size_t chosen = 0;
  for (const updog::Judgement& judgement : choice.judgements)
    chosen += judgement.verdict == updog::Verdict::kChosen ? 1 : 0;
  fuzz::Check(chosen == (choice.chosen == nullptr ? 0U : 1U), "at most one update is chosen");
  if (choice.chosen == nullptr) return;
  fuzz::Check(choice.chosen->variant == host.variant && choice.chosen->arch == host.arch,
              "the chosen one is for this host");
  static_cast<void>(
      updog::FindMigrations(manifest.migrations, host.version, choice.chosen->version));
}

}  // namespace

void fuzz::Run(std::string_view input) {
  const base::Result<updog::Manifest> manifest = updog::ParseManifest(input);
  const bool faultless = updog::FindFaults(input).empty();
  Check(manifest.has_value() || !faultless, "what cannot be read has a fault");
  const base::Result<updog::ManifestEditor> editor = updog::ManifestEditor::Parse(input);
  Check(manifest.has_value() || !editor.has_value(), "a host reads what a publisher reads");
  Check(editor.has_value() || !faultless, "what has no fault can be edited");
  if (!editor.has_value()) return;
  Check(updog::ParseManifest(editor->Serialize()).has_value(), "unchanged, it stays a manifest");
  for (const updog::Update& update : manifest->updates) {
    if (!update.waves_fault) CheckWaves(update.waves);
  }
  CheckChoice(*manifest);
}
