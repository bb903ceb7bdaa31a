#include "tough/tuftool/root_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "tough/limits.h"
#include "tough/schema.h"
#include "tough/tuftool/inspection.h"
#include "tough/verify.h"

namespace tough::tuftool {

using base::Result;

namespace {

constexpr std::array kRoles = {Role::kRoot, Role::kTargets, Role::kSnapshot, Role::kTimestamp};

struct ReadRootFile {
  Document document;
  Root root;
};
Result<ReadRootFile> Read(std::string_view text) {
  Document document = TRY(Document::Parse(text, Limits()));
  base::json::Value signed_part = document.signed_part;
  Root root = TRY(DecodeRoot(std::move(signed_part), Limits()));
  return ReadRootFile{std::move(document), std::move(root)};
}

std::string KeyName(const std::string& keyid, const Keys& keys) {
  const auto found = keys.find(keyid);
  if (found == keys.end()) return fmt::format("{:.12} (not defined)", keyid);
  if (!found->second.has_value())
    return fmt::format("{:.12} (unusable: {})", keyid, found->second.error().message());
  return fmt::format("{:.12} {}", keyid, SchemeName(found->second->scheme()));
}

bool Has(const RoleKeys& role, const std::string& keyid) {
  return std::find(role.keyids.begin(), role.keyids.end(), keyid) != role.keyids.end();
}

void AppendRoles(const Root& root, std::string& text) {
  const auto out = std::back_inserter(text);
  for (const Role role : kRoles) {
    const RoleKeys& signers = root.ForRole(role);
    fmt::format_to(out, "  {}: {} of {} key{}{}\n", RoleName(role), signers.threshold,
                   signers.keyids.size(), signers.keyids.size() == 1 ? "" : "s",
                   signers.keyids.size() < signers.threshold ? ", TOO FEW" : "");
    for (const std::string& keyid : signers.keyids)
      fmt::format_to(out, "    {}\n", KeyName(keyid, root.keys));
  }
}

// Who of the root keys of `delegator` signed, and who is still to.
void AppendSignatures(const Document& document, const Root& delegator, std::string_view whose,
                      std::string& text) {
  const auto out = std::back_inserter(text);
  const bool complete = VerifyThreshold(document, delegator.keys, delegator.root).has_value();
  fmt::format_to(out, "Signatures by {}: {}, {} needed\n", whose,
                 complete ? "complete" : "INCOMPLETE", delegator.root.threshold);
  for (const std::string& keyid : delegator.root.keyids) {
    const auto made =
        std::find_if(document.signatures.begin(), document.signatures.end(),
                     [&keyid](const Signature& signature) { return signature.keyid == keyid; });
    const bool present = made != document.signatures.end() && !made->sig.empty();
    const bool right = present && FindSigner(document, *made, delegator.keys, delegator.root);
    fmt::format_to(out, "  {} {}\n",
                   right     ? "signed "
                   : present ? "WRONG  "
                             : "missing",
                   KeyName(keyid, delegator.keys));
  }
}

void AppendRoleChanges(const Root& before, const Root& after, Role role, std::string& text) {
  const auto out = std::back_inserter(text);
  const RoleKeys& old_signers = before.ForRole(role);
  const RoleKeys& new_signers = after.ForRole(role);
  if (old_signers.threshold != new_signers.threshold) {
    fmt::format_to(out, "  {}: threshold {} becomes {}\n", RoleName(role), old_signers.threshold,
                   new_signers.threshold);
  }
  for (const std::string& keyid : old_signers.keyids) {
    if (!Has(new_signers, keyid))
      fmt::format_to(out, "  {}: without {}\n", RoleName(role), KeyName(keyid, before.keys));
  }
  for (const std::string& keyid : new_signers.keyids) {
    if (!Has(old_signers, keyid))
      fmt::format_to(out, "  {}: with {}\n", RoleName(role), KeyName(keyid, after.keys));
  }
}

void AppendChanges(const Root& before, const Root& after, std::string& text) {
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "Changes since version {}\n", before.version);
  if (after.version != before.version + 1) {
    fmt::format_to(out, "  VERSION {} DOES NOT FOLLOW: clients take {} only\n", after.version,
                   before.version + 1);
  }
  if (after.expires != before.expires) {
    fmt::format_to(out, "  expires {} instead of {}\n", base::FormatTime(after.expires),
                   base::FormatTime(before.expires));
  }
  if (after.consistent_snapshot != before.consistent_snapshot)
    fmt::format_to(out, "  consistent_snapshot becomes {}\n", after.consistent_snapshot);
  for (const Role role : kRoles) AppendRoleChanges(before, after, role, text);
}

}  // namespace

Result<std::string> DescribeRoot(std::string_view text, std::string_view previous, base::Time now) {
  const ReadRootFile shown = TRY(Read(text));
  const Root& root = shown.root;
  std::string out = fmt::format("Version {}, expires {} ({})\n", root.version,
                                base::FormatTime(root.expires), TimeLeft(root.expires, now));
  AppendRoles(root, out);
  AppendSignatures(shown.document, root, "its own keys", out);
  if (previous.empty()) return out;
  const ReadRootFile before = TRY_CONTEXT(Read(previous), "the previous root");
  AppendSignatures(shown.document, before.root,
                   fmt::format("the keys of version {}", before.root.version), out);
  AppendChanges(before.root, root, out);
  return out;
}

}  // namespace tough::tuftool
