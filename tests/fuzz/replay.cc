// Runs a target once with each file of the directories that are given, and once with nothing.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.h"

namespace {

std::vector<std::filesystem::path> FilesIn(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string Read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int main(int argc, char** argv) {
  fuzz::Run("");
  std::size_t count = 0;
  for (const char* directory : std::vector<const char*>(argv + 1, argv + argc)) {
    for (const std::filesystem::path& path : FilesIn(directory)) {
      // Before the run: where that ends the program, this line names the input.
      std::fprintf(stderr, "%s\n", path.c_str());
      fuzz::Run(Read(path));
      ++count;
    }
  }
  if (count == 0) std::fprintf(stderr, "no inputs\n");
  return count == 0 ? 1 : 0;
}
