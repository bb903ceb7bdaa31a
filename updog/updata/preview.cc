#include "updog/updata/preview.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>
#include <vector>

namespace updog::updata {
namespace {

using std::chrono::seconds;
using Out = std::back_insert_iterator<std::string>;

// One wave with what the next one, or the end, says of it.
struct Span {
  std::size_t number;        // from 1
  std::uint32_t first_seed;  // the seeds [first, end)
  std::uint32_t end_seed;
  base::Time start;
  base::Time end;  // start: all at once
};

std::vector<Span> SpansOf(const Waves& waves) {
  std::vector<Span> spans;
  for (std::size_t i = 0; i < waves.size() && waves[i].first_seed < kSeeds; ++i) {
    const bool last = i + 1 == waves.size();
    spans.push_back({.number = i + 1,
                     .first_seed = waves[i].first_seed,
                     .end_seed = last ? kSeeds : waves[i + 1].first_seed,
                     .start = waves[i].start,
                     .end = last ? waves[i].start : waves[i + 1].start});
  }
  return spans;
}

double Share(std::uint32_t seeds) {
  return 100.0 * seeds / kSeeds;
}

double HostsPerMinute(const Span& span, std::uint64_t hosts) {
  const auto length = static_cast<double>((span.end - span.start).count());
  if (length == 0) return std::numeric_limits<double>::infinity();
  return Share(span.end_seed - span.first_seed) / 100 * static_cast<double>(hosts) * 60 / length;
}

// "6 d 2 h", "2 h 33 min 7 s", "0 s"
std::string Words(seconds length) {
  struct Unit {
    std::int64_t seconds;
    std::string_view name;
  };
  std::string text;
  std::int64_t rest = length.count();
  for (const Unit unit : {Unit{86'400, "d"}, Unit{3600, "h"}, Unit{60, "min"}, Unit{1, "s"}}) {
    const std::int64_t count = rest / unit.seconds;
    rest %= unit.seconds;
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : " ", count, unit.name);
  }
  return text.empty() ? "0 s" : text;
}

// What the axis counts in: a release of three hours is not read in days.
struct Axis {
  std::string_view unit;
  double unit_seconds;
  double length;  // in units
  int tick;       // units between two of them

  double At(const Preview& preview, base::Time time) const {
    return static_cast<double>((time - preview.start).count()) / unit_seconds;
  }
};

Axis AxisOf(const Preview& preview) {
  const base::Time end = preview.waves.empty() ? preview.start : preview.waves.back().start;
  const auto length =
      static_cast<double>(std::max<std::int64_t>((end - preview.start).count(), 60));
  Axis axis = {.unit = "days", .unit_seconds = 86'400, .length = 0, .tick = 1};
  if (length > 20 * 86'400) axis.tick = 7;
  if (length <= 3 * 86'400) axis = {.unit = "hours", .unit_seconds = 3600, .length = 0, .tick = 12};
  if (length <= 36 * 3600) axis.tick = 4;
  if (length <= 5 * 3600) {
    axis = {.unit = "minutes", .unit_seconds = 60, .length = 0, .tick = 30};
  }
  axis.length = length / axis.unit_seconds * 1.05;
  return axis;
}

// The share of the fleet whose turn has come, seed by seed: what hosts compute, not what was meant.
void WriteReady(const Preview& preview, const Axis& axis, Out out) {
  std::vector<base::Time> turns;
  for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
    const auto turn = TurnOf(preview.waves, seed);
    turns.push_back(turn ? turn->at : preview.start);
  }
  std::ranges::sort(turns);
  fmt::format_to(out, "$ready << END\n0 0\n{:.6f} 0\n", axis.At(preview, turns.front()));
  for (std::uint32_t i = 0; i < kSeeds; ++i) {
    fmt::format_to(out, "{:.6f} {:.4f}\n", axis.At(preview, turns[i]), Share(i + 1));
  }
  fmt::format_to(out, "{:.6f} 100\nEND\n", axis.length);
}

void WriteRate(const Preview& preview, const Axis& axis, Out out) {
  fmt::format_to(out, "$rate << END\n0 0\n");
  if (!preview.waves.empty()) {
    fmt::format_to(out, "{:.6f} 0\n", axis.At(preview, preview.waves.front().start));
  }
  for (const Span& span : SpansOf(preview.waves)) {
    const double rate = HostsPerMinute(span, preview.hosts);
    if (span.start == span.end) continue;
    fmt::format_to(out, "{0:.6f} {2:.4f}\n{1:.6f} {2:.4f}\n", axis.At(preview, span.start),
                   axis.At(preview, span.end), rate);
  }
  const base::Time end = preview.waves.empty() ? preview.start : preview.waves.back().start;
  fmt::format_to(out, "{:.6f} 0\n{:.6f} 0\nEND\n", axis.At(preview, end), axis.length);
}

// Above each plot the number of a wave where it starts.
void WriteMarkers(const Preview& preview, const Axis& axis, Out out) {
  for (const Span& span : SpansOf(preview.waves)) {
    fmt::format_to(out, "set label {0} '{0}{1}' at {2:.6f}, graph 1 center offset 0,1.1\n",
                   span.number, span.start == span.end ? ": all at once" : "",
                   axis.At(preview, span.start));
  }
  if (!preview.waves.empty()) {
    fmt::format_to(out, "set label {} 'wave' at graph -0.015, graph 1 right offset 0,1.1\n",
                   kSeeds + 1);
  }
}

// And a line down from it, where there is room for lines.
void WriteLines(const Preview& preview, const Axis& axis, Out out) {
  for (const Span& span : SpansOf(preview.waves)) {
    fmt::format_to(out,
                   "set arrow {0} from {1:.6f}, graph 0 to {1:.6f}, graph 1 nohead dashtype 3 "
                   "linecolor rgb '#606060'\n",
                   span.number, axis.At(preview, span.start));
  }
}

void WriteData(const Preview& preview, const Axis& axis, Out out) {
  WriteReady(preview, axis, out);
  WriteRate(preview, axis, out);
  fmt::format_to(out,
                 "set xrange [0:{:.6f}]\nset xtics {}\nset xlabel '{} after the start, {}'\n"
                 "unset key\nset border 3\nset tics nomirror\n",
                 axis.length, axis.tick, axis.unit, base::FormatTime(preview.start));
  WriteMarkers(preview, axis, out);
}

std::string Quoted(std::string text) {
  std::erase_if(text, [](char c) { return c == '\'' || static_cast<unsigned char>(c) < ' '; });
  return "'" + text + "'";
}

constexpr std::string_view kShareAxis = "set ylabel '% of the fleet ready'\nset yrange [0:100]\n";

void WriteRateAxis(const Preview& preview, Out out) {
  fmt::format_to(out, "set ylabel 'ready per minute, of {} hosts'\nset yrange [0:*]\n",
                 preview.hosts);
}

}  // namespace

std::string WaveTable(const Preview& preview) {
  std::string text;
  const Out out = std::back_inserter(text);
  fmt::format_to(out, "{}\n", preview.title);
  if (preview.waves.empty()) fmt::format_to(out, "no waves: everybody at once\n");
  for (const Span& span : SpansOf(preview.waves)) {
    fmt::format_to(out, "wave {:2}  {}  {:>5.1f} % to {:>5.1f} %  seeds {:4} to {:4}  ",
                   span.number, base::FormatTime(span.start), Share(span.first_seed),
                   Share(span.end_seed), span.first_seed, span.end_seed - 1);
    if (span.start == span.end) {
      fmt::format_to(out, "all at once\n");
    } else {
      fmt::format_to(out, "in {}: {:.1f} of {} hosts each minute\n", Words(span.end - span.start),
                     HostsPerMinute(span, preview.hosts), preview.hosts);
    }
  }
  return text;
}

std::string SeedLine(const Preview& preview, std::uint32_t seed) {
  const std::optional<Turn> turn = TurnOf(preview.waves, seed);
  if (!turn) return fmt::format("seed {}: ready at once\n", seed);
  return fmt::format("seed {}: wave {}, ready at {}, {} after the start\n", seed, turn->wave + 1,
                     base::FormatTime(turn->at), Words(turn->at - preview.start));
}

// A terminal has no letters that stand upright: the axis at the side is named below.
std::string TerminalPlot(const Preview& preview) {
  std::string text;
  const Out out = std::back_inserter(text);
  const Axis axis = AxisOf(preview);
  const auto name = [&](std::string_view what) {
    fmt::format_to(out, "unset ylabel\nset xlabel '{}, by {} after the start'\n", what, axis.unit);
  };
  fmt::format_to(out, "set terminal dumb size 79, 22\n");
  WriteData(preview, axis, out);
  fmt::format_to(out, "{}", kShareAxis);
  name("% of the fleet ready");
  fmt::format_to(out, "plot $ready with lines\n");
  WriteRateAxis(preview, out);
  name("hosts ready per minute");
  fmt::format_to(out, "plot $rate with lines\n");
  return text;
}

base::Result<std::string> FilePlot(const Preview& preview, const std::string& path) {
  std::string terminal;
  if (path.ends_with(".svg")) terminal = "svg size 900,640 background '#ffffff'";
  if (path.ends_with(".png")) terminal = "pngcairo size 900,640";
  if (terminal.empty()) {
    return base::Fail(base::ErrorCode::kUsage, path + ": a plot's name ends in .svg or .png");
  }
  std::string text;
  const Out out = std::back_inserter(text);
  const Axis axis = AxisOf(preview);
  fmt::format_to(out, "set terminal {}\nset output {}\n", terminal, Quoted(path));
  WriteData(preview, axis, out);
  WriteLines(preview, axis, out);
  fmt::format_to(out,
                 "set grid\nset lmargin 10\nset tmargin 3\n"
                 "set multiplot layout 2,1 title {} noenhanced\n",
                 Quoted(preview.title));
  fmt::format_to(out, "{}plot $ready with lines linewidth 2\n", kShareAxis);
  WriteRateAxis(preview, out);
  fmt::format_to(out, "plot $rate with lines linewidth 2\nunset multiplot\n");
  return text;
}

}  // namespace updog::updata
