// The migration of the demonstration's release 3.0.0: greeting.languages, a string with spaces in
// it, becomes a list.
#include <string>
#include <utility>

#include "api/migrator/migration.h"

namespace {

using api::Settings;
using base::json::Array;

constexpr const char* kName = "greeting.languages";

base::Result<> ToList(Settings& settings) {
  const auto found = settings.find(kName);
  if (found == settings.end() || found->second.string() == nullptr) return {};
  Array languages;
  std::string word;
  for (const char c : *found->second.string() + " ") {
    if (c != ' ') {
      word += c;
    } else if (!word.empty()) {
      languages.emplace_back(std::exchange(word, {}));
    }
  }
  found->second = std::move(languages);
  return {};
}

base::Result<> ToText(Settings& settings) {
  const auto found = settings.find(kName);
  if (found == settings.end() || found->second.array() == nullptr) return {};
  std::string text;
  for (const std::string& language : api::TextsOf(found->second)) {
    text += (text.empty() ? "" : " ") + language;
  }
  found->second = std::move(text);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  return api::RunMigration(argc, argv, {.forward = ToList, .backward = ToText});
}
