// A directory for what a program needs while it runs; removed with its content at the end.
#pragma once

#include <string>

#include "base/result.h"

namespace base {

class TemporaryDirectory {
 public:
  // PREFIX-XXXXXX in $TMPDIR or /tmp, mode 0700.
  static Result<TemporaryDirectory> Create(const std::string& prefix);
  TemporaryDirectory(TemporaryDirectory&& other) noexcept;
  TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
  ~TemporaryDirectory();

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  explicit TemporaryDirectory(std::string path);
  std::string path_;  // empty: moved from
};

}  // namespace base
