// os-release(5). The first line is a value that is written with quotes, and read back as it was.
#include <string>

#include "tests/fuzz/fuzz.h"
#include "updog/config.h"

namespace {

std::string Quoted(std::string_view value) {
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\' || c == '$' || c == '`') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

void fuzz::Run(std::string_view input) {
  const updog::OsRelease release = updog::ParseOsRelease(input);
  Check(release.variant_id.size() + release.version_id.size() + release.build_id.size() +
                release.pretty_name.size() <=
            input.size(),
        "nothing is added");
  const std::string_view value = input.substr(0, input.find('\n'));
  Check(updog::ParseOsRelease("PRETTY_NAME=" + Quoted(value)).pretty_name == value,
        "what is quoted is read as it was");
}
