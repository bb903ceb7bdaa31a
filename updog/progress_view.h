// How an update's progress is shown on stderr.
//
// ProgressView decides when something is shown (a bar at most ten times a second, plain lines every
// few seconds, nothing at all for what is over before), and the Format functions what: they are
// pure. Time is a parameter.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "updog/progress.h"

namespace updog {

enum class ProgressStyle : std::uint8_t {
  kBar,    // one line that is drawn again and again
  kLines,  // for a log: plain lines at intervals
  kJson,   // one object a line
  kNone,
};

using Instant = std::chrono::steady_clock::time_point;

// What there is to show of one phase of one image.
struct ProgressState {
  Progress progress;
  double bytes_per_second = 0;
  std::optional<std::chrono::seconds> left;
};

// "root   45 % [=======>         ]  161.2 of 358.2 MB  12.3 MB/s  0:16 left", never wider than
// `columns`; what does not fit is left away from the right, the bar first.
std::string FormatBar(const ProgressState& state, std::size_t columns);
std::string FormatLine(const ProgressState& state);
std::string FormatJson(const ProgressState& state);

// "0 B", "999 B", "1.0 kB", "12.3 MB": powers of 1000, as links and disks are sold.
std::string FormatBytes(std::uint64_t bytes);
// "0:07", "12:34", "1:02:03".
std::string FormatDuration(std::chrono::seconds duration);

class ProgressView {
 public:
  // `write` gets the text to put on stderr; `columns` tells the terminal's width.
  ProgressView(ProgressStyle style, std::function<void(std::string_view)> write,
               std::function<std::size_t()> columns);

  void Show(const Progress& progress, Instant now);
  // Shows how the last step ended; what follows starts on a line of its own. To be called on every
  // way out, also after a failure.
  void End();

 private:
  void Begin(const Progress& progress, Instant now);
  void Measure(Instant now);
  void Draw();

  ProgressStyle style_;
  std::function<void(std::string_view)> write_;
  std::function<std::size_t()> columns_;

  bool started_ = false;  // there is a step in state_
  ProgressState state_;
  std::uint64_t measured_bytes_ = 0;
  Instant measured_;
  Instant drawn_;
};

}  // namespace updog
