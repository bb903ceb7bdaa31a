#include "tests/support/repository_builder.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/digest.h"
#include "tough/canonical.h"

namespace test {

using base::json::Array;
using base::json::Object;
using base::json::Value;
using tough::Role;

namespace {

constexpr std::array kRoles = {Role::kRoot, Role::kTimestamp, Role::kSnapshot, Role::kTargets};

std::string HexDigest(base::DigestAlgorithm algorithm, std::string_view bytes) {
  return base::HexEncode(base::DigestOf(algorithm, base::AsBytes(bytes)));
}

Object HashesOf(std::string_view bytes) {
  Object hashes;
  hashes.Set("sha256", HexDigest(base::DigestAlgorithm::kSha256, bytes));
  hashes.Set("sha512", HexDigest(base::DigestAlgorithm::kSha512, bytes));
  return hashes;
}

// `name` with `prefix` put before the file name, not before the path (R68).
std::string WithHash(std::string_view name, std::string_view prefix) {
  const std::size_t base_name = name.rfind('/') + 1;  // 0 if there is no slash
  return std::string(name.substr(0, base_name)) + std::string(prefix) + "." +
         std::string(name.substr(base_name));
}

}  // namespace

tough::SigningKey TestKey(std::string_view name) {
  // PKCS#8 of an Ed25519 key (RFC 8410, 7): a fixed head and the 32 bytes of the seed.
  constexpr std::string_view kHead(
      "\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", 16);
  const std::string seed_text = "key for tests only: " + std::string(name);
  const base::Bytes seed = base::DigestOf(base::DigestAlgorithm::kSha256, base::AsBytes(seed_text));
  return tough::SigningKey::Parse(std::string(kHead) + std::string(base::AsText(seed))).value();
}

std::string SignedDocument(const Value& signed_part, const std::vector<std::string>& key_names) {
  const std::string canonical = tough::CanonicalForm(signed_part).value();
  Array signatures;
  for (const std::string& name : key_names) {
    const tough::SigningKey key = TestKey(name);
    Object signature;
    signature.Set("keyid", key.keyid());
    signature.Set("sig",
                  key.Sign(base::AsBytes(canonical), tough::SignatureScheme::kEd25519).value());
    signatures.emplace_back(std::move(signature));
  }
  Object document;
  document.Set("signatures", std::move(signatures));
  document.Set("signed", signed_part);
  return base::json::Serialize(document, base::json::Style::kCompact);
}

RepositoryBuilder::RepositoryBuilder() {
  for (const Role role : kRoles) {
    Object& tree = Signed(role);
    tree.Set("_type", tough::RoleName(role));
    tree.Set("spec_version", "1.0.34");
    SetVersion(role, 1);
    SetExpiry(role, kExpiry);
  }
  Signed(Role::kRoot).Set("keys", Object());
  Signed(Role::kRoot).Set("roles", Object());
  Signed(Role::kTimestamp).Set("meta", Object());
  Signed(Role::kSnapshot).Set("meta", Object());
  Signed(Role::kTargets).Set("targets", Object());
  SetConsistentSnapshot(true);
  for (const Role role : kRoles) SetKeys(role, {std::string(tough::RoleName(role))});
  PublishRoot();
  Publish();
}

std::uint64_t RepositoryBuilder::Version(Role role) const {
  return *state(role).tree.Find("version")->unsigned_integer();
}

void RepositoryBuilder::SetVersion(Role role, std::uint64_t version) {
  Signed(role).Set("version", Value::Unsigned(version));
}

void RepositoryBuilder::SetExpiry(Role role, base::Time expires) {
  Signed(role).Set("expires", base::FormatTime(expires));
}

void RepositoryBuilder::SetConsistentSnapshot(bool consistent) {
  Signed(Role::kRoot).Set("consistent_snapshot", consistent);
}

void RepositoryBuilder::SetKeys(Role role, const std::vector<std::string>& key_names,
                                std::uint64_t threshold) {
  Array keyids;
  for (const std::string& name : key_names) {
    const tough::SigningKey key = TestKey(name);
    Signed(Role::kRoot).Find("keys")->object()->Set(key.keyid(), key.public_key());
    keyids.emplace_back(key.keyid());
  }
  Object role_keys;
  role_keys.Set("keyids", std::move(keyids));
  role_keys.Set("threshold", Value::Unsigned(threshold));
  Signed(Role::kRoot).Find("roles")->object()->Set(tough::RoleName(role), std::move(role_keys));
  state(role).signers = key_names;
}

void RepositoryBuilder::SignWith(Role role, std::vector<std::string> key_names) {
  state(role).signers = std::move(key_names);
  if (role == Role::kRoot) root_signers_fixed_ = true;
}

void RepositoryBuilder::AddTarget(std::string_view name, std::string_view content,
                                  std::optional<Value> custom) {
  Object target = TargetEntry(name, content);
  if (custom) target.Set("custom", *std::move(custom));
  Signed(Role::kTargets).Find("targets")->object()->Set(name, std::move(target));
}

Object RepositoryBuilder::TargetEntry(std::string_view name, std::string_view content) {
  for (const auto algorithm : {base::DigestAlgorithm::kSha256, base::DigestAlgorithm::kSha512})
    SetTargetFile(WithHash(name, HexDigest(algorithm, content)), std::string(content));
  SetTargetFile(std::string(name), std::string(content));
  Object target;
  target.Set("length", Value::Unsigned(content.size()));
  target.Set("hashes", HashesOf(content));
  return target;
}

Object RepositoryBuilder::DelegatedRole(std::string_view name,
                                        const std::vector<std::string>& paths) {
  Object role;
  role.Set("name", name);
  role.Set("keyids", Array{TestKey(name).keyid()});
  role.Set("threshold", Value::Unsigned(1));
  role.Set("terminating", false);
  role.Set("paths", Array(paths.begin(), paths.end()));
  return role;
}

Object& RepositoryBuilder::DelegationsOf(std::string_view delegator) {
  Object& tree = delegator == "targets" ? Signed(Role::kTargets) : SignedDelegated(delegator);
  if (tree.Find("delegations") == nullptr) {
    Object delegations;
    delegations.Set("keys", Object());
    delegations.Set("roles", Array());
    tree.Set("delegations", std::move(delegations));
  }
  return *tree.Find("delegations")->object();
}

void RepositoryBuilder::Delegate(std::string_view delegator, Object description) {
  const std::string name = *description.Find("name")->string();
  Object& delegations = DelegationsOf(delegator);
  const tough::SigningKey key = TestKey(name);
  delegations.Find("keys")->object()->Set(key.keyid(), key.public_key());
  delegations.Find("roles")->array()->emplace_back(std::move(description));
  SignedDelegated(name);
}

void RepositoryBuilder::DelegateToBins(std::string_view name_prefix, std::uint32_t bit_length) {
  Object& delegations = DelegationsOf("targets");
  const tough::SigningKey key = TestKey("bin");
  delegations.Find("keys")->object()->Set(key.keyid(), key.public_key());
  delegations.Erase("roles");
  Object bins;
  bins.Set("keyids", Array{key.keyid()});
  bins.Set("threshold", Value::Unsigned(1));
  bins.Set("name_prefix", name_prefix);
  bins.Set("bit_length", Value::Unsigned(bit_length));
  delegations.Set("succinct_roles", std::move(bins));
}

Object& RepositoryBuilder::SignedDelegated(std::string_view name) {
  const auto [place, made] = delegated_.try_emplace(std::string(name));
  RoleState& role = place->second;
  if (made) {
    role.tree.Set("_type", "targets");
    role.tree.Set("spec_version", "1.0.34");
    role.tree.Set("version", Value::Unsigned(1));
    role.tree.Set("expires", base::FormatTime(kExpiry));
    role.tree.Set("targets", Object());
    role.signers = {std::string(name)};
  }
  return role.tree;
}

void RepositoryBuilder::AddDelegatedTarget(std::string_view role, std::string_view name,
                                           std::string_view content) {
  SignedDelegated(role).Find("targets")->object()->Set(name, TargetEntry(name, content));
}

void RepositoryBuilder::SignDelegatedWith(std::string_view name,
                                          std::vector<std::string> key_names) {
  SignedDelegated(name);
  delegated_.find(name)->second.signers = std::move(key_names);
}

std::string RepositoryBuilder::DelegatedFileName(const std::string& name) const {
  const Value* version = delegated_.find(name)->second.tree.Find("version");
  const bool consistent = *state(Role::kRoot).tree.Find("consistent_snapshot")->boolean();
  return (consistent ? std::to_string(*version->unsigned_integer()) + "." : "") + name + ".json";
}

void RepositoryBuilder::PublishDelegated(const std::string& name) {
  const RoleState& role = delegated_.find(name)->second;
  files_[DelegatedFileName(name)] = SignedDocument(role.tree, role.signers);
  Signed(Role::kSnapshot)
      .Find("meta")
      ->object()
      ->Set(name + ".json", MetaEntry(*role.tree.Find("version")->unsigned_integer(),
                                      files_[DelegatedFileName(name)]));
}

void RepositoryBuilder::PublishNextDelegated(const std::string& name) {
  Object& tree = SignedDelegated(name);
  tree.Set("version", Value::Unsigned(*tree.Find("version")->unsigned_integer() + 1));
  PublishDelegated(name);
}

void RepositoryBuilder::PublishRoot() {
  std::vector<std::string> signers = state(Role::kRoot).signers;
  if (!root_signers_fixed_) {
    for (const std::string& name : previous_root_signers_) {
      if (std::find(signers.begin(), signers.end(), name) == signers.end()) signers.push_back(name);
    }
  }
  PublishRole(Role::kRoot, signers);
  previous_root_signers_ = state(Role::kRoot).signers;
}

void RepositoryBuilder::PublishTargets() {
  PublishRole(Role::kTargets, state(Role::kTargets).signers);
}

void RepositoryBuilder::PublishSnapshot() {
  ListChild(Role::kSnapshot, Role::kTargets);
  PublishRole(Role::kSnapshot, state(Role::kSnapshot).signers);
}

void RepositoryBuilder::PublishTimestamp() {
  ListChild(Role::kTimestamp, Role::kSnapshot);
  PublishRole(Role::kTimestamp, state(Role::kTimestamp).signers);
}

void RepositoryBuilder::Publish() {
  for (const auto& [name, role] : delegated_) PublishDelegated(name);
  PublishTargets();
  PublishSnapshot();
  PublishTimestamp();
}

void RepositoryBuilder::PublishNextVersions() {
  for (const Role role : {Role::kTargets, Role::kSnapshot, Role::kTimestamp})
    SetVersion(role, Version(role) + 1);
  Publish();
}

void RepositoryBuilder::PublishNextRoot() {
  SetVersion(Role::kRoot, Version(Role::kRoot) + 1);
  PublishRoot();
}

std::string RepositoryBuilder::FileName(Role role) const {
  const std::string name = std::string(tough::RoleName(role)) + ".json";
  const bool consistent = *state(Role::kRoot).tree.Find("consistent_snapshot")->boolean();
  const bool versioned = role == Role::kRoot || (role != Role::kTimestamp && consistent);
  return versioned ? std::to_string(Version(role)) + "." + name : name;
}

void RepositoryBuilder::PublishRole(Role role, const std::vector<std::string>& signers) {
  state(role).published = SignedDocument(Signed(role), signers);
  files_[FileName(role)] = Latest(role);
}

Object RepositoryBuilder::MetaEntry(std::uint64_t version, std::string_view bytes) const {
  Object file;
  file.Set("version", Value::Unsigned(version));
  if (listing_ == Listing::kLengthAndHashes) {
    file.Set("length", Value::Unsigned(bytes.size()));
    file.Set("hashes", HashesOf(bytes));
  }
  return file;
}

void RepositoryBuilder::ListChild(Role parent, Role child) {
  const std::string name = std::string(tough::RoleName(child)) + ".json";
  Signed(parent).Find("meta")->object()->Set(name, MetaEntry(Version(child), Latest(child)));
}

}  // namespace test
