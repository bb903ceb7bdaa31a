#include "tests/support/paths.h"

namespace test {

std::string BuildPath(const std::string& path_in_build) {
  return UPDOG_BUILD_DIR "/" + path_in_build;
}

std::string SourcePath(const std::string& path_in_tree) {
  return UPDOG_SOURCE_DIR "/" + path_in_tree;
}

}  // namespace test
