#include "updog/waves.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string>
#include <utility>

namespace updog {
namespace {

using base::ErrorCode;

// A seed as a manifest's key spells it: decimal digits, no sign, no leading zero.
std::optional<std::uint32_t> ParseSeed(std::string_view text) {
  std::uint32_t seed = 0;
  const char* const begin =
      text.data();  // NOLINT(bugprone-suspicious-stringview-data-usage): `end`
  const char* const end = begin + text.size();
  const auto [stopped, error] = std::from_chars(begin, end, seed);
  if (error != std::errc() || stopped != end || seed > kSeeds) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return seed;
}

// Nothing, and a line for each fault, where it is none.
std::optional<Wave> ReadWave(const base::json::Member& member, std::vector<std::string>& faults) {
  const std::optional<std::uint32_t> seed = ParseSeed(member.name);
  if (!seed) {
    faults.push_back(fmt::format("'{:.40}' is not an integer from 0 to {}", member.name, kSeeds));
  }
  const std::string* text = member.value.string();
  const auto start =
      text == nullptr ? base::Fail(ErrorCode::kMalformed, "not a time") : base::ParseTime(*text);
  if (!start) faults.push_back(fmt::format("{:.40}: {}", member.name, start.error().message()));
  if (!seed || !start) return std::nullopt;
  return Wave{.first_seed = *seed, .start = *start};
}

// The instant that divides `from` .. `to` as `part` divides `whole`, rounded down. Quotient and
// remainder apart, so that no product can overflow.
base::Time Between(base::Time from, base::Time to, std::uint32_t part, std::uint32_t whole) {
  const std::int64_t length = (to - from).count();
  const std::int64_t seconds =
      (length / whole) * part + (length % whole) * static_cast<std::int64_t>(part) / whole;
  return from + std::chrono::seconds(seconds);
}

// What can be read of the member, and a line for each fault.
Waves ReadWaves(const base::json::Value& value, std::vector<std::string>& faults) {
  Waves waves;
  const base::json::Object* object = value.object();
  if (object == nullptr) {
    faults.emplace_back("not an object");
    return waves;
  }
  for (const base::json::Member& member : object->members()) {
    const std::optional<Wave> wave = ReadWave(member, faults);
    if (wave) waves.push_back(*wave);
  }
  std::ranges::sort(waves, {}, &Wave::first_seed);
  for (std::size_t i = 1; i < waves.size(); ++i) {
    const Wave& before = waves[i - 1];
    if (waves[i].first_seed == before.first_seed) {
      faults.push_back(fmt::format("{} occurs twice", before.first_seed));
    } else if (waves[i].start < before.start) {
      faults.push_back(
          fmt::format("{} starts before {} does", waves[i].first_seed, before.first_seed));
    }
  }
  return waves;
}

}  // namespace

base::Result<Waves> DecodeWaves(const base::json::Value& value) {
  std::vector<std::string> faults;
  Waves waves = ReadWaves(value, faults);
  if (!faults.empty()) return base::Fail(ErrorCode::kMalformed, std::move(faults.front()));
  return waves;
}

std::vector<std::string> FindWavesFaults(const base::json::Value& value) {
  std::vector<std::string> faults;
  ReadWaves(value, faults);
  return faults;
}

base::json::Value EncodeWaves(const Waves& waves) {
  base::json::Object object;
  for (const Wave& wave : waves) {
    object.Set(fmt::format("{}", wave.first_seed), base::FormatTime(wave.start));
  }
  return object;
}

std::optional<Turn> TurnOf(const Waves& waves, std::uint32_t seed) {
  if (waves.empty()) return std::nullopt;
  seed = std::min(seed, kSeeds - 1);
  const auto next = std::ranges::upper_bound(waves, seed, {}, &Wave::first_seed);
  if (next == waves.begin()) {
    return Turn{.wave = 0, .wave_starts = next->start, .at = next->start};
  }
  const auto own = std::prev(next);
  Turn turn{.wave = static_cast<std::size_t>(own - waves.begin()),
            .wave_starts = own->start,
            .at = own->start};
  if (next != waves.end()) {
    turn.at = Between(own->start, next->start, seed - own->first_seed,
                      next->first_seed - own->first_seed);
  }
  return turn;
}

}  // namespace updog
