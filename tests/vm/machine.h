// A virtual machine with real firmware: QEMU without KVM, OVMF, a disk image. What it does is
// followed by events: lines of its serial console, and what the agent inside (agent.cc) says.
//
// The console's log, the firmware's variables and the sockets are in the machine's directory, where
// they stay when a test fails. Destruction cuts the power.
//
// Every wait has a limit; one that is exceeded fails the test with the end of the console's log.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/json.h"
#include "tests/support/process.h"

namespace test {

struct MachineOptions {
  std::string directory;  // exists; the machine's own
  std::string disk;       // written to
  // QEMU's arguments for the disk, where it is not a plain image (a log of writes over it).
  std::vector<std::string> disk_arguments = {};
  std::chrono::seconds lifetime{600};
};

// What a program said inside the machine.
struct Said {
  int exit_status = -1;
  std::string output;
  std::string errors;
};

class Machine {
 public:
  // Switches it on. A machine that was switched on in the same directory before keeps its firmware
  // variables, as a real one does.
  explicit Machine(const MachineOptions& options);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine();

  // SIGKILL: the machine stops between two instructions; what it handed to the disk stays there.
  void CutPower();

  // Waits for `text` on the console, from where the last wait ended.
  [[nodiscard]] bool WaitFor(std::string_view text,
                             std::chrono::seconds limit = std::chrono::seconds(150));
  // Waits until user space is up (again), and answers the version that runs. Empty after a failure.
  std::string WaitForVersion(std::chrono::seconds limit = std::chrono::seconds(150));

  // Runs a program inside. The machine is up.
  Said Run(const std::vector<std::string>& command);
  // Only sends the request: for programs that do not come back, and for power cuts.
  void Start(const std::vector<std::string>& command);
  // Files inside.
  std::string Read(const std::string& path);
  void Write(const std::string& path, const std::string& text);

  // All that was on the console so far, without escape sequences and carriage returns.
  const std::string& console() const { return console_; }

 private:
  // Takes what has come on either channel. False: the machine has ended, or the time is up.
  bool ReadMore(std::chrono::steady_clock::time_point deadline);
  void Append(std::string_view raw);
  std::optional<base::json::Object> NextMessage(std::chrono::seconds limit);
  base::json::Object Ask(base::json::Object request);
  void Fail(const std::string& what);

  std::string directory_;
  std::unique_ptr<Process> qemu_;
  base::UniqueFd serial_;
  base::UniqueFd agent_;
  std::string console_;
  std::size_t console_position_ = 0;
  bool in_escape_ = false;
  std::string from_agent_;
};

}  // namespace test
