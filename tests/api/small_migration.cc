// A migration of a few kilobytes, for tests that run it hundreds of times: renames "text" to
// "message" and back. Told so by the settings themselves, it fails, hangs, spoils what it
// reads, or leaves nonsense.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>

namespace {

void Replace(std::string& text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  const bool forward = std::string_view(argv[1]) == "--forward";
  std::ostringstream read;
  read << std::ifstream(std::string(argv[3]) + "/settings.json").rdbuf();
  std::string settings = read.str();
  if (settings.find("fail") != std::string::npos) {
    std::cerr << "cannot carry this\n";
    return 3;
  }
  if (settings.find("spoil") != std::string::npos) {
    std::ofstream(std::string(argv[3]) + "/settings.json") << "spoilt";
    return 3;
  }
  if (settings.find("hang") != std::string::npos) pause();
  Replace(settings, forward ? "\"text\"" : "\"message\"", forward ? "\"message\"" : "\"text\"");
  if (settings.find("nonsense") != std::string::npos) Replace(settings, "message", "other");
  std::ofstream(std::string(argv[5]) + "/settings.json") << settings;
  return 0;
}
