// The operator's agent, as Bottlerocket's Kubernetes operator has it: the same calls of apiclient
// in the same order, the same reading of what they print, the same retries. Only its waits between
// the retries are the test's.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "tests/support/process.h"

namespace test {

class Agent {
 public:
  using Client = std::function<ProcessResult(std::vector<std::string>)>;

  // `pause` is called before each retry.
  Agent(Client client, std::function<void()> pause)
      : client_(std::move(client)), pause_(std::move(pause)) {}

  struct Status {
    std::string state;
    std::optional<std::string> chosen;
    std::string command;
    std::string command_status;
  };

  // Each fails as the agent does: a status that it did not expect, retries that are used up, output
  // that it cannot read.
  base::Result<std::string> GetOsVersion();
  // Refreshes, and reads the status.
  base::Result<Status> GetUpdateStatus();
  base::Result<std::optional<std::string>> GetChosenUpdate();
  base::Result<> Prepare();
  base::Result<> Activate();
  base::Result<> BootIntoUpdate();

  int retries() const { return retries_; }

 private:
  base::Result<std::string> Invoke(const std::vector<std::string>& arguments);
  base::Result<> Post(const std::string& uri);

  Client client_;
  std::function<void()> pause_;
  int retries_ = 0;
};

}  // namespace test
