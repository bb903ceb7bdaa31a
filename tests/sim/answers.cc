#include "tests/sim/answers.h"

#include <algorithm>

#include "updog/choice.h"
#include "updog/waves.h"

namespace sim {

void Answers::Offer(updog::Manifest manifest) {
  manifest_ = std::move(manifest);
  phases_.clear();
}

VersionIndex Answers::IndexOf(const updog::Version& version) const {
  return static_cast<VersionIndex>(std::ranges::find(versions_, version) - versions_.begin());
}

VersionIndex Answers::Of(VersionIndex running, FailedSet failed, std::uint32_t seed,
                         base::Time now) {
  std::vector<Phases>& by_seed = phases_[{running, failed}];
  if (by_seed.empty()) by_seed.resize(updog::kSeeds);
  Phases& phases = by_seed[seed];
  if (phases.empty()) phases = Ask(running, failed, seed);
  const auto next = std::ranges::upper_bound(phases, now, {}, &Phase::from);
  return std::prev(next)->chosen;
}

Answers::Phases Answers::Ask(VersionIndex running, FailedSet failed, std::uint32_t seed) const {
  const updog::Host host{
      .variant = "demo", .arch = "x86_64", .version = versions_[running], .seed = seed};
  updog::Wishes wishes;
  for (std::size_t i = 0; i < versions_.size(); ++i) {
    if ((failed >> i & 1) != 0) wishes.failed.emplace(versions_[i], "failed");
  }
  std::vector<base::Time> turns = {base::Time::min()};
  for (const updog::Update& update : manifest_.updates) {
    if (const auto turn = updog::TurnOf(update.waves, seed)) turns.push_back(turn->at);
  }
  std::ranges::sort(turns);
  Phases phases;
  for (const base::Time turn : turns) {
    const updog::Update* chosen = updog::Choose(manifest_, host, wishes, turn).chosen;
    phases.push_back({turn, chosen == nullptr ? kNoVersion : IndexOf(chosen->version)});
  }
  return phases;
}

}  // namespace sim
