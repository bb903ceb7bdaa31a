// A publisher of releases, who works as real ones do: with tuftool and updata.
//
//   Publisher publisher(dir / "publisher");
//   publisher.AddRelease({.version = "1.1.0"});
//   publisher.Publish();                     // DIR/repository: metadata/ and targets/
//   publisher.Serve(server);
//
// A step that fails ends the test program with the tool's own words: there is nothing to test then.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/support/loopback_server.h"

namespace test {

// The raw images of a release: bytes that nobody else has, made from `version`.
struct ReleaseOptions {
  std::string version;
  std::string variant = "demo";
  std::uint64_t boot_bytes = 512 << 10;
  std::uint64_t root_bytes = 2 << 20;
  std::uint64_t hash_bytes = 300 << 10;
  // "zst", "lz4", or "" for images that are published as they are.
  std::string ending = "zst";
};

struct Images {
  std::string boot;
  std::string root;
  std::string hash;
};

class Publisher {
 public:
  // Makes keys and a signed root.json in the new directory.
  explicit Publisher(std::string dir);

  void AddRelease(const ReleaseOptions& options);
  // Any other target.
  void AddTarget(const std::string& name, const std::string& bytes);
  // `updata` with the manifest as its file: Updata("set-max-version", {"--max-version", "1.0.0"}).
  void Updata(const std::string& verb, const std::vector<std::string>& arguments);
  // Writes the repository anew. Each time with higher versions than before.
  void Publish(const std::string& expires = "in 1 week");

  std::string root_path() const { return dir_ + "/root.json"; }
  std::string manifest_path() const { return targets_dir() + "/manifest.json"; }
  std::string repository() const { return dir_ + "/repository"; }
  // Published files by path, "metadata/timestamp.json" and so on, and their bytes.
  std::map<std::string, std::string> Files() const;
  // The published path that ends so: "root.img.zst" is "targets/HASH.demo-1.1.0-root.img.zst".
  std::string PathOf(const std::string& ending) const;
  // The raw images of a release that was added.
  const Images& ImagesOf(const std::string& version) const { return images_.at(version); }

  // Answers for everything that is published now.
  void Serve(LoopbackServer& server) const;

 private:
  std::string targets_dir() const { return dir_ + "/targets-in"; }
  void Tuftool(const std::vector<std::string>& arguments);
  std::string AddImage(const ReleaseOptions& options, const std::string& kind,
                       const std::string& bytes);

  std::string dir_;
  std::uint64_t version_ = 0;
  std::map<std::string, Images> images_;
};

// `count` bytes that follow from `seed` and compress to about half.
std::string MakeBytes(std::uint64_t count, const std::string& seed);
// Ends the test program where the file cannot be read or written.
std::string ReadAll(const std::string& path);
void WriteAll(const std::string& path, const std::string& bytes);

}  // namespace test
