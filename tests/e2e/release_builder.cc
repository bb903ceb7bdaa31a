#include "tests/e2e/release_builder.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "tests/support/paths.h"

namespace test {
namespace {

namespace fs = std::filesystem;

void MustRun(const std::string& program, const std::vector<std::string>& arguments) {
  const ProcessResult result = RunProcess({.program = Program(program), .arguments = arguments});
  if (result.exit_status == 0) return;
  (void)std::fprintf(stderr, "%s: %s\n", program.c_str(), result.errors.c_str());
  std::abort();
}

}  // namespace

ReleaseBuilder::ReleaseBuilder(std::string dir) : dir_(std::move(dir)) {
  fs::create_directories(dir_);
  const auto root = [this](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "root");
    arguments.insert(arguments.begin() + 2, root_path());
    MustRun("tough/tuftool/tuftool", arguments);
  };
  root({"init"});
  root({"expire", "in 52 weeks"});
  root({"gen-ed25519-key", dir_ + "/root.pem", "--role", "root"});
  root({"gen-ed25519-key", targets_key(), "--role", "targets"});
  root({"gen-ed25519-key", online_key(), "--role", "snapshot", "--role", "timestamp"});
  root({"sign", "--key", dir_ + "/root.pem"});
}

std::string ReleaseBuilder::Make(const std::string& version, std::uint64_t kib) {
  const std::string directory = dir_ + "/" + version;
  const std::string toml_path = directory + "/release.toml";
  if (fs::exists(toml_path)) return toml_path;
  fs::create_directories(directory);
  Images& images = images_[version];
  std::string toml =
      "version = \"" + version + "\"\nvariant = \"demo\"\narch = \"x86_64\"\n[images]\n";
  const auto add = [&](const std::string& kind, std::string& bytes) {
    bytes = MakeBytes(kib << 10, version + kind);
    const std::string raw = directory + "/" + kind + ".img";
    const std::string name = "demo-" + version + "-" + kind + ".img.zst";
    WriteAll(raw, bytes);
    MustRun("updog/updata",
            {"compress-image", raw, "--out", directory + "/" + name, "--level", "1"});
    fs::remove(raw);
    toml += kind + " = \"" + name + "\"\n";
  };
  add("boot", images.boot);
  add("root", images.root);
  add("hash", images.hash);
  WriteAll(toml_path, toml);
  return toml_path;
}

ProcessResult ReleaseBuilder::Publish(const std::string& repo, std::vector<std::string> arguments,
                                      const Environment& environment) const {
  return PublishWith({targets_key(), online_key()}, repo, std::move(arguments), environment);
}

ProcessResult ReleaseBuilder::PublishWith(const std::vector<std::string>& keys,
                                          const std::string& repo,
                                          std::vector<std::string> arguments,
                                          const Environment& environment) const {
  arguments.insert(arguments.end(), {"--root", root_path()});
  for (const std::string& key : keys) arguments.insert(arguments.end(), {"--key", key});
  if (!repo.empty()) arguments.insert(arguments.end(), {"--repo", repo});
  return RunProcess({.program = Program("updog/publish"),
                     .arguments = std::move(arguments),
                     .environment = environment});
}

std::string FixedClockPath() {
  return BuildPath("tests/support/libtest_fixed_clock.so");
}

}  // namespace test
