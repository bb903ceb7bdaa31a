// A picture of a repository as text and as JSON.
#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <utility>

#include "tough/tuftool/inspection.h"

namespace tough::tuftool {

using base::json::Array;
using base::json::Object;
using base::json::Value;

namespace {

constexpr std::size_t kKeyidDigits = 12;  // enough to tell keys apart, and to find them

void AppendRole(const RolePicture& role, base::Time now, std::string& text) {
  const auto out = std::back_inserter(text);
  const std::string indent(2 * role.depth, ' ');
  fmt::format_to(out, "{}{}", indent, role.name);
  if (role.version > 0) fmt::format_to(out, ", version {}", role.version);
  if (role.targets)
    fmt::format_to(out, ", {} target{}", *role.targets, *role.targets == 1 ? "" : "s");
  if (role.version > 0) {
    fmt::format_to(out, ", expires {} ({})", base::FormatTime(role.expires),
                   TimeLeft(role.expires, now));
  }
  text += '\n';
  if (!role.delegator.empty()) {
    fmt::format_to(out, "{}  for {}, by {}{}\n", indent, role.paths, role.delegator,
                   role.terminating ? ", terminating" : "");
  }
  if (role.threshold > 0) {
    fmt::format_to(out, "{}  signed by {} of {}, {} needed\n", indent, role.signers,
                   role.keys.size(), role.threshold);
  }
  for (const KeyPicture& key : role.keys) {
    fmt::format_to(out, "{}    {} {} {}{}\n", indent, key.has_signed ? "signed" : "      ",
                   key.keyid.substr(0, kKeyidDigits), key.scheme.empty() ? "unusable" : key.scheme,
                   key.fault.empty() ? "" : ": " + key.fault);
  }
  for (const std::string& fault : role.faults)
    fmt::format_to(out, "{}  REFUSED BY CLIENTS: {}\n", indent, fault);
}

Object RoleJson(const RolePicture& role, base::Time now) {
  Object object;
  object.Set("name", role.name);
  object.Set("file", role.file_name);
  if (role.version > 0) {
    object.Set("version", Value::Unsigned(role.version));
    object.Set("expires", base::FormatTime(role.expires));
    object.Set("days_left", Value::Integer(DaysLeft(role.expires, now)));
  }
  object.Set("threshold", Value::Unsigned(role.threshold));
  object.Set("signers", Value::Unsigned(role.signers));
  Array keys;
  for (const KeyPicture& key : role.keys) keys.emplace_back(AsJson(key));
  object.Set("keys", std::move(keys));
  if (role.targets) object.Set("targets", Value::Unsigned(*role.targets));
  if (!role.delegator.empty()) {
    object.Set("delegator", role.delegator);
    object.Set("paths", role.paths);
    object.Set("terminating", role.terminating);
  }
  object.Set("faults", Array(role.faults.begin(), role.faults.end()));
  return object;
}

}  // namespace

std::string TimeLeft(base::Time then, base::Time now) {
  using std::chrono::days;
  using std::chrono::hours;
  using std::chrono::minutes;
  const auto distance = then > now ? then - now : now - then;
  const auto say = [&](std::int64_t count, std::string_view unit) {
    const std::string amount = fmt::format("{} {}{}", count, unit, count == 1 ? "" : "s");
    return then > now ? "in " + amount : amount + " ago";
  };
  if (distance >= days(2)) return say(std::chrono::floor<days>(distance).count(), "day");
  if (distance >= hours(2)) return say(std::chrono::floor<hours>(distance).count(), "hour");
  return say(std::chrono::floor<minutes>(distance).count(), "minute");
}

std::int64_t DaysLeft(base::Time then, base::Time now) {
  return std::chrono::floor<std::chrono::days>(then - now).count();
}

std::string AsText(const Picture& picture, base::Time now) {
  std::string text;
  const auto out = std::back_inserter(text);
  fmt::format_to(
      out, "Roots {} to {}, {}\n", picture.first_root, picture.last_root,
      picture.verified_from_given_root
          ? "from the root that was given"
          : "from the repository's own first root: give --root to know that it is yours");
  for (const RolePicture& role : picture.roles) AppendRole(role, now, text);
  return text;
}

Value AsJson(const Picture& picture, base::Time now) {
  Object object;
  object.Set("verified_from_given_root", picture.verified_from_given_root);
  object.Set("first_root", Value::Unsigned(picture.first_root));
  object.Set("last_root", Value::Unsigned(picture.last_root));
  object.Set("healthy", picture.healthy());
  Array roles;
  for (const RolePicture& role : picture.roles) roles.emplace_back(RoleJson(role, now));
  object.Set("roles", std::move(roles));
  return object;
}

}  // namespace tough::tuftool
