// A picture of a root.json as text and as JSON.
#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "tough/tuftool/inspection.h"
#include "tough/tuftool/root_picture.h"

namespace tough::tuftool {

using base::json::Array;
using base::json::Object;
using base::json::Value;

namespace {

std::string KeyName(const KeyPicture& key) {
  if (key.scheme.empty()) return fmt::format("{:.12} (unusable: {})", key.keyid, key.fault);
  return fmt::format("{:.12} {}", key.keyid, key.scheme);
}

std::string_view SignatureState(const KeyPicture& key) {
  if (key.has_signed) return "signed ";
  return key.scheme.empty() || key.fault.empty() ? "missing" : "WRONG  ";
}

void AppendRole(Role role, const SignersPicture& signers, std::string& text) {
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "  {}: {} of {} key{}{}\n", RoleName(role), signers.threshold,
                 signers.keys.size(), signers.keys.size() == 1 ? "" : "s",
                 signers.keys.size() < signers.threshold ? ", TOO FEW" : "");
  for (const KeyPicture& key : signers.keys) fmt::format_to(out, "    {}\n", KeyName(key));
}

void AppendSignatures(const SignaturesPicture& signatures, std::string_view whose,
                      std::string& text) {
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "Signatures by {}: {}, {} needed\n", whose,
                 signatures.complete ? "complete" : "INCOMPLETE", signatures.signers.threshold);
  for (const KeyPicture& key : signatures.signers.keys)
    fmt::format_to(out, "  {} {}\n", SignatureState(key), KeyName(key));
}

void AppendRoleChange(const RoleChange& change, std::string& text) {
  const auto out = std::back_inserter(text);
  const std::string_view role = RoleName(change.role);
  if (change.threshold) {
    fmt::format_to(out, "  {}: threshold {} becomes {}\n", role, change.threshold->before,
                   change.threshold->after);
  }
  for (const KeyPicture& key : change.removed)
    fmt::format_to(out, "  {}: without {}\n", role, KeyName(key));
  for (const KeyPicture& key : change.added)
    fmt::format_to(out, "  {}: with {}\n", role, KeyName(key));
}

void AppendChanges(const RootChanges& changes, std::uint64_t version, std::string& text) {
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "Changes since version {}\n", changes.since_version);
  if (!changes.follows) {
    fmt::format_to(out, "  VERSION {} DOES NOT FOLLOW: clients take {} only\n", version,
                   changes.since_version + 1);
  }
  if (changes.expires) {
    fmt::format_to(out, "  expires {} instead of {}\n", base::FormatTime(changes.expires->after),
                   base::FormatTime(changes.expires->before));
  }
  if (changes.consistent_snapshot)
    fmt::format_to(out, "  consistent_snapshot becomes {}\n", changes.consistent_snapshot->after);
  for (const RoleChange& role : changes.roles) AppendRoleChange(role, text);
}

Array KeyidsJson(const std::vector<KeyPicture>& keys) {
  Array keyids;
  for (const KeyPicture& key : keys) keyids.emplace_back(key.keyid);
  return keyids;
}

Object RoleJson(Role role, const SignersPicture& signers) {
  Object object;
  object.Set("name", RoleName(role));
  object.Set("threshold", Value::Unsigned(signers.threshold));
  Array keys;
  for (const KeyPicture& key : signers.keys) {
    Object known = AsJson(key);
    // It is root's signatures that the file has.
    known.Erase("signed");
    keys.emplace_back(std::move(known));
  }
  object.Set("keys", std::move(keys));
  return object;
}

Object SignaturesJson(const SignaturesPicture& signatures) {
  Object object;
  object.Set("by_version", Value::Unsigned(signatures.by_version));
  object.Set("complete", signatures.complete);
  object.Set("threshold", Value::Unsigned(signatures.signers.threshold));
  Array keys;
  for (const KeyPicture& key : signatures.signers.keys) keys.emplace_back(AsJson(key));
  object.Set("keys", std::move(keys));
  return object;
}

Object ChangeJson(Value before, Value after) {
  Object object;
  object.Set("before", std::move(before));
  object.Set("after", std::move(after));
  return object;
}

Object RoleChangeJson(const RoleChange& change) {
  Object object;
  object.Set("name", RoleName(change.role));
  if (change.threshold) {
    object.Set("threshold", ChangeJson(Value::Unsigned(change.threshold->before),
                                       Value::Unsigned(change.threshold->after)));
  }
  object.Set("removed", KeyidsJson(change.removed));
  object.Set("added", KeyidsJson(change.added));
  return object;
}

Object ChangesJson(const RootChanges& changes) {
  Object object;
  object.Set("since_version", Value::Unsigned(changes.since_version));
  object.Set("follows", changes.follows);
  if (changes.expires) {
    object.Set("expires", ChangeJson(base::FormatTime(changes.expires->before),
                                     base::FormatTime(changes.expires->after)));
  }
  if (changes.consistent_snapshot) {
    object.Set("consistent_snapshot",
               ChangeJson(changes.consistent_snapshot->before, changes.consistent_snapshot->after));
  }
  Array roles;
  for (const RoleChange& role : changes.roles) roles.emplace_back(RoleChangeJson(role));
  object.Set("roles", std::move(roles));
  return object;
}

}  // namespace

std::string AsText(const RootPicture& picture, base::Time now) {
  std::string text = fmt::format("Version {}, expires {} ({})\n", picture.version,
                                 base::FormatTime(picture.expires), TimeLeft(picture.expires, now));
  for (const auto& [role, signers] : picture.roles) AppendRole(role, signers, text);
  AppendSignatures(picture.by_own_keys, "its own keys", text);
  if (picture.by_previous_keys) {
    AppendSignatures(*picture.by_previous_keys,
                     fmt::format("the keys of version {}", picture.by_previous_keys->by_version),
                     text);
  }
  if (picture.changes) AppendChanges(*picture.changes, picture.version, text);
  return text;
}

Value AsJson(const RootPicture& picture, base::Time now) {
  Object object;
  object.Set("version", Value::Unsigned(picture.version));
  object.Set("expires", base::FormatTime(picture.expires));
  object.Set("days_left", Value::Integer(DaysLeft(picture.expires, now)));
  Array roles;
  for (const auto& [role, signers] : picture.roles) roles.emplace_back(RoleJson(role, signers));
  object.Set("roles", std::move(roles));
  object.Set("by_own_keys", SignaturesJson(picture.by_own_keys));
  if (picture.by_previous_keys)
    object.Set("by_previous_keys", SignaturesJson(*picture.by_previous_keys));
  if (picture.changes) object.Set("changes", ChangesJson(*picture.changes));
  return object;
}

}  // namespace tough::tuftool
