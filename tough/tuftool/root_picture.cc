#include "tough/tuftool/root_picture.h"

#include <algorithm>
#include <array>
#include <utility>

#include "tough/limits.h"
#include "tough/verify.h"

namespace tough::tuftool {

using base::Result;

namespace {

constexpr std::array kRoles = {Role::kRoot, Role::kTargets, Role::kSnapshot, Role::kTimestamp};

struct RootFile {
  Document document;
  Root root;
};
Result<RootFile> Read(std::string_view text) {
  Document document = TRY(Document::Parse(std::string(text), Limits()));
  Root root = TRY(DecodeRoot(document, Limits()));
  return RootFile{std::move(document), std::move(root)};
}

SignersPicture LookAtSigners(const Document& document, const Keys& keys, const RoleKeys& role) {
  SignersPicture picture{role.threshold, {}};
  for (const std::string& keyid : role.keyids)
    picture.keys.push_back(LookAtKey(keyid, document, keys, role));
  return picture;
}

SignaturesPicture LookAtSignatures(const Document& document, const Root& delegator) {
  return {delegator.version, LookAtSigners(document, delegator.keys, delegator.root),
          VerifyThreshold(document, delegator.keys, delegator.root).has_value()};
}

template <typename T>
std::optional<Change<T>> ChangeOf(const T& before, const T& after) {
  return before == after ? std::nullopt : std::optional(Change<T>{before, after});
}

// The keys of `role` in `from` that it does not have in `other`.
std::vector<KeyPicture> KeysOnlyIn(const RootFile& from, const Root& other, Role role) {
  const std::vector<std::string>& others = other.ForRole(role).keyids;
  std::vector<KeyPicture> only;
  for (const std::string& keyid : from.root.ForRole(role).keyids) {
    if (std::find(others.begin(), others.end(), keyid) == others.end())
      only.push_back(LookAtKey(keyid, from.document, from.root.keys, from.root.ForRole(role)));
  }
  return only;
}

RootChanges LookAtChanges(const RootFile& before, const RootFile& after) {
  RootChanges changes;
  changes.since_version = before.root.version;
  changes.follows = after.root.version == before.root.version + 1;
  changes.expires = ChangeOf(before.root.expires, after.root.expires);
  changes.consistent_snapshot =
      ChangeOf(before.root.consistent_snapshot, after.root.consistent_snapshot);
  for (const Role role : kRoles) {
    RoleChange change{.role = role,
                      .threshold = ChangeOf(before.root.ForRole(role).threshold,
                                            after.root.ForRole(role).threshold),
                      .removed = KeysOnlyIn(before, after.root, role),
                      .added = KeysOnlyIn(after, before.root, role)};
    if (change.threshold || !change.removed.empty() || !change.added.empty())
      changes.roles.push_back(std::move(change));
  }
  return changes;
}

}  // namespace

Result<RootPicture> LookAtRoot(std::string_view text, std::string_view previous) {
  const RootFile shown = TRY(Read(text));
  RootPicture picture;
  picture.version = shown.root.version;
  picture.expires = shown.root.expires;
  for (const Role role : kRoles) {
    picture.roles.emplace_back(
        role, LookAtSigners(shown.document, shown.root.keys, shown.root.ForRole(role)));
  }
  picture.by_own_keys = LookAtSignatures(shown.document, shown.root);
  if (previous.empty()) return picture;
  const RootFile before = TRY_CONTEXT(Read(previous), "the previous root");
  picture.by_previous_keys = LookAtSignatures(shown.document, before.root);
  picture.changes = LookAtChanges(before, shown);
  return picture;
}

}  // namespace tough::tuftool
