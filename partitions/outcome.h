// Outcome: how the threads of a pipeline end, together: with the first error of any of them, or
// with the word of the last stage that all is done.
//
// Thread-safe. The first error requests the stop that wakes all the others; later ones are what it
// caused, and are dropped.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/result.h"

namespace partitions {

class Outcome {
 public:
  std::stop_token stop_token() const { return stop_.get_token(); }

  // An error ends the pipeline; success of a stage says nothing yet.
  void Note(base::Result<> result) {
    if (result) return;
    {
      const std::scoped_lock lock(mutex_);
      if (!error_) error_ = std::move(result).error();
    }
    Stop();
  }
  void Complete() {
    const std::scoped_lock lock(mutex_);
    complete_ = true;
    changed_.notify_all();
  }
  // Without an error: the pipeline is abandoned.
  void Stop() {
    stop_.request_stop();
    const std::scoped_lock lock(mutex_);
    changed_.notify_all();
  }

  // The first error, if there was one.
  base::Result<> Get() const {
    const std::scoped_lock lock(mutex_);
    if (error_) return std::unexpected(*error_);
    return {};
  }
  // Waits for an error or completion, at most that long. True: there was one.
  bool WaitFor(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, time, [this] { return complete_ || error_; });
  }

 private:
  std::stop_source stop_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<base::Error> error_;
  bool complete_ = false;
};

}  // namespace partitions
