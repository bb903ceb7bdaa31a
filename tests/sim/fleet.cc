#include "tests/sim/fleet.h"

#include <algorithm>
#include <limits>

namespace sim {
namespace {

constexpr PollCost kPollCost;
constexpr std::uint64_t kDay = 86'400;
// A year in which nothing special happens.
const base::Time kStart = base::ParseTime("2030-01-01T00:00:00Z").value();

// splitmix64: a well mixed function of its input.
std::uint64_t Mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

std::uint64_t Count(Seconds seconds) {
  return static_cast<std::uint64_t>(seconds.count());
}

std::vector<updog::Version> VersionsOf(const Scenario& scenario) {
  std::vector<updog::Version> versions = {updog::Version::Parse(kFirstVersion).value()};
  for (const Event& event : scenario.events) {
    if (event.publish) versions.push_back(*event.publish);
  }
  return versions;
}

updog::NewUpdate MakeUpdate(const updog::Version& version) {
  return {.variant = "demo",
          .arch = "x86_64",
          .version = version,
          .max_version = {},
          .images = {.boot = "boot", .root = "root", .hash = "hash"}};
}

updog::Selector OfVersion(const updog::Version& version) {
  return {.variant = {}, .arch = {}, .version = version};
}

}  // namespace

Fleet::Fleet(const Scenario& scenario, std::uint64_t seed, std::vector<updog::Version> versions)
    : scenario_(scenario),
      seed_(seed),
      versions_(std::move(versions)),
      failure_percentage_(versions_.size(), 0),
      answers_(versions_),
      calendar_(scenario.hosts, static_cast<std::uint32_t>(Count(scenario.duration)) + 1),
      server_(scenario.server_bytes_per_second, scenario.host_bytes_per_second),
      hosts_(scenario.hosts),
      running_(versions_.size(), 0),
      download_began_(scenario.hosts, 0) {}

base::Result<Outcome> Fleet::Run(const Scenario& scenario, std::uint64_t seed) {
  std::vector<updog::Version> versions = VersionsOf(scenario);
  if (versions.size() > kMaxVersions) {
    return base::Fail(base::ErrorCode::kUsage, "more than 15 versions are published");
  }
  Fleet fleet(scenario, seed, std::move(versions));
  TRY(fleet.Begin());
  auto event = scenario.events.begin();
  const auto end = static_cast<std::uint32_t>(Count(scenario.duration));
  for (fleet.now_ = 0; fleet.now_ <= end; ++fleet.now_) {
    for (; event != scenario.events.end() && Count(event->at) <= fleet.now_; ++event) {
      TRY(fleet.Act(*event));
    }
    fleet.PassSecond();
  }
  return std::move(fleet.outcome_);
}

base::Result<> Fleet::Begin() {
  TRY(manifest_.AddUpdate(MakeUpdate(versions_[0])));
  answers_.Offer(TRY(updog::ParseManifest(manifest_.Serialize())));
  for (std::uint32_t host = 0; host < hosts_.size(); ++host) {
    const std::uint64_t first = Draw(host, Purpose::kPhase, Count(scenario_.poll_interval));
    calendar_.Add(host, Awake(host, first));
  }
  running_[0] = scenario_.hosts;
  for (const updog::Version& version : versions_) outcome_.versions.push_back(version.text());
  outcome_.started.resize(versions_.size());
  outcome_.failed.resize(versions_.size());
  outcome_.last_start.resize(versions_.size());
  outcome_.slowest_download_bytes_per_second = std::numeric_limits<std::uint64_t>::max();
  // Some hundred points make a plot.
  outcome_.sample_seconds =
      std::max<std::uint32_t>(60, static_cast<std::uint32_t>(Count(scenario_.duration) / 400));
  return {};
}

base::Result<> Fleet::Act(const Event& event) {
  const base::Time time = kStart + Seconds(now_);
  if (event.publish) {
    manifest_.DropWithdrawn({});
    TRY(manifest_.AddUpdate(MakeUpdate(*event.publish)));
    if (event.schedule) {
      TRY(manifest_.SetWaves(OfVersion(*event.publish), updog::MakeWaves(*event.schedule, time)));
    }
    failure_percentage_[IndexOf(*event.publish)] = event.failure_percentage;
  }
  if (event.halt) TRY(manifest_.Halt({}, time));
  if (event.resume) TRY(manifest_.Resume({}, time));
  if (event.withdraw) TRY(manifest_.Withdraw(OfVersion(*event.withdraw)));
  answers_.Offer(TRY(updog::ParseManifest(manifest_.Serialize())));
  ++epoch_;
  timestamp_expires_ = now_ + Count(scenario_.timestamp_valid);
  return {};
}

void Fleet::RenewTimestamp() {
  const auto& away = scenario_.publisher_away;
  const bool is_away = away && now_ >= Count(away->first) && now_ < Count(away->second);
  if (!is_away) timestamp_expires_ = now_ + Count(scenario_.timestamp_valid);
}

void Fleet::PassSecond() {
  second_requests_ = 0;
  second_bytes_ = 0;
  if (now_ % kDay == 0) RenewTimestamp();
  const std::uint64_t sent = server_.PassSecond([this](std::uint32_t host) { EndDownload(host); });
  outcome_.image_bytes += sent;
  second_bytes_ += sent;
  if (server_.active() > 0) {
    outcome_.slowest_download_bytes_per_second =
        std::min(outcome_.slowest_download_bytes_per_second,
                 std::min(scenario_.host_bytes_per_second,
                          scenario_.server_bytes_per_second / server_.active()));
  }
  calendar_.Take(now_, [this](std::uint32_t host) { Wake(host); });
  current_.requests += second_requests_;
  current_.bytes += second_bytes_;
  outcome_.requests += second_requests_;
  outcome_.busiest_requests = std::max(outcome_.busiest_requests, second_requests_);
  outcome_.busiest_bytes = std::max(outcome_.busiest_bytes, second_bytes_);
  if (now_ % outcome_.sample_seconds == 0) TakeSample();
}

void Fleet::Wake(std::uint32_t host) {
  switch (hosts_[host].state) {
    case State::kIdle:
      return Poll(host);
    case State::kDownloading:
      return;
    case State::kStarting:
      return EndStart(host);
    case State::kFailing: {
      // Back on the old version, which remembers.
      hosts_[host].state = State::kIdle;
      return Poll(host);
    }
  }
}

void Fleet::Poll(std::uint32_t index) {
  Host& host = hosts_[index];
  second_requests_ += kPollCost.requests;
  second_bytes_ += kPollCost.bytes;
  outcome_.poll_bytes += kPollCost.bytes;
  if (host.known_epoch != epoch_) {
    second_requests_ += kPollCost.changed_requests;
    second_bytes_ += kPollCost.changed_bytes;
    outcome_.poll_bytes += kPollCost.changed_bytes;
    host.known_epoch = epoch_;
  }
  const base::Time clock = Clock(index);
  VersionIndex chosen = kNoVersion;
  if (clock >= kStart + Seconds(timestamp_expires_)) {
    ++current_.refused;
  } else {
    const auto seed = static_cast<std::uint32_t>(Draw(index, Purpose::kSeed, updog::kSeeds));
    chosen = answers_.Of(host.running, host.failed, seed, clock);
  }
  if (chosen == kNoVersion) {
    const std::uint64_t interval = Count(scenario_.poll_interval);
    const std::uint64_t jitter = Draw(index, Purpose::kJitter, interval / 5 + 1, now_);
    calendar_.Add(index, Awake(index, now_ + interval - interval / 10 + jitter));
    return;
  }
  host.target = chosen;
  host.state = State::kDownloading;
  download_began_[index] = now_;
  second_requests_ += 3;
  server_.Start(index, scenario_.image_bytes);
}

void Fleet::EndDownload(std::uint32_t index) {
  hosts_[index].state = State::kStarting;
  outcome_.longest_download_seconds =
      std::max(outcome_.longest_download_seconds, now_ - download_began_[index]);
  calendar_.Add(index, now_ + Count(scenario_.restart));
}

void Fleet::EndStart(std::uint32_t index) {
  Host& host = hosts_[index];
  constexpr std::uint64_t kParts = 1'000'000;
  const auto failing = static_cast<std::uint64_t>(failure_percentage_[host.target] / 100 * kParts);
  ++outcome_.started[host.target];
  outcome_.last_start[host.target] = now_;
  if (Draw(index, Purpose::kFailure, kParts, host.target) < failing) {
    ++outcome_.failed[host.target];
    ++current_.failed;
    host.failed |= static_cast<FailedSet>(1U << host.target);
    host.state = State::kFailing;
    calendar_.Add(index, now_ + Count(scenario_.rollback));
    return;
  }
  --running_[host.running];
  host.running = host.target;
  ++running_[host.running];
  host.state = State::kIdle;
  calendar_.Add(index, Awake(index, now_ + Count(scenario_.poll_interval)));
}

void Fleet::TakeSample() {
  current_.second = now_;
  current_.running = running_;
  current_.downloads = static_cast<std::uint32_t>(server_.active());
  outcome_.samples.push_back(current_);
  const std::uint32_t failed = current_.failed;
  current_ = Sample();
  current_.failed = failed;
}

std::uint64_t Fleet::Draw(std::uint32_t host, Purpose purpose, std::uint64_t below,
                          std::uint64_t salt) const {
  const std::uint64_t mixed =
      Mix(Mix(seed_ ^ Mix(host)) ^ Mix(static_cast<std::uint64_t>(purpose) << 56 ^ salt));
  // The high bits of a product: even, and without a division. `below` has less than 32 bits.
  return (mixed >> 32) * below >> 32;
}

base::Time Fleet::Clock(std::uint32_t host) const {
  const auto width = static_cast<std::int64_t>(Count(scenario_.clock_error));
  const auto drawn = static_cast<std::int64_t>(
      Draw(host, Purpose::kClock, static_cast<std::uint64_t>(2 * width + 1)));
  return kStart + Seconds(now_) + Seconds(drawn - width);
}

std::uint64_t Fleet::Awake(std::uint32_t host, std::uint64_t second) const {
  constexpr std::uint64_t kParts = 1'000'000;
  const auto sleepers = static_cast<std::uint64_t>(scenario_.sleeping_percentage / 100 * kParts);
  if (Draw(host, Purpose::kSleeper, kParts) >= sleepers) return second;
  // Each has its own hour at which it gets up.
  const std::uint64_t up = Draw(host, Purpose::kBedtime, kDay);
  const std::uint64_t since_up = (second + kDay - up) % kDay;
  return since_up < Count(scenario_.awake) ? second : second + kDay - since_up;
}

VersionIndex Fleet::IndexOf(const updog::Version& version) const {
  return static_cast<VersionIndex>(std::ranges::find(versions_, version) - versions_.begin());
}

}  // namespace sim
