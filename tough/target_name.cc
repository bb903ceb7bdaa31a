#include "tough/target_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <climits>

#include "base/json.h"
#include "tough/limits.h"

namespace tough {

using base::Result;

std::string_view TargetNameFault(std::string_view name) {
  if (name.empty()) return "empty";
  if (name.size() > Limits().name_bytes) return "longer than 1024 bytes";
  if (name.find('\\') != std::string_view::npos) return "with a backslash";
  const auto is_control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '\x7f';
  };
  if (std::any_of(name.begin(), name.end(), is_control)) return "with a control character";
  if (!base::json::Parse(base::json::Serialize(name, base::json::Style::kCompact)).has_value())
    return "not UTF-8";
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

Result<> CheckTargetName(std::string_view name) {
  const std::string_view fault = TargetNameFault(name);
  if (fault.empty()) return {};
  return base::Fail(base::ErrorCode::kUsage,
                    fmt::format("target name {:?}: {}", name.substr(0, 80), fault));
}

}  // namespace tough
