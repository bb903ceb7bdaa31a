// TOML: wave schedules and migrations of a release.
// Dictionary: toml.dict
#include "updog/toml.h"

#include "tests/fuzz/fuzz.h"
#include "updog/manifest_editor.h"
#include "updog/schedule.h"
#include "updog/waves.h"

void fuzz::Run(std::string_view input) {
  static_cast<void>(updog::ParseToml(input));
  if (const auto schedule = updog::ParseSchedule(input); schedule.has_value()) {
    const updog::Waves waves =
        updog::MakeWaves(*schedule, base::Time(std::chrono::seconds(1'800'000'000)));
    Check(updog::DecodeWaves(updog::EncodeWaves(waves)).value() == waves,
          "a schedule makes waves that a host can read");
  }
  updog::ManifestEditor editor = updog::ManifestEditor::Create();
  if (editor.SetMigrations(input).has_value())
    Check(updog::ParseManifest(editor.Serialize()).has_value(), "migrations make a manifest");
}
