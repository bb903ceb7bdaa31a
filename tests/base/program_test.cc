#include "base/program.h"

#include <algorithm>
#include <functional>
#include <new>
#include <string>
#include <vector>

#include "tests/support/matchers.h"

namespace base {
namespace {

struct Outcome {
  int status;
  std::string out;
  std::string err;
};

Outcome RunThing(std::vector<const char*> arguments, const std::function<Result<int>()>& action) {
  CLI::App app("Does things", "thing");
  SetUpProgram(app, "  thing go     does it\n");
  app.add_subcommand("go", "Do it");
  arguments.insert(arguments.begin(), "thing");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int status = RunProgram(app, static_cast<int>(arguments.size()), arguments.data(), action);
  return {status, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

Result<int> Done() {
  return kExitDone;
}

TEST(RunProgram, AnswersTheActionsStatus) {
  EXPECT_EQ(RunThing({"go"}, Done).status, 0);
  EXPECT_EQ(RunThing({"go"}, [] { return Result<int>(kExitNoUpdate); }).status, 3);
}

TEST(RunProgram, PrintsAnErrorOnce) {
  const Outcome outcome =
      RunThing({"go"}, []() -> Result<int> { return Fail(ErrorCode::kNotFound, "no disk"); });
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.err, "thing: no disk\n");
  EXPECT_EQ(outcome.out, "");
}

TEST(RunProgram, KeepsAnErrorToOneLine) {
  const Outcome outcome = RunThing({"go"}, []() -> Result<int> {
    return Fail(ErrorCode::kMalformed, "variant 'a\nb\x1b[2J\x7f'");
  });
  EXPECT_EQ(outcome.err, "thing: variant 'a?b?[2J?'\n");
}

TEST(RunProgram, ConfigurationFaultsAreUsage) {
  EXPECT_EQ(
      RunThing({"go"}, []() -> Result<int> { return Fail(ErrorCode::kUsage, "seed"); }).status, 2);
}

TEST(RunProgram, WrongArgumentsAreOneLineAndUsage) {
  const Outcome outcome = RunThing({"fly"}, Done);
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, testing::MatchesRegex("thing: [^\n]*fly[^\n]*see thing --help[^\n]*\n"));
  EXPECT_EQ(RunThing({"go", "--log-level", "loud"}, Done).status, 2);
}

TEST(RunProgram, NamesAWordThatIsNoCommand) {
  CLI::App app("Does things", "thing");
  SetUpProgram(app, "");
  app.require_subcommand(1);
  app.add_subcommand("group", "Do one of these")->require_subcommand(1)->add_subcommand("go");
  const auto fault = [&app](std::vector<const char*> arguments) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(RunProgram(app, static_cast<int>(arguments.size()), arguments.data(), Done), 2);
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(fault({"thing", "fly"}), "thing: unknown command 'fly' (see thing --help)\n");
  EXPECT_EQ(fault({"thing", "group", "fly"}),
            "thing: unknown command 'fly' (see thing group --help)\n");
  EXPECT_EQ(fault({"thing", "--fly"}), "thing: unknown option '--fly' (see thing --help)\n");
  EXPECT_EQ(fault({"thing"}), "thing: A subcommand is required (see thing --help)\n");
}

TEST(RunProgram, HelpHasTheExamples) {
  const Outcome outcome = RunThing({"--help"}, Done);
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.out, testing::HasSubstr("thing go     does it"));
}

TEST(RunProgram, HasTheNameOfItsFileWhereItHasNone) {
  CLI::App app("Does things");
  SetUpProgram(app, "  thing go     does it\n");
  app.add_subcommand("go", "Do it");
  const std::vector<const char*> wrong{"/usr/bin/thing", "fly"};
  testing::internal::CaptureStderr();
  EXPECT_EQ(RunProgram(app, 2, wrong.data(), Done), 2);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::StartsWith("thing: "));
  const std::vector<const char*> help{"/usr/bin/thing", "go", "--help"};
  testing::internal::CaptureStdout();
  EXPECT_EQ(RunProgram(app, 3, help.data(), Done), 0);
  EXPECT_THAT(testing::internal::GetCapturedStdout(), testing::HasSubstr("does it"));
}

TEST(RunProgram, HelpOfAVerbHasItsOwnExamples) {
  CLI::App app("Does things", "thing");
  SetUpProgram(app, "  thing up --far    goes up\n  thing --slowly group go \\\n      --on\n");
  app.add_subcommand("up", "Go up");
  CLI::App* group = app.add_subcommand("group", "Do one of these");
  group->add_subcommand("go", "Go");
  group->add_subcommand("stop", "Stop");
  const auto help = [&app](std::vector<const char*> arguments) {
    testing::internal::CaptureStdout();
    EXPECT_EQ(RunProgram(app, static_cast<int>(arguments.size()), arguments.data(), Done,
                         "  thing group stop now\n"),
              0);
    const std::string text = testing::internal::GetCapturedStdout();
    return text.substr(std::min(text.find("Examples:"), text.size()));
  };
  EXPECT_EQ(help({"thing", "group", "go", "--help"}),
            "Examples:\n  thing --slowly group go \\\n      --on\n\n");
  EXPECT_EQ(help({"thing", "group", "stop", "--help"}), "Examples:\n  thing group stop now\n\n");
  EXPECT_EQ(help({"thing", "group", "--help"}),
            "Examples:\n  thing --slowly group go \\\n      --on\n  thing group stop now\n\n");
  EXPECT_THAT(help({"thing", "--help"}), testing::Not(testing::HasSubstr("stop now")));
}

TEST(RunProgram, AnExceptionOfALibraryIsAnError) {
  const Outcome outcome = RunThing({"go"}, []() -> Result<int> { throw std::bad_alloc(); });
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.err, "thing: std::bad_alloc\n");
}

}  // namespace
}  // namespace base
