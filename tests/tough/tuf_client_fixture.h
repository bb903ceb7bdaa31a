// What every test of tuf-client as its users run it begins with: a web server on loopback, and a
// repository that it can serve. Every call is a process of its own.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/loopback_server.h"
#include "tests/support/matchers.h"
#include "tests/support/process.h"
#include "tests/support/repository_builder.h"
#include "tests/support/temp_dir.h"

namespace tough {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

class TufClient : public testing::Test {
 protected:
  void SetUp() override {
    // The program reads the real clock.
    for (const Role role : {Role::kRoot, Role::kTimestamp, Role::kSnapshot, Role::kTargets}) {
      repository_.SetExpiry(role, base::Now() + std::chrono::days(30));
    }
    repository_.PublishRoot();
    repository_.Publish();
    std::ofstream(root_path_) << repository_.File("1.root.json");
  }

  // Puts what the repository has published on the server.
  void Serve() {
    for (const auto& [name, bytes] : repository_.files()) {
      server_.On("/metadata/" + name, test::Answer(200, bytes));
    }
    for (const auto& [path, bytes] : repository_.target_files()) {
      server_.On("/targets/" + path, test::Answer(200, bytes));
    }
  }
  void PublishTarget(const std::string& name, const std::string& content) {
    repository_.AddTarget(name, content);
    repository_.PublishNextVersions();
    Serve();
  }

  test::ProcessOptions Command(Words words) const {
    Words arguments = {"--metadata-dir", metadata_dir_};
    arguments.insert(arguments.end(), words.begin(), words.end());
    return {.program = test::Program("tough/tuf-client"), .arguments = arguments};
  }
  test::ProcessResult Run(Words words) const { return test::RunProcess(Command(std::move(words))); }
  test::ProcessResult Init() const { return Run({"init", root_path_}); }
  Words RefreshWords() const { return {"--metadata-url", server_.Url("/metadata"), "refresh"}; }
  test::ProcessResult Refresh() const { return Run(RefreshWords()); }
  test::ProcessResult Download(const Words& names) const {
    Words words = {"--metadata-url",        server_.Url("/metadata"), "--target-base-url",
                   server_.Url("/targets"), "--target-dir",           target_dir_};
    for (const std::string& name : names) words.insert(words.end(), {"--target-name", name});
    words.emplace_back("download");
    return Run(words);
  }

  static std::string ReadAll(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string Metadata(const std::string& name) const {
    return ReadAll(metadata_dir_ + "/" + name);
  }
  std::string Target(const std::string& name) const { return ReadAll(target_dir_ + "/" + name); }
  static Words FilesBelow(const std::string& folder) {
    Words files;
    if (!fs::exists(folder)) return files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (!entry.is_directory()) files.push_back(entry.path().lexically_relative(folder));
    }
    return files;
  }
  // The paths below the metadata and targets URLs, without hashes.
  Words Requests() const {
    Words paths;
    for (const std::string& target : server_.Targets()) {
      const std::size_t slash = target.rfind('/');
      const std::string name = target.substr(slash + 1);
      const bool hashed = target.starts_with("/targets/");
      paths.push_back(hashed ? name.substr(name.find('.') + 1) : name);
    }
    return paths;
  }

  test::TempDir directory_;
  std::string metadata_dir_ = directory_ / "metadata";
  std::string target_dir_ = directory_ / "targets";
  std::string root_path_ = directory_ / "initial_root.json";
  test::RepositoryBuilder repository_;
  test::LoopbackServer server_;
};

// One line, which ends there.
MATCHER(IsOneLine, "is one line") {
  return !arg.empty() && arg.find('\n') == arg.size() - 1;
}

}  // namespace tough
