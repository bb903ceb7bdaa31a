#include "tests/sim/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace sim {
namespace {

using base::json::Array;
using base::json::Object;
using base::json::Value;
using Out = std::back_insert_iterator<std::string>;

double Days(std::uint64_t seconds) {
  return static_cast<double>(seconds) / 86'400;
}

// "3 d 04:05"
std::string Words(std::uint64_t seconds) {
  const std::uint64_t days = seconds / 86'400;
  const std::uint64_t minutes = seconds % 86'400 / 60;
  return fmt::format("{}{:02}:{:02}", days == 0 ? "" : fmt::format("{} d ", days), minutes / 60,
                     minutes % 60);
}

// "1.2 GB"
std::string Bytes(double bytes) {
  for (const char* unit : {"B", "kB", "MB", "GB"}) {
    if (bytes < 1000) return fmt::format("{:.3g} {}", bytes, unit);
    bytes /= 1000;
  }
  return fmt::format("{:.3g} TB", bytes);
}

// When a version first had so much of the fleet.
std::optional<std::uint32_t> ReachedBy(const Outcome& outcome, std::size_t version,
                                       std::uint64_t hosts) {
  for (const Sample& sample : outcome.samples) {
    if (sample.running[version] >= hosts) return sample.second;
  }
  return std::nullopt;
}

void DescribeVersion(const Scenario& scenario, const Outcome& outcome, std::size_t version,
                     Out out) {
  fmt::format_to(out, "{}: started by {} hosts, failed on {}; running on {} at the end",
                 outcome.versions[version], outcome.started[version], outcome.failed[version],
                 outcome.samples.back().running[version]);
  for (const unsigned percent : {1U, 50U, 90U, 99U}) {
    const auto hosts = std::max<std::uint64_t>(std::uint64_t{scenario.hosts} * percent / 100, 1);
    // All of them run the first one from the start.
    if (version == 0) break;
    if (const auto second = ReachedBy(outcome, version, hosts)) {
      fmt::format_to(out, "; {} % after {}", percent, Words(*second));
    }
  }
  if (outcome.started[version] > 0) {
    fmt::format_to(out, "; last start after {}", Words(outcome.last_start[version]));
  }
  fmt::format_to(out, "\n");
}

double PollBytesPerHostAndDay(const Scenario& scenario, const Outcome& outcome) {
  return static_cast<double>(outcome.poll_bytes) / scenario.hosts /
         Days(static_cast<std::uint64_t>(scenario.duration.count()));
}

Array RunningOf(const Sample& sample) {
  Array running;
  for (const std::uint32_t hosts : sample.running) running.push_back(Value::Unsigned(hosts));
  return running;
}

Object SampleObject(const Sample& sample) {
  Object object;
  object.Set("second", Value::Unsigned(sample.second));
  object.Set("running", RunningOf(sample));
  object.Set("requests", Value::Unsigned(sample.requests));
  object.Set("bytes", Value::Unsigned(sample.bytes));
  object.Set("downloads", Value::Unsigned(sample.downloads));
  object.Set("failed", Value::Unsigned(sample.failed));
  object.Set("refused", Value::Unsigned(sample.refused));
  return object;
}

std::string Quoted(std::string text) {
  std::erase(text, '\'');
  return "'" + text + "'";
}

// Columns: days, requests and megabytes a second, hosts that failed, polls a second that found
// metadata expired, and the share of each version.
void WriteSamples(const Scenario& scenario, const Outcome& outcome, Out out) {
  const auto seconds = static_cast<double>(outcome.sample_seconds);
  fmt::format_to(out, "$data << END\n");
  for (const Sample& sample : outcome.samples) {
    fmt::format_to(out, "{:.4f} {:.2f} {:.4f} {} {:.2f}", Days(sample.second),
                   static_cast<double>(sample.requests) / seconds,
                   static_cast<double>(sample.bytes) / seconds / 1e6, sample.failed,
                   static_cast<double>(sample.refused) / seconds);
    for (const std::uint32_t running : sample.running) {
      fmt::format_to(out, " {:.3f}", 100.0 * running / scenario.hosts);
    }
    fmt::format_to(out, "\n");
  }
  fmt::format_to(out, "END\n");
}

// What the publisher does: a line through all plots, and above the first one its name. Where two
// are close together, they are named one above the other.
void WriteEvents(const Scenario& scenario, Out out) {
  std::vector<std::pair<Seconds, std::string>> marks;
  for (const Event& event : scenario.events) {
    if (event.publish) marks.emplace_back(event.at, event.publish->text());
    if (event.halt) marks.emplace_back(event.at, "halt");
    if (event.resume) marks.emplace_back(event.at, "resume");
    if (event.withdraw) marks.emplace_back(event.at, "withdraw");
  }
  if (scenario.publisher_away) {
    marks.emplace_back(scenario.publisher_away->first, "publisher away");
    marks.emplace_back(scenario.publisher_away->second, "back");
  }
  std::ranges::sort(marks);
  bool raised = false;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const auto& [at, name] = marks[i];
    raised = i > 0 && !raised && at - marks[i - 1].first < scenario.duration / 8;
    fmt::format_to(out,
                   "set arrow from {0:.4f}, graph 0 to {0:.4f}, graph 1 nohead dashtype 3 "
                   "linecolor rgb '#606060'\n"
                   "set label '{1}' at {0:.4f}, graph 1 left offset 0,{2} noenhanced\n",
                   Days(static_cast<std::uint64_t>(at.count())), name, raised ? 1.7 : 0.7);
  }
}

// Of what went wrong, where something did.
std::string ThirdPlot(const Outcome& outcome) {
  const bool failed = outcome.samples.back().failed > 0;
  const bool refused = std::ranges::any_of(outcome.samples, &Sample::refused);
  if (!failed && !refused) return "";
  return fmt::format(
      "set xlabel 'days'\nset ylabel '{}'\nplot $data using 1:{} with lines linewidth 2 "
      "title '{}'\n",
      failed ? "hosts" : "polls/s", failed ? 4 : 5,
      failed ? "failed to start" : "found it expired");
}

}  // namespace

std::string Summary(const Scenario& scenario, const Outcome& outcome) {
  std::string text;
  const Out out = std::back_inserter(text);
  fmt::format_to(out, "{}\n{} hosts, {} days\n", scenario.title, scenario.hosts,
                 Days(static_cast<std::uint64_t>(scenario.duration.count())));
  for (std::size_t version = 0; version < outcome.versions.size(); ++version) {
    DescribeVersion(scenario, outcome, version, out);
  }
  fmt::format_to(out,
                 "server: {} requests; {} for polls, {} of images; busiest second {} requests, "
                 "{}\n",
                 outcome.requests, Bytes(static_cast<double>(outcome.poll_bytes)),
                 Bytes(static_cast<double>(outcome.image_bytes)), outcome.busiest_requests,
                 Bytes(static_cast<double>(outcome.busiest_bytes)));
  fmt::format_to(out, "a host: {} a day for polls",
                 Bytes(PollBytesPerHostAndDay(scenario, outcome)));
  if (outcome.longest_download_seconds > 0) {
    fmt::format_to(out, "; longest download {}, at {} a second when it was slowest",
                   Words(outcome.longest_download_seconds),
                   Bytes(static_cast<double>(outcome.slowest_download_bytes_per_second)));
  }
  fmt::format_to(out, "\n");
  std::uint64_t refused = 0;
  for (const Sample& sample : outcome.samples) refused += sample.refused;
  if (refused > 0) fmt::format_to(out, "{} polls found metadata that had expired\n", refused);
  return text;
}

std::string Json(const Scenario& scenario, const Outcome& outcome) {
  Object document;
  document.Set("title", scenario.title);
  document.Set("hosts", Value::Unsigned(scenario.hosts));
  Array versions;
  for (std::size_t i = 0; i < outcome.versions.size(); ++i) {
    Object version;
    version.Set("version", outcome.versions[i]);
    version.Set("started", Value::Unsigned(outcome.started[i]));
    version.Set("failed", Value::Unsigned(outcome.failed[i]));
    version.Set("last_start", Value::Unsigned(outcome.last_start[i]));
    versions.emplace_back(std::move(version));
  }
  document.Set("versions", std::move(versions));
  document.Set("requests", Value::Unsigned(outcome.requests));
  document.Set("poll_bytes", Value::Unsigned(outcome.poll_bytes));
  document.Set("image_bytes", Value::Unsigned(outcome.image_bytes));
  document.Set("busiest_requests", Value::Unsigned(outcome.busiest_requests));
  document.Set("busiest_bytes", Value::Unsigned(outcome.busiest_bytes));
  document.Set("longest_download_seconds", Value::Unsigned(outcome.longest_download_seconds));
  document.Set("sample_seconds", Value::Unsigned(outcome.sample_seconds));
  Array samples;
  for (const Sample& sample : outcome.samples) samples.emplace_back(SampleObject(sample));
  document.Set("samples", std::move(samples));
  return base::json::Serialize(document, base::json::Style::kCompact) + "\n";
}

std::string PlotScript(const Scenario& scenario, const Outcome& outcome, const std::string& path) {
  std::string text;
  const Out out = std::back_inserter(text);
  WriteSamples(scenario, outcome, out);
  const std::string third = ThirdPlot(outcome);
  fmt::format_to(out,
                 "set terminal svg size 900,{} background '#ffffff'\nset output {}\n"
                 "set grid\nset border 3\nset tics nomirror\nset lmargin 12\nset rmargin 22\n"
                 "set tmargin 3\nset xrange [0:{:.4f}]\nset key outside right\n"
                 "set multiplot layout {},1 title {} noenhanced\n",
                 third.empty() ? 560 : 800, Quoted(path),
                 Days(static_cast<std::uint64_t>(scenario.duration.count())), third.empty() ? 2 : 3,
                 Quoted(scenario.title));
  WriteEvents(scenario, out);
  fmt::format_to(out, "set ylabel '% of the fleet'\nset yrange [0:100]\nplot");
  for (std::size_t i = 0; i < outcome.versions.size(); ++i) {
    fmt::format_to(out, "{} $data using 1:{} with lines linewidth 2 title '{}'", i == 0 ? "" : ",",
                   i + 6, outcome.versions[i]);
  }
  // The events' names stand above the first plot only.
  fmt::format_to(out, "\nunset label\nset yrange [0:*]\n{}",
                 third.empty() ? "set xlabel 'days'\n" : "");
  fmt::format_to(out,
                 "set ylabel 'MB/s'\nset y2label 'requests/s'\nset y2tics\nset y2range [0:*]\n"
                 "set border 11\nplot $data using 1:3 with lines title 'MB/s', "
                 "$data using 1:2 axes x1y2 with lines title 'requests/s'\n"
                 "unset y2label\nunset y2tics\nset border 3\n{}unset multiplot\n",
                 third);
  return text;
}

}  // namespace sim
