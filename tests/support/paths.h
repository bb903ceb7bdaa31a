// Where a test finds what is not compiled into it. Only paths.cc knows the directories, so that the
// tests' own objects are the same in every clone, and a compiler cache serves them all.
#pragma once

#include <string>

namespace test {

// BuildPath("vm") is build/PRESET/vm.
std::string BuildPath(const std::string& path_in_build);
// SourcePath("tests/data") is the folder in the tree.
std::string SourcePath(const std::string& path_in_tree);

}  // namespace test
