#include "tough/root_editor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "tough/sign.h"
#include "tough/verify.h"

namespace tough {

using base::ErrorCode;
using base::Fail;
using base::Result;
using base::json::Array;
using base::json::Object;
using base::json::Value;

namespace {

constexpr std::array kRoles = {Role::kRoot, Role::kTimestamp, Role::kSnapshot, Role::kTargets};

Object& RoleObject(Object& content, Role role) {
  return *content.Find("roles")->object()->Find(RoleName(role))->object();
}

Array& Keyids(Object& content, Role role) {
  return *RoleObject(content, role).Find("keyids")->array();
}

bool Lists(const Array& keyids, std::string_view keyid) {
  return std::any_of(keyids.begin(), keyids.end(),
                     [keyid](const Value& value) { return *value.string() == keyid; });
}

}  // namespace

RootEditor RootEditor::Create(base::Time expires) {
  Object roles;
  for (const Role role : kRoles) {
    Object object;
    object.Set("keyids", Array());
    object.Set("threshold", Value::Unsigned(1));
    roles.Set(RoleName(role), std::move(object));
  }
  Object content;
  content.Set("_type", "root");
  content.Set("spec_version", kSpecVersion);
  content.Set("consistent_snapshot", true);
  content.Set("version", Value::Unsigned(1));
  content.Set("expires", base::FormatTime(expires));
  content.Set("keys", Object());
  content.Set("roles", std::move(roles));
  return RootEditor(UnsignedDocument(std::move(content)));
}

Result<RootEditor> RootEditor::Parse(std::string_view text) {
  TRY(ReadRoot(text));
  Value tree = TRY(base::json::Parse(text));
  return RootEditor(std::move(*tree.object()));
}

Object& RootEditor::Content() {
  document_.Set("signatures", Array());
  return *document_.Find("signed")->object();
}

std::uint64_t RootEditor::version() const {
  return *content().Find("version")->unsigned_integer();
}

base::Time RootEditor::expires() const {
  return base::ParseTime(*content().Find("expires")->string()).value();
}

void RootEditor::SetVersion(std::uint64_t version) {
  Content().Set("version", Value::Unsigned(version));
}

void RootEditor::SetExpires(base::Time expires) {
  Content().Set("expires", base::FormatTime(expires));
}

void RootEditor::SetThreshold(Role role, std::uint64_t threshold) {
  RoleObject(Content(), role).Set("threshold", Value::Unsigned(threshold));
}

Result<std::string> RootEditor::AddKey(const Object& key, Role role) {
  std::string keyid = TRY(KeyidAmong(TRY(Decode()).keys, key));
  Object& content = Content();
  Object& keys = *content.Find("keys")->object();
  if (keys.Find(keyid) == nullptr) keys.Set(keyid, key);
  Array& keyids = Keyids(content, role);
  if (!Lists(keyids, keyid)) keyids.emplace_back(keyid);
  return keyid;
}

Result<> RootEditor::RemoveKey(std::string_view keyid, std::optional<Role> role) {
  Object content = this->content();
  std::size_t removed = 0;
  bool still_listed = false;
  for (const Role listed : kRoles) {
    Array& keyids = Keyids(content, listed);
    if (!role || *role == listed)
      removed +=
          std::erase_if(keyids, [&](const Value& value) { return *value.string() == keyid; });
    still_listed = still_listed || Lists(keyids, keyid);
  }
  Object& keys = *content.Find("keys")->object();
  if (removed == 0 && (role || keys.Find(keyid) == nullptr)) {
    return Fail(ErrorCode::kNotFound,
                fmt::format("no key {:.64} in {}", keyid, role ? RoleName(*role) : "root.json"));
  }
  if (!still_listed) keys.Erase(keyid);
  Content() = std::move(content);
  return {};
}

Result<> RootEditor::Sign(std::span<const SigningKey> keys, const Root* previous,
                          Threshold threshold) {
  const Root root = TRY(Decode());
  const Delegator own{root.keys, root.root};
  std::vector<Delegator> delegators = {own};
  if (previous != nullptr) delegators.push_back({previous->keys, previous->root});
  Object document = document_;
  for (const SigningKey& key : keys) {
    if (TRY(AppendSignatures(document, delegators, {&key, 1})) == 0) {
      return Fail(ErrorCode::kUsage,
                  fmt::format("key {} is not a root key{}", key.keyid(),
                              previous == nullptr ? "" : " of this root or the one before it"));
    }
  }
  if (threshold == Threshold::kRequire) {
    for (const Delegator& delegator : delegators) {
      TRY_CONTEXT(
          CheckSignatures(document, delegator),
          &delegator == &delegators.front() ? "root" : "root, by the keys of the one before");
    }
  }
  document_ = std::move(document);
  return {};
}

std::string RootEditor::Serialize() const {
  return base::json::Serialize(document_, base::json::Style::kPretty);
}

Result<Root> RootEditor::Decode() const {
  return ReadRoot(Serialize());
}

Result<Root> ReadRoot(std::string_view text) {
  return DecodeRoot(TRY(Document::Parse(std::string(text), Limits())), Limits());
}

}  // namespace tough
