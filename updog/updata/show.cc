#include "updog/updata/show.h"

#include <fmt/format.h>

#include <iterator>

namespace updog::updata {
namespace {

using Out = std::back_insert_iterator<std::string>;

void DescribeWaves(const Update& update, Out out) {
  if (update.waves_fault) {
    fmt::format_to(out, "  waves  unusable: {}\n", *update.waves_fault);
    return;
  }
  if (update.waves.empty()) fmt::format_to(out, "  waves  none: everybody at once\n");
  for (const Wave& wave : update.waves) {
    const std::string starts = base::FormatTime(wave.start);
    if (wave.first_seed == kSeeds) {
      fmt::format_to(out, "  waves  the last one ends {}\n", starts);
    } else {
      fmt::format_to(out, "  waves  from seed {:4} ({:5.1f} % of the fleet before) at {}\n",
                     wave.first_seed, 100.0 * wave.first_seed / kSeeds, starts);
    }
  }
}

void DescribeUpdate(const Update& update, Out out) {
  const bool withdrawn = update.version > update.max_version;
  fmt::format_to(out, "{} {} {}  maximum {}{}\n", update.variant, update.arch,
                 update.version.text(), update.max_version.text(), withdrawn ? ": withdrawn" : "");
  fmt::format_to(out, "  boot   {}\n  root   {}\n  hash   {}\n", update.images.boot,
                 update.images.root, update.images.hash);
  DescribeWaves(update, out);
}

}  // namespace

std::string Describe(const Manifest& manifest, const std::vector<HaltedUpdate>& halted) {
  std::string text;
  const Out out = std::back_inserter(text);
  if (manifest.updates.empty()) fmt::format_to(out, "no updates\n");
  for (const Update& update : manifest.updates) DescribeUpdate(update, out);
  for (const HaltedUpdate& entry : halted) {
    fmt::format_to(out, "halted since {}: ", base::FormatTime(entry.since));
    DescribeUpdate(entry.update, out);
  }
  for (const Migration& migration : manifest.migrations) {
    fmt::format_to(out, "from {} to {}: {}\n", migration.from.text(), migration.to.text(),
                   migration.names.empty() ? "nothing to migrate"
                                           : fmt::format("{}", fmt::join(migration.names, ", ")));
  }
  return text;
}

}  // namespace updog::updata
