// The mirrors of one repository, in the order in which they are asked.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tough {

class Mirrors {
 public:
  // At least one base URL, the preferred one first.
  explicit Mirrors(std::vector<std::string> base_urls) : base_urls_(std::move(base_urls)) {}

  // Asks one after the other until `ask` is Ok with one. What a mirror serves is not trusted, so
  // `ask` verifies: a mirror that serves wrong bytes is as good as one that is down. One that fails
  // is asked last from then on, but for kNotFound, which is an answer. If all fail, the error is
  // kNotFound if any said so (a mirror that is down does not make another's word doubtful), else
  // the first one's.
  base::Result<> Ask(const std::function<base::Result<>(const std::string& base_url)>& ask);

  // For a fault that shows only after Ask(): the mirror that answered is asked last from now on.
  void Demote() { AskLast(answered_); }

  std::size_t size() const { return base_urls_.size(); }

 private:
  void AskLast(const std::string& base_url);

  std::vector<std::string> base_urls_;
  std::string answered_;
};

}  // namespace tough
