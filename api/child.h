// A program that runs while the server goes on: its standard output is kept, its standard error
// comes line by line, its end is an event.
//
// It never outlives the server: the kernel kills it when the server ends in any way
// (PR_SET_PDEATHSIG), and destruction does the same. The server has one thread; this is not safe
// with more (fork).
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace api {

struct ChildEnd {
  int exit_status = 0;
  int signal = 0;  // not 0: it was ended by this signal
};

class Child {
 public:
  using LineCallback = std::function<void(std::string_view)>;

  // `command` is the program's path and its arguments. `held` stays open in the child for as long
  // as it lives: a lock on it tells whoever comes later that the child has ended.
  static base::Result<std::unique_ptr<Child>> Start(const std::vector<std::string>& command,
                                                    int held, LineCallback on_error_line);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // What to poll for; Run() is due when one of them is ready.
  void AddPollFds(std::vector<pollfd>& fds) const;
  // Takes what has come. True once the child has ended and all that it said is read.
  bool Run();

  void Signal(int number) const;

  // After the end.
  ChildEnd end() const { return end_; }
  // At most the first mebibyte; more makes `output_complete` false.
  const std::string& output() const { return output_; }
  bool output_complete() const { return output_complete_; }

 private:
  Child(pid_t pid, base::UniqueFd pid_fd, base::UniqueFd output, base::UniqueFd errors,
        LineCallback on_error_line);
  void ReadOutput();
  void ReadErrors();
  void TakeErrorText(std::string_view text);
  void Reap();

  pid_t pid_;
  bool ended_ = false;
  base::UniqueFd pid_fd_;
  base::UniqueFd output_fd_;  // closed at the end of file
  base::UniqueFd errors_fd_;
  LineCallback on_error_line_;
  std::string output_;
  bool output_complete_ = true;
  std::string partial_line_;
  ChildEnd end_;
};

}  // namespace api
