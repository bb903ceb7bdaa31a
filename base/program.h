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

// Examples for the help of the verbs, which are declared by now, too many for that of the program.
void AddExamplesOfVerbs(CLI::App& app, const std::string& examples);

// Parses and runs: `action` is called after a successful parse, and answers the exit status.
// An error is printed as "NAME: message" on stderr and becomes 1, or 2 for ErrorCode::kUsage and
// for wrong arguments; an exception that a library let out (out of memory) becomes 1. Ignores
// SIGPIPE; a failing stdout becomes 1.
int RunProgram(CLI::App& app, int argc, const char* const* argv,
               const std::function<Result<int>()>& action);

}  // namespace base
