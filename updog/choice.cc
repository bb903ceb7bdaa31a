#include "updog/choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <compare>
#include <cstddef>
#include <utility>

namespace updog {
namespace {

struct Reason {
  Verdict verdict;
  std::string why;
};

// "wave 3 starts 2026-12-01T04:00:00Z; this host's turn is 04:37:12Z"
std::string DescribeTurn(const Turn& turn) {
  constexpr std::size_t kDateWidth = std::string_view("2026-12-01T").size();
  const std::string starts = base::FormatTime(turn.wave_starts);
  std::string own = base::FormatTime(turn.at);
  if (own.substr(0, kDateWidth) == starts.substr(0, kDateWidth)) own.erase(0, kDateWidth);
  return fmt::format("wave {} starts {}; this host's turn is {}", turn.wave + 1, starts, own);
}

class Chooser {
 public:
  Chooser(const Manifest& manifest, const Host& host, const Wishes& wishes, base::Time now)
      : manifest_(manifest), host_(host), wishes_(wishes), now_(now) {}

  Choice Run() {
    Choice choice;
    std::vector<std::size_t> candidates = Sift(choice);
    for (const std::size_t index : candidates) {
      const Update& update = manifest_.updates[index];
      Reason reason = Weigh(update, choice.chosen);
      if (reason.verdict == Verdict::kChosen) choice.chosen = &update;
      choice.candidates.push_back(&update);
      choice.judgements[index] = {&update, reason.verdict, std::move(reason.why)};
    }
    choice.halted = FindHalted(nullptr);
    choice.why = Summarize(choice);
    return choice;
  }

 private:
  // Fills in a judgement for each update that is no candidate; the others' indexes, newest first.
  std::vector<std::size_t> Sift(Choice& choice) const {
    std::vector<std::size_t> candidates;
    for (const Update& update : manifest_.updates) {
      std::optional<Reason> reason = Exclude(update);
      if (!reason) candidates.push_back(choice.judgements.size());
      Reason known = std::move(reason).value_or(Reason{Verdict::kOlder, ""});
      choice.judgements.push_back({&update, known.verdict, std::move(known.why)});
    }
    // Equal ones (their build metadata may differ) stay in the manifest's order.
    std::ranges::sort(candidates, [this](std::size_t a, std::size_t b) {
      const std::weak_ordering order =
          manifest_.updates[a].version <=> manifest_.updates[b].version;
      return order == 0 ? a < b : order > 0;
    });
    return candidates;
  }

  // Why an update is no candidate for this host, if so.
  std::optional<Reason> Exclude(const Update& update) const {
    if (update.variant != host_.variant) {
      return Reason{Verdict::kOtherVariant, fmt::format("for variant {}", update.variant)};
    }
    if (update.arch != host_.arch) {
      return Reason{Verdict::kOtherArch, fmt::format("for architecture {}", update.arch)};
    }
    if (update.version > update.max_version) {
      return Reason{Verdict::kAboveMaxVersion,
                    fmt::format("version {} is withdrawn: the maximum is {}", update.version.text(),
                                update.max_version.text())};
    }
    if (update.waves_fault) {
      return Reason{Verdict::kWavesUnusable,
                    fmt::format("version {} has unusable waves: {}", update.version.text(),
                                *update.waves_fault)};
    }
    const std::optional<Turn> turn = TurnOf(update.waves, host_.seed);
    if (wishes_.waves == WavePolicy::kHonour && turn && now_ < turn->at) {
      return Reason{Verdict::kNotYet, DescribeTurn(*turn)};
    }
    return std::nullopt;
  }

  // What becomes of a candidate, given what was chosen among the newer ones.
  Reason Weigh(const Update& update, const Update* chosen) const {
    const Version& version = update.version;
    if (wishes_.forced) {
      if (version == *wishes_.forced) return {Verdict::kChosen, "asked for"};
      return {Verdict::kNotWanted, fmt::format("version {} was asked for", wishes_.forced->text())};
    }
    if (wishes_.lock.version && version != *wishes_.lock.version) {
      return {Verdict::kNotWanted, fmt::format("locked to {}", wishes_.lock.version->text())};
    }
    if (version == host_.version) {
      return {Verdict::kRunning, fmt::format("version {} is running", version.text())};
    }
    if (const auto failure = wishes_.failed.find(version); failure != wishes_.failed.end()) {
      return {Verdict::kFailedHere,
              fmt::format("version {} {} and is not tried again", version.text(), failure->second)};
    }
    if (wishes_.lock.version)
      return {Verdict::kChosen, fmt::format("locked to {}", version.text())};
    return WeighByAge(update, chosen);
  }

  Reason WeighByAge(const Update& update, const Update* chosen) const {
    const bool withdrawn = update.max_version < host_.version;
    if (update.version <= host_.version && !withdrawn) {
      return {Verdict::kOlder, fmt::format("not newer than the running {}", host_.version.text())};
    }
    if (chosen != nullptr) {
      return {Verdict::kNewerChosen, fmt::format("{} is newer", chosen->version.text())};
    }
    if (withdrawn) {
      return {Verdict::kChosen, fmt::format("the running {} was withdrawn: the maximum is {}",
                                            host_.version.text(), update.max_version.text())};
    }
    return {Verdict::kChosen, "the newest version for this host"};
  }

  // The judgement that answers for all, or the state of things where there is none.
  std::string Summarize(const Choice& choice) const {
    if (choice.chosen != nullptr) return WhyOf(choice, choice.chosen);
    const std::string kind = fmt::format("variant {} on {}", host_.variant, host_.arch);
    const Version* wanted = Wanted();
    if (wanted != nullptr) {
      for (const Judgement& judgement : choice.judgements) {
        if (IsOurs(*judgement.update) && judgement.update->version == *wanted) return judgement.why;
      }
      if (const Update* halted = FindHalted(wanted)) return WhyHalted(*halted);
      return fmt::format("the repository has no version {} for {}", wanted->text(), kind);
    }
    const Judgement* newest = nullptr;
    for (const Judgement& judgement : choice.judgements) {
      if (!IsOurs(*judgement.update)) continue;
      if (newest == nullptr || judgement.update->version > newest->update->version) {
        newest = &judgement;
      }
    }
    if (newest == nullptr && choice.halted != nullptr) return WhyHalted(*choice.halted);
    if (newest == nullptr) return fmt::format("the repository has no update for {}", kind);
    const bool leads_on =
        newest->update->version > host_.version || newest->update->max_version < host_.version;
    if (leads_on) return newest->why;
    return fmt::format("already newest: version {} is running", host_.version.text());
  }

  // The one version that may be taken; null: any.
  const Version* Wanted() const {
    if (wishes_.forced) return &*wishes_.forced;
    return wishes_.lock.version ? &*wishes_.lock.version : nullptr;
  }

  // The newest, or the one that is wanted, of those for this host.
  const Update* FindHalted(const Version* wanted) const {
    const Update* newest = nullptr;
    for (const Update& update : manifest_.halted) {
      if (!IsOurs(update) || (wanted != nullptr && update.version != *wanted)) continue;
      if (newest == nullptr || update.version > newest->version) newest = &update;
    }
    return newest;
  }

  static std::string WhyHalted(const Update& update) {
    return fmt::format("version {} is halted", update.version.text());
  }

  bool IsOurs(const Update& update) const {
    return update.variant == host_.variant && update.arch == host_.arch;
  }

  static std::string WhyOf(const Choice& choice, const Update* update) {
    const auto place = std::ranges::find(choice.judgements, update, &Judgement::update);
    return place->why;
  }

  const Manifest& manifest_;
  const Host& host_;
  const Wishes& wishes_;
  base::Time now_;
};

}  // namespace

base::Result<VersionLock> ParseVersionLock(std::string_view text) {
  if (text == "latest") return VersionLock{};
  std::string_view number = text;
  if (number.starts_with('v')) number.remove_prefix(1);
  auto version = Version::Parse(number);
  if (!version) {
    return base::Fail(base::ErrorCode::kUsage,
                      fmt::format("'{:.60}' is neither latest nor a version such as 1.2.3", text));
  }
  return VersionLock{.version = *std::move(version)};
}

Choice Choose(const Manifest& manifest, const Host& host, const Wishes& wishes, base::Time now) {
  return Chooser(manifest, host, wishes, now).Run();
}

}  // namespace updog
