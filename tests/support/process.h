// Programs run as processes, as a user would: arguments, environment and standard input in; exit
// status, standard output and standard error out.
//
//   const ProcessResult result = RunProcess({.program = Program("updog/updog"),
//                                            .arguments = {"check-update", "--config", path}});
//   EXPECT_EQ(result.exit_status, 3) << result.errors;
//
// A process that outlives its time limit, or its Process object, is killed (SIGKILL) and reaped;
// the limit is there to end a hung test, not to measure anything. A program that cannot be started
// has exit status 127, and `errors` says why.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"

namespace test {

struct ProcessOptions {
  std::string program;  // a path, or a name that is looked up in PATH
  std::vector<std::string> arguments = {};
  // Set or replaced in the inherited environment.
  std::vector<std::pair<std::string, std::string>> environment = {};
  std::string input = {};              // standard input; empty: /dev/null
  std::string working_directory = {};  // empty: this process's
  std::chrono::seconds timeout{60};
};

struct ProcessResult {
  int exit_status = -1;  // -1: ended by a signal, see `signal`
  int signal = 0;
  bool timed_out = false;  // the signal was ours
  std::string output;
  std::string errors;
};

// A program of this build: Program("updog/updog") is build/PRESET/updog/updog.
std::string Program(const std::string& path_in_build);

// Runs to the end.
ProcessResult RunProcess(const ProcessOptions& options);

// A program that runs while the test goes on (a server, an update that is to be disturbed).
// One thread of the test uses it.
class Process {
 public:
  explicit Process(const ProcessOptions& options);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  // Kills and reaps what still runs.
  ~Process();

  pid_t pid() const { return pid_; }
  // False once it has ended (it is not yet reaped then).
  bool Running() const;
  void Signal(int number) const;
  // Blocks until the standard output so far contains `text`; false where the program ended or the
  // time limit passed without it. Likewise for standard error.
  bool WaitForOutput(const std::string& text);
  bool WaitForErrors(const std::string& text);
  // Waits for the end. At most once.
  ProcessResult Wait();

 private:
  struct Capture {
    base::UniqueFd fd;
    std::string text;
  };
  bool WaitFor(const Capture& capture, const std::string& text);
  // Waits for output and takes it. False: the program has ended and all is read, or the time is up.
  bool ReadMore();

  pid_t pid_ = -1;
  base::UniqueFd pid_fd_;
  std::string start_error_;
  std::chrono::steady_clock::time_point deadline_;
  Capture output_;
  Capture errors_;
};

}  // namespace test
