#include "base/program.h"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/text.h"

namespace base {
namespace {

int PrintError(const CLI::App& app, const Error& error) {
  const std::string line = fmt::format("{}: {}\n", app.get_name(), OneLine(error.message()));
  // Nothing to be done where even stderr fails.
  (void)std::fputs(line.c_str(), stderr);
  return error.code() == ErrorCode::kUsage ? kExitUsage : kExitFailed;
}

// A result that never reached its reader (a full disk, a closed pipe) is a failure of the command.
Result<int> FlushOutput(int status) {
  std::cout.flush();
  if (!std::cout || std::fflush(stdout) != 0)
    return Fail(ErrorCode::kFailed, "cannot write to standard output");
  return status;
}

Result<int> RunAction(const std::function<Result<int>()>& action) {
  try {
    const int status = TRY(action());
    return FlushOutput(status);
  } catch (const std::exception& exception) {
    return Fail(ErrorCode::kFailed, exception.what());
  }
}

// The command that was given as far as it was understood.
struct Understood {
  const CLI::App* command;
  std::string name;  // "tuftool root"
};
Understood UnderstoodOf(const CLI::App& app) {
  Understood understood{&app, app.get_name()};
  while (!understood.command->get_subcommands().empty()) {
    understood.command = understood.command->get_subcommands().front();
    understood.name += " " + understood.command->get_name();
  }
  return understood;
}

// What is wrong with the arguments. Where a command should have come, and another word came, CLI11
// only says that a command is missing.
std::string UsageFault(const CLI::App& app, const Understood& understood,
                       const CLI::ParseError& error) {
  const std::vector<std::string> rest = app.remaining(true);
  if (rest.empty() || understood.command->get_subcommands({}).empty()) return error.what();
  const std::string& word = rest.front();
  return fmt::format("unknown {} '{}'", word.starts_with('-') ? "option" : "command", word);
}

// --help and --version end the parse successfully; anything else is a fault of usage, told in one
// line.
int AnswerParse(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return app.exit(error);
  const Understood understood = UnderstoodOf(app);
  const Error usage(
      ErrorCode::kUsage,
      fmt::format("{} (see {} --help)", UsageFault(app, understood, error), understood.name));
  return PrintError(app, usage);
}

// Each begins with "  NAME", and may go on with lines that are indented further.
std::vector<std::string> SplitExamples(const std::string& text) {
  std::vector<std::string> examples;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (examples.empty() || !line.starts_with("   ")) examples.emplace_back();
    examples.back() += line + "\n";
  }
  return examples;
}

// Does it have the command's words, in their order? Options may stand in between.
bool Shows(const std::string& example, const std::string& command) {
  std::istringstream words(example);
  std::istringstream wanted_words(command);
  std::string wanted;
  wanted_words >> wanted;
  for (std::string word; words >> word;) {
    if (word == wanted && !(wanted_words >> wanted)) return true;
  }
  return false;
}

constexpr std::string_view kExamplesHeading = "Examples:\n";

// Gives every command below `command` those that show it; one that has others already keeps them.
void DealOutExamples(CLI::App& command, const std::string& name, const std::string& inherited,
                     const std::vector<std::string>& examples) {
  for (CLI::App* verb : command.get_subcommands({})) {
    const std::string verb_name = name + " " + verb->get_name();
    DealOutExamples(*verb, verb_name, inherited, examples);
    if (verb->get_footer() != inherited) continue;
    std::string shown;
    for (const std::string& example : examples) {
      if (Shows(example, verb_name)) shown += example;
    }
    verb->footer(shown.empty() ? "" : std::string(kExamplesHeading) + shown);
  }
}

void AddExamplesOfVerbs(CLI::App& app, const std::string& examples) {
  // Verbs inherit the program's text when they are declared.
  const std::string inherited = app.get_footer();
  DealOutExamples(app, app.get_name(), inherited,
                  SplitExamples(inherited.substr(kExamplesHeading.size()) + examples));
}

}  // namespace

void SetUpProgram(CLI::App& app, const std::string& examples) {
  app.require_subcommand(0, 1);
  app.fallthrough();
  app.set_help_all_flag("--help-all", "Print the help of every subcommand");
  app.set_version_flag("--version", "updog " UPDOG_VERSION);
  app.footer(std::string(kExamplesHeading) + examples);
  app.add_option_function<std::string>(
         "--log-level",
         [](const std::string& text) {
           const Result<log::Level> level = log::ParseLevel(text);
           if (!level) throw CLI::ValidationError("--log-level", level.error().message());
           log::SetLevel(*level);
         },
         "What to log on stderr: trace, debug, info, warn, error, off (default: warn)")
      ->type_name("LEVEL");
}

int RunProgram(CLI::App& app, int argc, const char* const* argv,
               const std::function<Result<int>()>& action, const std::string& examples_of_verbs) {
  // A reader that went away shows as a failing write, with a message, not as a silent death in the
  // middle of an update.
  (void)std::signal(SIGPIPE, SIG_IGN);
  // CLI11 would take the whole path, which is in no example.
  if (app.get_name().empty()) app.name(std::filesystem::path(argv[0]).filename());
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help may have been asked for: no other start pays for it.
    AddExamplesOfVerbs(app, examples_of_verbs);
    return AnswerParse(app, error);
  }
  const Result<int> status = RunAction(action);
  return status ? *status : PrintError(app, status.error());
}

}  // namespace base
