#include "updog/migrations.h"

#include <fmt/format.h>

#include <algorithm>

namespace updog {
namespace {

// The pair that starts at `from` and goes furthest without passing `to`, or null.
const Migration* FurthestStep(const std::vector<Migration>& migrations, const Version& from,
                              const Version& to) {
  const Migration* best = nullptr;
  for (const Migration& migration : migrations) {
    if (migration.from <=> from != 0 || migration.to > to) continue;
    if (best == nullptr || migration.to > best->to) best = &migration;
  }
  return best;
}

// Ends, since every step leads to a higher version.
base::Result<std::vector<std::string>> FindUpgrade(const std::vector<Migration>& migrations,
                                                   const Version& from, const Version& to) {
  std::vector<std::string> names;
  const Version* version = &from;
  while (*version <=> to != 0) {
    const Migration* step = FurthestStep(migrations, *version, to);
    if (step == nullptr) {
      return base::Fail(base::ErrorCode::kNotFound,
                        fmt::format("no migration leads on from version {} towards {}",
                                    version->text(), to.text()));
    }
    names.insert(names.end(), step->names.begin(), step->names.end());
    version = &step->to;
  }
  return names;
}

}  // namespace

base::Result<std::vector<std::string>> FindMigrations(const std::vector<Migration>& migrations,
                                                      const Version& from, const Version& to) {
  if (from <= to) return FindUpgrade(migrations, from, to);
  std::vector<std::string> names = TRY(FindUpgrade(migrations, to, from));
  std::ranges::reverse(names);
  return names;
}

base::Result<std::vector<std::string>> PlanMigrations(const Manifest& manifest, const Version& from,
                                                      const Version& to) {
  if (manifest.migrations.empty()) return std::vector<std::string>();
  return FindMigrations(manifest.migrations, from, to);
}

}  // namespace updog
