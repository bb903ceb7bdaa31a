// FindFaults() of manifest.h: what a publisher should know before signing.
#include <fmt/format.h>

#include <utility>

#include "updog/halted.h"
#include "updog/manifest.h"
#include "updog/manifest_decoder.h"

namespace updog {
namespace {

using Faults = std::vector<Fault>;

bool SameKind(const Update& a, const Update& b) {
  return a.variant == b.variant && a.arch == b.arch;
}

// Whether a host that took `from` would be sent to `to` as to the last good release, and so could
// be sent to `from` again. (A version above its own maximum is withdrawn, and nobody takes it.)
bool SendsBack(const Update& from, const Update& to) {
  return from.version <= from.max_version && from.version > to.max_version;
}

// What is well formed and cannot be meant. Only what could be read can contradict.
void NoteContradictions(const DecodedManifest& decoded, Faults& faults) {
  const std::vector<Update>& updates = decoded.manifest.updates;
  for (std::size_t i = 0; i < updates.size(); ++i) {
    const Update& update = updates[i];
    for (std::size_t j = 0; j < updates.size(); ++j) {
      const Update& other = updates[j];
      if (!decoded.sound[i] || !decoded.sound[j] || !SameKind(update, other)) continue;
      if (j < i && update.version == other.version) {
        faults.push_back({Inside("updates", i),
                          fmt::format("{} {} for {} is listed already as updates[{}]",
                                      update.variant, update.version.text(), update.arch, j)});
      }
      if (SendsBack(other, update)) {
        faults.push_back({Inside("updates", i),
                          fmt::format("max_version {} is below version {} of updates[{}], which is "
                                      "offered: hosts would go back and forth",
                                      update.max_version.text(), other.version.text(), j)});
      }
    }
  }
}

void NoteWaves(const Update& update, const std::string& place, Faults& faults) {
  if (!update.waves_fault) return;
  for (std::string& fault : FindWavesFaults(*update.source.object()->Find("waves"))) {
    faults.push_back({Inside(place, "waves"), std::move(fault)});
  }
}

}  // namespace

std::vector<Fault> FindFaults(std::string_view text) {
  auto document = base::json::Parse(text, {.duplicates = base::json::Duplicates::kKeep});
  if (!document) return {{"", document.error().message()}};
  Faults of_halted;
  std::vector<HaltedUpdate> halted;
  if (document->object() != nullptr) halted = ReadHalted(*document->object(), of_halted);
  const DecodedManifest decoded = DecodeNotingFaults(*std::move(document));
  Faults faults = decoded.faults;
  faults.insert(faults.end(), of_halted.begin(), of_halted.end());
  const std::vector<Update>& updates = decoded.manifest.updates;
  for (std::size_t i = 0; i < updates.size(); ++i) {
    NoteWaves(updates[i], Inside("updates", i), faults);
  }
  for (std::size_t i = 0; i < halted.size(); ++i) {
    NoteWaves(halted[i].update, Inside(Inside("halted", i), "update"), faults);
  }
  NoteContradictions(decoded, faults);
  return faults;
}

}  // namespace updog
