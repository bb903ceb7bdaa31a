// A Transport without a network: URLs and what they answer. It records what was asked for.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "tough/transport.h"

namespace test {

class MemoryTransport final : public tough::Transport {
 public:
  // What a URL answers; kNotFound for those that nothing is said of.
  using Source = std::function<base::Result<std::string>(const std::string& url)>;
  explicit MemoryTransport(Source source) : source_(std::move(source)) {}

  // Before the source is asked.
  void Set(const std::string& url, base::Result<std::string> answer);
  void Unset(const std::string& url) { answers_.erase(url); }

  // Keeps the cap, and pushes the body in pieces.
  base::Result<> Fetch(const tough::FetchRequest& request, base::ByteSink& out) override;

  const std::vector<std::string>& requests() const { return requests_; }
  void Forget() { requests_.clear(); }

 private:
  Source source_;
  std::map<std::string, base::Result<std::string>> answers_;
  std::vector<std::string> requests_;
};

}  // namespace test
