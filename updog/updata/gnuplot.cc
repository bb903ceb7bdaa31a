#include "updog/updata/gnuplot.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "base/bytes.h"
#include "base/fd.h"

namespace updog::updata {
namespace {

using base::ErrorCode;

// A file in memory, read from its start: with a pipe, whichever of the two stops first would have
// to be thought of.
base::Result<base::UniqueFd> AsInput(std::string_view script) {
  base::UniqueFd file(memfd_create("gnuplot", MFD_CLOEXEC));
  if (!file.valid()) return base::FailErrno(errno, "memfd_create");
  TRY(base::WriteAllAt(file.get(), base::AsBytes(script), 0, "gnuplot's input"));
  return file;
}

base::Result<pid_t> Start(const base::UniqueFd& input) {
  std::array<char, 8> name = {"gnuplot"};
  std::array<char*, 2> arguments = {name.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input.get(), STDIN_FILENO);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, name.data(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error == ENOENT) {
    return base::Fail(ErrorCode::kNotFound,
                      "gnuplot, which draws the plots, is not installed (Debian: gnuplot-nox)");
  }
  if (error != 0) return base::FailErrno(error, "gnuplot");
  return pid;
}

}  // namespace

base::Result<> RunGnuplot(std::string_view script) {
  const base::UniqueFd input = TRY(AsInput(script));
  const pid_t pid = TRY(Start(input));
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return base::FailErrno(errno, "gnuplot");
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return base::Fail(ErrorCode::kFailed, "gnuplot failed");
}

}  // namespace updog::updata
