// What every command-line program of ours does the same way: arguments by CLI11, one line for an
// error, exit statuses (base/exit_status.h).
//
// CLI11's header is heavy: only files that declare options include this one.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "base/exit_status.h"
#include "base/result.h"

namespace base {

// A CLI::App with our habits: --help, --version, --log-level, subcommand required, no
// abbreviations, `examples` after the help text, and those of a verb after its own. The log level
// is applied while parsing.
void SetUpProgram(CLI::App& app, const std::string& examples);

// Parses and runs: `action` is called after a successful parse, and answers the exit status. The
// help of each verb has those examples that show it, out of the program's and of
// `examples_of_verbs`, which are too many for the help of the program. A program without a name has
// that of its file. An error is printed as "NAME: message" on stderr and becomes 1, or 2 for
// ErrorCode::kUsage and for wrong arguments; an exception that a library let out (out of memory)
// becomes 1. Ignores SIGPIPE; a failing stdout becomes 1.
int RunProgram(CLI::App& app, int argc, const char* const* argv,
               const std::function<Result<int>()>& action,
               const std::string& examples_of_verbs = {});

}  // namespace base
