// A temporary directory that removes itself.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "base/result.h"

namespace updog::publish {

class Scratch {
 public:
  static base::Result<Scratch> Create() {
    std::string path = (std::filesystem::temp_directory_path() / "publish-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) return base::FailErrno(errno, path);
    return Scratch(std::move(path));
  }
  Scratch(Scratch&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  explicit Scratch(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace updog::publish
