// BoundedQueue: hands work from one stage's thread to the next and makes the quicker of the two
// wait.
//
// Thread-safe. A stop request (of the token that all queues of a pipeline share) wakes whoever
// waits here and turns every further call into one that answers "stopped".
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace partitions {

template <typename T>
class BoundedQueue {
 public:
  BoundedQueue(std::size_t capacity, std::stop_token stop)
      : capacity_(capacity), stop_(std::move(stop)) {}

  // Waits for room. After a stop the item is dropped: its producer learns of it at its next Pop().
  void Push(T item) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop_, [this] { return items_.size() < capacity_; });
    if (stop_.stop_requested()) return;
    items_.push_back(std::move(item));
    changed_.notify_all();
  }

  // Waits for an item. None: the queue is closed and empty, or a stop was requested.
  std::optional<T> Pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop_, [this] { return closed_ || !items_.empty(); });
    if (stop_.stop_requested() || items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    changed_.notify_all();
    return item;
  }

  // Nothing more is pushed; what is in it can still be popped.
  void Close() {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  const std::size_t capacity_;
  const std::stop_token stop_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace partitions
