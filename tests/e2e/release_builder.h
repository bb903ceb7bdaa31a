// A publisher who works with `publish`: keys apart as they ought to be, and releases as they come
// from a build, each a directory with three images and a release.toml.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/e2e/publisher.h"
#include "tests/support/process.h"

namespace test {

class ReleaseBuilder {
 public:
  // Makes keys and a signed root.json in the new directory. A step that fails ends the test
  // program.
  explicit ReleaseBuilder(std::string dir);

  // Makes the release, unless it is there; its release.toml. Images of `kib` KiB.
  std::string Make(const std::string& version, std::uint64_t kib = 512);
  Images ImagesOf(const std::string& version) const { return images_.at(version); }

  std::string root_path() const { return dir_ + "/root.json"; }
  std::string targets_key() const { return dir_ + "/targets.pem"; }
  // Of snapshot and timestamp.
  std::string online_key() const { return dir_ + "/online.pem"; }

  using Environment = std::vector<std::pair<std::string, std::string>>;
  // `publish`, with both keys. `repo` empty: not given.
  ProcessResult Publish(const std::string& repo, std::vector<std::string> arguments,
                        const Environment& environment = {}) const;
  ProcessResult PublishWith(const std::vector<std::string>& keys, const std::string& repo,
                            std::vector<std::string> arguments,
                            const Environment& environment = {}) const;

 private:
  std::string dir_;
  std::map<std::string, Images> images_;
};

// To be preloaded: the clock stands at FIXED_CLOCK.
std::string FixedClockPath();

}  // namespace test
