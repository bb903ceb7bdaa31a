#include "tough/target_name.h"

#include <fmt/format.h>

#include <climits>

#include "base/json.h"
#include "base/text.h"
#include "tough/limits.h"

namespace tough {

using base::Result;

std::string_view TextFault(std::string_view text) {
  if (text.find('\\') != std::string_view::npos) return "with a backslash";
  if (base::HasControl(text)) return "with a control character";
  // The JSON parser knows what is UTF-8.
  if (!base::json::Parse(base::json::Serialize(text, base::json::Style::kCompact)).has_value())
    return "not UTF-8";
  return {};
}

std::string_view TargetNameFault(std::string_view name) {
  if (name.empty()) return "empty";
  if (name.size() > Limits().name_bytes) return "longer than 1024 bytes";
  if (const auto fault = TextFault(name); !fault.empty()) return fault;
  for (std::string_view rest = name;;) {
    const std::size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    if (segment.empty()) return "with an empty segment, or a slash at an end";
    if (segment.size() > NAME_MAX) return "with a segment longer than 255 bytes";
    if (segment == "." || segment == "..") return "with a segment . or ..";
    if (slash == std::string_view::npos) return {};
    rest.remove_prefix(slash + 1);
  }
}

namespace {

// What is no fault to a client, but to somebody else's: some put a name into a URL as it is, where
// these end the path or stand for another character.
std::string_view PublishedNameFault(std::string_view name) {
  if (name.find_first_of("?#%") != std::string_view::npos)
    return "with one of ?#%, which a URL takes for something else";
  // "HASH.basename" is a file's name, too (R68).
  constexpr std::size_t kHashAndDot = 64 + 1;
  const std::string_view file_name = name.substr(name.rfind('/') + 1);
  if (file_name.size() > NAME_MAX - kHashAndDot)
    return "with a file name longer than 190 bytes, to which its hash is added";
  return {};
}

}  // namespace

Result<> CheckTargetName(std::string_view name) {
  std::string_view fault = TargetNameFault(name);
  if (fault.empty()) fault = PublishedNameFault(name);
  if (fault.empty()) return {};
  return base::Fail(base::ErrorCode::kUsage,
                    fmt::format("target name {:?}: {}", name.substr(0, 80), fault));
}

}  // namespace tough
