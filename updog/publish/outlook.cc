#include "updog/publish/outlook.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>

#include "updog/choice.h"
#include "updog/migrations.h"

namespace updog::publish {
namespace {

struct Kind {
  std::string variant;
  std::string arch;
  Version version;
  auto Key() const { return std::tie(variant, arch, version.text()); }
};

// Each version that is listed anywhere, once, in order.
std::vector<Kind> FindKinds(const Manifest& manifest, const std::vector<Update>& running) {
  std::vector<Kind> kinds;
  for (const std::vector<Update>* updates : {&manifest.updates, &running}) {
    for (const Update& update : *updates) {
      kinds.push_back({update.variant, update.arch, update.version});
    }
  }
  std::ranges::sort(kinds, [](const Kind& a, const Kind& b) {
    if (a.variant != b.variant) return a.variant < b.variant;
    if (a.arch != b.arch) return a.arch < b.arch;
    return a.version < b.version;
  });
  const auto [first, last] =
      std::ranges::unique(kinds, {}, [](const Kind& kind) { return kind.Key(); });
  kinds.erase(first, last);
  return kinds;
}

const Update* ChoiceOf(const Manifest& manifest, const Kind& kind, std::uint32_t seed,
                       base::Time now) {
  return Choose(manifest,
                {.variant = kind.variant, .arch = kind.arch, .version = kind.version, .seed = seed},
                {}, now)
      .chosen;
}

Spread SpreadOf(const Waves& waves, base::Time now) {
  std::vector<base::Time> turns;
  for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
    const std::optional<Turn> turn = TurnOf(waves, seed);
    turns.push_back(turn ? std::max(turn->at, now) : now);
  }
  std::ranges::sort(turns);
  return {.first = turns.front(), .half = turns[kSeeds / 2 - 1], .all = turns.back()};
}

base::Result<Outlook> FindOutlook(const Manifest& manifest, const Kind& kind, base::Time now) {
  Outlook outlook{.variant = kind.variant,
                  .arch = kind.arch,
                  .from = kind.version,
                  .to = {},
                  .spread = {.first = now, .half = now, .all = now},
                  .meanwhile = {}};
  // At the end of time all waves have passed.
  const Update* end = ChoiceOf(manifest, kind, kSeeds - 1, base::Time::max());
  if (end == nullptr) return outlook;
  outlook.to = end->version;
  outlook.back = end->version < kind.version;
  outlook.spread = SpreadOf(end->waves, now);
  std::vector<const Update*> taken = {end};
  const Update* meanwhile = ChoiceOf(manifest, kind, kSeeds - 1, now);
  if (meanwhile != nullptr && meanwhile != end) {
    outlook.meanwhile = meanwhile->version;
    taken.push_back(meanwhile);
  }
  for (const Update* update : taken) {
    if (manifest.migrations.empty()) break;
    TRY_CONTEXT(FindMigrations(manifest.migrations, kind.version, update->version),
                fmt::format("hosts on {} {} could not take {}", kind.variant, kind.version.text(),
                            update->version.text()));
  }
  return outlook;
}

// "now" where it is.
std::string When(base::Time time, base::Time now) {
  return time <= now ? "now" : base::FormatTime(time);
}

std::string Words(const Spread& spread, base::Time now) {
  if (spread.all <= now) return "all of them now";
  return fmt::format("the first {}, half by {}, all by {}", When(spread.first, now),
                     When(spread.half, now), base::FormatTime(spread.all));
}

}  // namespace

base::Result<std::vector<Outlook>> FindOutlooks(const Manifest& manifest,
                                                const std::vector<Update>& running,
                                                base::Time now) {
  std::vector<Outlook> outlooks;
  for (const Kind& kind : FindKinds(manifest, running)) {
    outlooks.push_back(TRY(FindOutlook(manifest, kind, now)));
  }
  return outlooks;
}

std::string Describe(const std::vector<Outlook>& outlooks, base::Time now) {
  std::string text;
  const auto out = std::back_inserter(text);
  for (const Outlook& outlook : outlooks) {
    fmt::format_to(out, "hosts on {} {} for {}", outlook.variant, outlook.from.text(),
                   outlook.arch);
    if (!outlook.to) {
      fmt::format_to(out, " stay\n");
      continue;
    }
    fmt::format_to(out, " {} {}: {}", outlook.back ? "go back to" : "take", outlook.to->text(),
                   Words(outlook.spread, now));
    if (outlook.meanwhile) {
      fmt::format_to(out, "; before their turn {}", outlook.meanwhile->text());
    }
    fmt::format_to(out, "\n");
  }
  return text;
}

std::string Describe(const std::vector<HaltedUpdate>& halted, base::Time now) {
  std::string text;
  for (const auto& [since, update] : halted) {
    Waves waves = update.waves;
    for (Wave& wave : waves) wave.start += now - since;
    fmt::format_to(std::back_inserter(text),
                   "{} {} for {} is halted, and nobody begins it; if it is resumed now: {}\n",
                   update.variant, update.version.text(), update.arch,
                   Words(SpreadOf(waves, now), now));
  }
  return text;
}

}  // namespace updog::publish
