// A program that is run to its end, under a limit, with what it says.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"

namespace base {

struct ChildProcessOptions {
  // The program's path, which is not looked up, and its arguments.
  std::vector<std::string> command;
  // "NAME=value", all that it gets; empty: this process's environment.
  std::vector<std::string> environment = {};
  std::chrono::milliseconds time_limit = std::chrono::minutes(1);
  // How long it has, once the time is up and it was told so by SIGTERM, to undo what it began;
  // zero: it is killed at once.
  std::chrono::milliseconds grace = std::chrono::milliseconds(0);
};

struct ChildProcessEnd {
  int exit_status = 0;  // 128 and the number where a signal ended it
  bool timed_out = false;
  // "exit status 3", "killed by signal 9", "not done within the time limit"; and what it said last.
  std::string description;
  std::string output;  // both streams; the last 64 KiB

  bool succeeded() const { return exit_status == 0 && !timed_out; }
};

// Its standard input is /dev/null; what it says goes to standard error too, as it comes. It has a
// process group of its own: what is left of that when the time is up is killed. An error means that
// it could not be started.
Result<ChildProcessEnd> RunChildProcess(const ChildProcessOptions& options);

}  // namespace base
