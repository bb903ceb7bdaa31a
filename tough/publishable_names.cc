#include "tough/publishable_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <climits>
#include <string>

#include "tough/limits.h"
#include "tough/schema.h"
#include "tough/target_name.h"
#include "tough/url.h"

namespace tough {

using base::Result;

namespace {

constexpr std::string_view kDigits = "0123456789";

// "7.root" is "root".
std::string_view WithoutVersion(std::string_view name) {
  const std::size_t digits = std::min(name.find_first_not_of(kDigits), name.size());
  return digits > 0 && name.substr(digits).starts_with('.') ? name.substr(digits + 1) : name;
}

std::string_view RoleNameFault(std::string_view name) {
  // "VERSION.NAME.json", with the longest version (2^53 - 1).
  constexpr std::size_t kAround = std::string_view("9007199254740991.").size() + 5;
  if (name.empty()) return "empty";
  if (TopLevelRole(WithoutVersion(name))) return "its file would be a top-level role's";
  if (name.starts_with('.')) return "with a dot at its beginning";
  if (name.find(' ') != std::string_view::npos) return "with a space, which some encode as '+'";
  if (const auto fault = TextFault(name); !fault.empty()) return fault;
  if (PercentEncode(name).size() + kAround > NAME_MAX) return "too long for a file's name";
  return {};
}

// What follows a '[' up to and with its ']', or what is wrong with it.
std::string_view SetFault(std::string_view set) {
  if (set.starts_with('^')) return "with [^, which some take for [!";
  const std::size_t first = set.starts_with('!') ? 1 : 0;
  // A ']' that comes first would be a member of the set, for some.
  if (set.substr(first).starts_with(']')) return "with an empty [set]";
  if (set.find(']') == std::string_view::npos) return "with a [ that is not closed";
  return {};
}

std::string_view SegmentFault(std::string_view segment) {
  if (segment.empty()) return "with an empty segment, or a slash at an end";
  if (segment == "." || segment == "..") return "with a segment . or ..";
  if (segment.find("**") != std::string_view::npos)
    return "with **, which some take for any number of segments: * never matches a slash";
  for (std::size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] != '[') continue;
    if (const auto fault = SetFault(segment.substr(i + 1)); !fault.empty()) return fault;
    i = segment.find(']', i);
  }
  return {};
}

std::string_view PatternFault(std::string_view pattern) {
  if (pattern.size() > Limits().name_bytes) return "longer than 1024 bytes";
  if (pattern.find_first_of("{}") != std::string_view::npos)
    return "with a brace, which some take for alternatives: give two patterns";
  if (const auto fault = TextFault(pattern); !fault.empty()) return fault;
  for (std::string_view rest = pattern;;) {
    const std::size_t slash = rest.find('/');
    if (const auto fault = SegmentFault(rest.substr(0, slash)); !fault.empty()) return fault;
    if (slash == std::string_view::npos) return {};
    rest.remove_prefix(slash + 1);
  }
}

std::string_view HashPrefixFault(std::string_view prefix) {
  constexpr std::size_t kSha256Digits = 64;
  if (prefix.empty() || prefix.size() > kSha256Digits) return "not 1 to 64 digits";
  if (prefix.find_first_not_of("0123456789abcdef") != std::string_view::npos)
    return "not lower-case hexadecimal";
  return {};
}

Result<> FailOn(std::string_view fault, std::string_view what, std::string_view text) {
  if (fault.empty()) return {};
  return base::Fail(base::ErrorCode::kUsage,
                    fmt::format("{} {:?}: {}", what, text.substr(0, 80), fault));
}

}  // namespace

Result<> CheckRoleName(std::string_view name) {
  return FailOn(RoleNameFault(name), "role name", name);
}

Result<> CheckPathPattern(std::string_view pattern) {
  return FailOn(PatternFault(pattern), "path pattern", pattern);
}

Result<> CheckPathHashPrefix(std::string_view prefix) {
  return FailOn(HashPrefixFault(prefix), "path hash prefix", prefix);
}

}  // namespace tough
