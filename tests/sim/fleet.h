// A fleet of hosts, its publisher and its server, second by second.
//
// What hosts choose is computed by the product's own code (updog::Choose, updog::TurnOf), and what
// the publisher does is done to a manifest by the product's own editor. The rest is a model: when
// hosts poll, sleep, download and restart. The same scenario and seed give the same result.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "tests/sim/answers.h"
#include "tests/sim/calendar.h"
#include "tests/sim/scenario.h"
#include "tests/sim/server.h"
#include "updog/manifest_editor.h"

namespace sim {

// What a poll is on the wire, both ways. The bodies and headers were measured behind nginx with a
// repository of three updates; a connection is a TLS 1.3 handshake with two certificates and the
// headers of TCP/IP, estimated. See docs/fleet.md.
struct PollCost {
  std::uint32_t requests = 3;  // the next root (404), the timestamp, the manifest
  std::uint32_t bytes = 2'640 + 4'500;
  // Where there is something new: snapshot and targets, too.
  std::uint32_t changed_requests = 2;
  std::uint32_t changed_bytes = 4'000;
};

// The state of things at the end of an interval, and what happened in it.
struct Sample {
  std::uint32_t second = 0;
  std::vector<std::uint32_t> running;  // hosts by version
  std::uint64_t requests = 0;
  std::uint64_t bytes = 0;
  std::uint32_t downloads = 0;  // going on
  std::uint32_t failed = 0;     // hosts whose start failed, so far
  std::uint32_t refused = 0;    // polls that found expired metadata, in the interval
};

struct Outcome {
  std::vector<std::string> versions;
  std::uint32_t sample_seconds = 0;
  std::vector<Sample> samples;
  std::uint64_t requests = 0;
  std::uint64_t poll_bytes = 0;
  std::uint64_t image_bytes = 0;
  std::uint64_t busiest_requests = 0;  // in one second
  std::uint64_t busiest_bytes = 0;
  std::uint64_t slowest_download_bytes_per_second = 0;
  std::uint32_t longest_download_seconds = 0;
  // By version: hosts that started it, hosts that it failed on, and the last start.
  std::vector<std::uint32_t> started;
  std::vector<std::uint32_t> failed;
  std::vector<std::uint32_t> last_start;
};

class Fleet {
 public:
  // kUsage for an event that the manifest does not allow.
  static base::Result<Outcome> Run(const Scenario& scenario, std::uint64_t seed);

 private:
  enum class State : std::uint8_t { kIdle, kDownloading, kStarting, kFailing };
  struct Host {
    State state = State::kIdle;
    VersionIndex running = 0;
    VersionIndex target = kNoVersion;
    std::uint8_t known_epoch = 0;  // of the metadata, cut off: enough to see a change
    FailedSet failed = 0;
  };

  Fleet(const Scenario& scenario, std::uint64_t seed, std::vector<updog::Version> versions);
  base::Result<> Begin();
  base::Result<> Act(const Event& event);
  void RenewTimestamp();
  void PassSecond();
  void Wake(std::uint32_t host);
  void Poll(std::uint32_t host);
  void EndDownload(std::uint32_t host);
  void EndStart(std::uint32_t host);
  void TakeSample();

  // Numbers that belong to a host for ever, each purpose its own; evenly in [0, below).
  enum class Purpose : std::uint8_t {
    kSeed,
    kClock,
    kPhase,
    kSleeper,
    kBedtime,
    kJitter,
    kFailure
  };
  std::uint64_t Draw(std::uint32_t host, Purpose purpose, std::uint64_t below,
                     std::uint64_t salt = 0) const;
  base::Time Clock(std::uint32_t host) const;
  // The first second from `second` on at which the host is awake.
  std::uint64_t Awake(std::uint32_t host, std::uint64_t second) const;
  VersionIndex IndexOf(const updog::Version& version) const;

  const Scenario& scenario_;
  std::uint64_t seed_;
  std::vector<updog::Version> versions_;
  std::vector<double> failure_percentage_;  // by version
  updog::ManifestEditor manifest_ = updog::ManifestEditor::Create();
  Answers answers_;
  Calendar calendar_;
  Server server_;
  std::vector<Host> hosts_;
  std::vector<std::uint32_t> running_;
  std::vector<std::uint32_t> download_began_;
  std::uint32_t now_ = 0;
  std::uint8_t epoch_ = 0;
  std::uint64_t timestamp_expires_ = 0;
  Sample current_;
  std::uint64_t second_requests_ = 0;
  std::uint64_t second_bytes_ = 0;
  Outcome outcome_;
};

}  // namespace sim
