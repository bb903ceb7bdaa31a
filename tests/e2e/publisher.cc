#include "tests/e2e/publisher.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <utility>

#include "tests/support/process.h"

namespace test {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void Stop(const std::string& why) {
  (void)std::fprintf(stderr, "publisher: %s\n", why.c_str());
  std::abort();
}

void RunTool(const std::string& program, const std::vector<std::string>& arguments) {
  const ProcessResult result = RunProcess({.program = program, .arguments = arguments});
  if (result.exit_status == 0) return;
  std::string line = program;
  for (const std::string& argument : arguments) line += " " + argument;
  Stop(line + ": " + result.errors);
}

}  // namespace

std::string MakeBytes(std::uint64_t count, const std::string& seed) {
  std::mt19937_64 random(std::hash<std::string>{}(seed));
  std::string bytes;
  bytes.reserve(count + 8);
  while (bytes.size() < count) {
    std::uint64_t word = random();
    for (int i = 0; i < 8; ++i, word >>= 8) bytes.push_back(static_cast<char>('a' + (word & 0xf)));
  }
  bytes.resize(count);
  return bytes;
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) Stop("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteAll(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) Stop("cannot write " + path);
}

Publisher::Publisher(std::string dir) : dir_(std::move(dir)) {
  fs::create_directories(targets_dir());
  Tuftool({"root", "init", root_path()});
  Tuftool({"root", "expire", root_path(), "in 52 weeks"});
  Tuftool({"root", "gen-ed25519-key", root_path(), dir_ + "/root.pem", "--role", "root"});
  Tuftool({"root", "gen-ed25519-key", root_path(), dir_ + "/online.pem", "--role", "targets",
           "--role", "snapshot", "--role", "timestamp"});
  Tuftool({"root", "sign", root_path(), "--key", dir_ + "/root.pem"});
  RunTool(Program("updog/updata"), {"init", manifest_path()});
}

void Publisher::Tuftool(const std::vector<std::string>& arguments) {
  RunTool(Program("tough/tuftool/tuftool"), arguments);
}

void Publisher::AddTarget(const std::string& name, const std::string& bytes) {
  WriteAll(targets_dir() + "/" + name, bytes);
}

void Publisher::Updata(const std::string& verb, const std::vector<std::string>& arguments) {
  std::vector<std::string> all = {verb, manifest_path()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  RunTool(Program("updog/updata"), all);
}

std::string Publisher::AddImage(const ReleaseOptions& options, const std::string& kind,
                                const std::string& bytes) {
  const std::string name = options.variant + "-" + options.version + "-" + kind + ".img";
  const std::string raw = dir_ + "/" + name;
  WriteAll(raw, bytes);
  if (options.ending.empty()) {
    fs::rename(raw, targets_dir() + "/" + name);
    return name;
  }
  const std::string compressed = name + "." + options.ending;
  const std::string out = targets_dir() + "/" + compressed;
  if (options.ending == "lz4") {
    RunTool("lz4", {"-q", "-f", raw, out});
  } else {
    RunTool(Program("updog/updata"), {"compress-image", raw, "--out", out, "--level", "1"});
  }
  fs::remove(raw);
  return compressed;
}

void Publisher::AddRelease(const ReleaseOptions& options) {
  const Images images{.boot = MakeBytes(options.boot_bytes, options.version + " boot"),
                      .root = MakeBytes(options.root_bytes, options.version + " root"),
                      .hash = MakeBytes(options.hash_bytes, options.version + " hash")};
  Updata("add-update",
         {"--variant", options.variant, "--arch", "x86_64", "--version", options.version, "--boot",
          AddImage(options, "boot", images.boot), "--root", AddImage(options, "root", images.root),
          "--hash", AddImage(options, "hash", images.hash)});
  images_[options.version] = images;
}

void Publisher::Publish(const std::string& expires) {
  ++version_;
  const std::string version = std::to_string(version_);
  fs::remove_all(repository());
  Tuftool({"create",
           "--root",
           root_path(),
           "--key",
           dir_ + "/online.pem",
           "--add-targets",
           targets_dir(),
           "--outdir",
           repository(),
           "--targets-expires",
           expires,
           "--targets-version",
           version,
           "--snapshot-expires",
           expires,
           "--snapshot-version",
           version,
           "--timestamp-expires",
           expires,
           "--timestamp-version",
           version});
}

std::map<std::string, std::string> Publisher::Files() const {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(repository())) {
    if (!entry.is_regular_file()) continue;
    const std::string path = entry.path().string();
    files[path.substr(repository().size() + 1)] = ReadAll(path);
  }
  return files;
}

std::string Publisher::PathOf(const std::string& ending) const {
  for (const auto& [path, bytes] : Files()) {
    if (path.ends_with(ending)) return path;
  }
  Stop("nothing is published that ends in " + ending);
}

void Publisher::Serve(LoopbackServer& server) const {
  for (const auto& [path, bytes] : Files()) server.On("/" + path, ServeFile(bytes));
}

}  // namespace test
