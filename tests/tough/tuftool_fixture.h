// What every test of tuftool as its users run it begins with: a directory, and a published
// repository in it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "tests/support/matchers.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"
#include "tough/root_editor.h"
#include "tough/schema.h"

namespace tough {

namespace fs = std::filesystem;

inline void Write(const std::string& path, std::string_view content) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

inline std::string Read(const std::string& path) {
  return base::ReadFile(path, 1 << 20).value();
}

// Exactly one line, which begins like every error of the program.
MATCHER_P(IsOneLineSaying, text, "") {
  return testing::ExplainMatchResult(
             testing::AllOf(testing::StartsWith("tuftool: "), testing::HasSubstr(std::string(text)),
                            testing::EndsWith("\n")),
             arg, result_listener) &&
         std::count(arg.begin(), arg.end(), '\n') == 1;
}

class TuftoolTest : public testing::Test {
 protected:
  test::ProcessResult Run(const std::vector<std::string>& arguments) {
    return test::RunProcess({.program = test::Program("tough/tuftool/tuftool"),
                             .arguments = arguments,
                             .environment = environment_,
                             .working_directory = directory_.path()});
  }
  // Runs and expects success.
  std::string Done(const std::vector<std::string>& arguments) {
    const test::ProcessResult result = Run(arguments);
    EXPECT_EQ(result.exit_status, 0) << result.errors;
    return result.output;
  }
  void Refuses(const std::vector<std::string>& arguments, int exit_status,
               const std::string& message) {
    const test::ProcessResult result = Run(arguments);
    EXPECT_EQ(result.exit_status, exit_status);
    EXPECT_THAT(result.output, testing::IsEmpty());
    EXPECT_THAT(result.errors, IsOneLineSaying(message));
  }
  static std::vector<std::string> Joined(std::vector<std::string> first,
                                         const std::vector<std::string>& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
  }

  // root.json with one root and one online key, signed.
  void MakeRoot() {
    Done({"root", "init", "root.json"});
    Done({"root", "expire", "root.json", "in 52 weeks"});
    Done({"root", "gen-ed25519-key", "root.json", "root.pem", "--role", "root"});
    Done({"root", "gen-ecdsa-key", "root.json", "online.pem", "-r", "targets", "-r", "snapshot",
          "-r", "timestamp"});
    Done({"root", "sign", "root.json", "--key", "root.pem"});
  }
  // And a repository with one target.
  void MakeRepository() {
    MakeRoot();
    Write(directory_ / "in/manifest.json", "{}");
    Done(Joined({"create", "--add-targets", "in", "--outdir", "out"}, kSigning));
  }
  Root DecodedRoot() const { return ReadRoot(Read(directory_ / "root.json")).value(); }
  std::string Metadata(const std::string& name) const {
    return Read(directory_ / ("out/metadata/" + name));
  }
  bool Exists(const std::string& name) const { return fs::exists(directory_ / name); }

  const std::vector<std::string> kSigning = {
      "--root",     "root.json",          "--key",      "online.pem",          "--targets-expires",
      "in 4 weeks", "--snapshot-expires", "in 4 weeks", "--timestamp-expires", "in 7 days"};
  const std::vector<std::string> kDownload = {"download",       "--root",       "root.json",
                                              "--metadata-url", "out/metadata", "--targets-url",
                                              "out/targets"};
  test::TempDir directory_;
  std::vector<std::pair<std::string, std::string>> environment_;
};

}  // namespace tough
