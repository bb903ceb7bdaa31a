#include "updog/progress_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "base/json.h"

namespace updog {
namespace {

using std::chrono::duration;
using std::chrono::milliseconds;
using std::chrono::seconds;

// As often as an eye follows, as a log can bear.
constexpr milliseconds kDrawInterval(100);
constexpr seconds kLineInterval(5);
// The rate forgets what is older than about this.
constexpr duration<double> kRateMemory(3);
constexpr double kLongestLeftSeconds = 99 * 3600.0;

constexpr std::size_t kWidestBar = 40;
constexpr std::size_t kNarrowestBar = 8;

std::string_view PhaseName(Phase phase) {
  return phase == Phase::kDownload ? "download" : "write";
}

std::optional<unsigned> Percent(const Progress& progress) {
  if (!progress.total_bytes || *progress.total_bytes == 0) return std::nullopt;
  const double share =
      static_cast<double>(progress.done_bytes) / static_cast<double>(*progress.total_bytes);
  return static_cast<unsigned>(std::clamp(share, 0.0, 1.0) * 100);
}

std::string FormatAmount(const Progress& progress) {
  if (!progress.total_bytes) return FormatBytes(progress.done_bytes);
  return fmt::format("{} of {}", FormatBytes(progress.done_bytes),
                     FormatBytes(*progress.total_bytes));
}

std::string FormatRate(double bytes_per_second) {
  return fmt::format("{}/s", FormatBytes(static_cast<std::uint64_t>(bytes_per_second)));
}

// "[=====>    ]"
std::string DrawBar(unsigned percent, std::size_t width) {
  const std::size_t inside = width - 2;
  const std::size_t filled = inside * percent / 100;
  std::string bar(inside, ' ');
  std::fill_n(bar.begin(), filled, '=');
  if (filled < inside) bar[filled] = '>';
  return fmt::format("[{}]", bar);
}

bool SameStep(const Progress& a, const Progress& b) {
  return a.phase == b.phase && a.image == b.image;
}

}  // namespace

std::string FormatBytes(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"kB", "MB", "GB", "TB", "PB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double amount = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  // 999.95 would be printed as 1000.0.
  while (amount >= 999.95 && unit + 1 < kUnits.size()) {
    amount /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

std::string FormatDuration(seconds length) {
  const auto hours = length.count() / 3600;
  const auto minutes = length.count() / 60 % 60;
  const auto rest = length.count() % 60;
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes, rest);
  return fmt::format("{}:{:02}", minutes, rest);
}

std::string FormatBar(const ProgressState& state, std::size_t columns) {
  const std::optional<unsigned> percent = Percent(state.progress);
  std::string head =
      fmt::format("{:4}  {:8}", state.progress.image, PhaseName(state.progress.phase));
  if (percent) head += fmt::format("  {:3} %", *percent);
  std::vector<std::string> tail = {FormatAmount(state.progress)};
  // What was over before it could be measured has no rate.
  if (state.bytes_per_second > 0) tail.push_back(FormatRate(state.bytes_per_second));
  if (state.left) tail.push_back(FormatDuration(*state.left) + " left");

  std::string line = head;
  for (const std::string& part : tail) {
    if (line.size() + 2 + part.size() > columns) break;
    line += "  " + part;
  }
  const std::size_t room = columns > line.size() + 2 ? columns - line.size() - 2 : 0;
  if (percent && room >= kNarrowestBar) {
    line.insert(head.size(), "  " + DrawBar(*percent, std::min(room, kWidestBar)));
  }
  return line.substr(0, columns);
}

std::string FormatLine(const ProgressState& state) {
  const Progress& progress = state.progress;
  std::string line = fmt::format("{}: {}, ", progress.image, PhaseName(progress.phase));
  if (const std::optional<unsigned> percent = Percent(progress)) {
    line += fmt::format("{} %, ", *percent);
  }
  line += fmt::format("{}, {}", FormatAmount(progress), FormatRate(state.bytes_per_second));
  if (state.left) line += fmt::format(", {} left", FormatDuration(*state.left));
  return line;
}

std::string FormatJson(const ProgressState& state) {
  using base::json::Value;
  base::json::Object object;
  object.Set("phase", PhaseName(state.progress.phase));
  object.Set("image", state.progress.image);
  object.Set("bytes_done", Value::Unsigned(state.progress.done_bytes));
  object.Set("bytes_total",
             state.progress.total_bytes ? Value::Unsigned(*state.progress.total_bytes) : Value());
  object.Set("bytes_per_second",
             Value::Unsigned(static_cast<std::uint64_t>(state.bytes_per_second)));
  object.Set("seconds_left", state.left ? Value::Integer(state.left->count()) : Value());
  return base::json::Serialize(Value(std::move(object)), base::json::Style::kCompact);
}

ProgressView::ProgressView(ProgressStyle style, std::function<void(std::string_view)> write,
                           std::function<std::size_t()> columns)
    : style_(style), write_(std::move(write)), columns_(std::move(columns)) {}

void ProgressView::Show(const Progress& progress, Instant now) {
  if (style_ == ProgressStyle::kNone) return;
  if (!started_ || !SameStep(progress, state_.progress)) Begin(progress, now);
  state_.progress = progress;
  const milliseconds interval = style_ == ProgressStyle::kLines ? kLineInterval : kDrawInterval;
  if (now - drawn_ < interval) return;
  drawn_ = now;
  Measure(now);
  Draw();
}

void ProgressView::Begin(const Progress& progress, Instant now) {
  // The two phases of one image share a bar; JSON tells how each of them ended.
  const bool same_line = style_ == ProgressStyle::kBar && progress.image == state_.progress.image;
  if (!same_line) End();
  started_ = true;
  state_ = {.progress = progress, .bytes_per_second = 0, .left = std::nullopt};
  measured_bytes_ = progress.done_bytes;
  measured_ = now;
  drawn_ = now;
}

void ProgressView::Measure(Instant now) {
  const Progress& progress = state_.progress;
  const duration<double> elapsed = now - measured_;
  if (elapsed.count() <= 0 || progress.done_bytes < measured_bytes_) return;
  const double rate = static_cast<double>(progress.done_bytes - measured_bytes_) / elapsed.count();
  const bool first = state_.bytes_per_second == 0;
  const double weight = first ? 1 : 1 - std::exp(-elapsed / kRateMemory);
  state_.bytes_per_second += weight * (rate - state_.bytes_per_second);
  measured_ = now;
  measured_bytes_ = progress.done_bytes;

  state_.left.reset();
  if (!progress.total_bytes || *progress.total_bytes < progress.done_bytes) return;
  const double rest = static_cast<double>(*progress.total_bytes - progress.done_bytes);
  // A time beyond the longest is no information; and the comparison is false for a rate of zero.
  if (rest < kLongestLeftSeconds * state_.bytes_per_second) {
    state_.left = seconds(std::llround(rest / state_.bytes_per_second));
  }
}

void ProgressView::Draw() {
  switch (style_) {
    case ProgressStyle::kBar:
      // Back to the line's start, the text, and away with what an earlier, longer one left behind.
      // The last column stays free: a terminal would wait there to wrap, and erase it.
      write_(
          fmt::format("\r{}\x1b[K", FormatBar(state_, std::max<std::size_t>(columns_(), 1) - 1)));
      break;
    case ProgressStyle::kLines:
      write_(FormatLine(state_) + "\n");
      break;
    case ProgressStyle::kJson:
      write_(FormatJson(state_) + "\n");
      break;
    case ProgressStyle::kNone:
      break;
  }
}

void ProgressView::End() {
  if (!started_) return;
  started_ = false;
  if (style_ == ProgressStyle::kLines) return;
  Draw();
  if (style_ == ProgressStyle::kBar) write_("\n");
}

}  // namespace updog
