#include "tough/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tough {

using base::ErrorCode;
using base::Fail;
using base::Result;
using base::json::Array;
using base::json::Member;
using base::json::Object;
using base::json::Value;

namespace {

Result<const Object*> AsObject(const Value& value, std::string_view what) {
  const Object* object = value.object();
  if (object == nullptr) return Fail(ErrorCode::kMalformed, fmt::format("{}: not an object", what));
  return object;
}

Result<std::vector<Signature>> DecodeSignatures(const Array& array, const Limits& limits) {
  TRY(CheckCount(array.size(), limits.signatures, "signatures"));
  std::vector<Signature> signatures;
  std::vector<std::string_view> keyids;
  for (const Value& element : array) {
    const Object* object = TRY(AsObject(element, "signature"));
    const std::string* keyid = TRY(base::json::RequireString(*object, "keyid"));
    const std::string* sig = TRY(base::json::RequireString(*object, "sig"));
    TRY(CheckName(*keyid, "keyid", limits));
    signatures.push_back({*keyid, *sig});
    keyids.push_back(*keyid);
  }
  // TUF 4.2: a file with a keyid twice is invalid, even if everything else is met (CVE-2020-15093).
  std::sort(keyids.begin(), keyids.end());
  if (const auto twice = std::adjacent_find(keyids.begin(), keyids.end()); twice != keyids.end())
    return Fail(ErrorCode::kMalformed, fmt::format("keyid '{:.64}' signs twice", *twice));
  return signatures;
}

// What every role begins with.
template <typename T>
Result<> DecodeHead(const Object& object, T& role) {
  role.version = TRY(base::json::RequireInteger(object, "version", 1, kMaxInteger));
  const std::string* expires = TRY(base::json::RequireString(object, "expires"));
  role.expires = TRY_CONTEXT(base::ParseTime(*expires), "expires");
  return {};
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// "1.0" or "1.0.34"; the major number decides.
Result<> CheckSpecVersion(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::string_view rest = text;;) {
    const std::size_t dot = rest.find('.');
    parts.push_back(rest.substr(0, dot));
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  if ((parts.size() != 2 && parts.size() != 3) ||
      !std::all_of(parts.begin(), parts.end(), IsNumber))
    return Fail(ErrorCode::kMalformed, fmt::format("spec_version: '{:.40}' is no version", text));
  if (parts.front() != "1") {
    return Fail(ErrorCode::kUnsupported,
                fmt::format("spec_version {:.40}, this program speaks 1.x", text));
  }
  return {};
}

Result<RoleKeys> DecodeRole(const Object& roles, Role role, const Limits& limits) {
  const std::string context = fmt::format("roles: {}", RoleName(role));
  const Object* object = TRY_CONTEXT(base::json::RequireObject(roles, RoleName(role)), "roles");
  return TRY_CONTEXT(DecodeRoleKeys(*object, limits), context);
}

struct KnownHash {
  std::string_view name;
  base::DigestAlgorithm algorithm;
};
constexpr KnownHash kKnownHashes[] = {
    {"sha256", base::DigestAlgorithm::kSha256},
    {"sha512", base::DigestAlgorithm::kSha512},
};

Result<> CheckHashes(const Object& object) {
  if (object.empty()) return Fail(ErrorCode::kMalformed, "hashes: empty");
  for (const auto& [name, value] : object.members()) {
    if (value.string() == nullptr)
      return Fail(ErrorCode::kMalformed, fmt::format("hashes: {:.40}: not a string", name));
  }
  return {};
}

Result<Hashes> DecodeHashes(const Object& object) {
  TRY(CheckHashes(object));
  Hashes hashes;
  for (const KnownHash& known : kKnownHashes) {
    if (const Value* value = object.Find(known.name); value != nullptr)
      hashes.push_back({known.algorithm, *value->string()});
  }
  return hashes;
}

Result<MetaFile> DecodeMetaFile(const Value& value) {
  const Object* object = TRY(AsObject(value, "meta"));
  MetaFile file;
  file.version = TRY(base::json::RequireInteger(*object, "version", 1, kMaxInteger));
  if (object->Find("length") != nullptr)
    file.length = TRY(base::json::RequireInteger(*object, "length", 0, kMaxInteger));
  if (object->Find("hashes") != nullptr)
    file.hashes = TRY(DecodeHashes(*TRY(base::json::RequireObject(*object, "hashes"))));
  return file;
}

// What DecodeTargetFile() reads is there and of the right shape; nothing is copied, since nearly
// all targets of a large repository are never asked for.
Result<> CheckTargetFile(const Value& value) {
  const Object* object = TRY(AsObject(value, "target"));
  TRY(base::json::RequireInteger(*object, "length", 0, kMaxInteger));
  TRY(CheckHashes(*TRY(base::json::RequireObject(*object, "hashes"))));
  if (object->Find("custom") != nullptr) TRY(base::json::RequireObject(*object, "custom"));
  return {};
}

Result<TargetFile> DecodeTargetFile(const Value& value) {
  const Object* object = TRY(AsObject(value, "target"));
  TargetFile file;
  file.length = TRY(base::json::RequireInteger(*object, "length", 0, kMaxInteger));
  file.hashes = TRY(DecodeHashes(*TRY(base::json::RequireObject(*object, "hashes"))));
  if (object->Find("custom") != nullptr)
    file.custom = *TRY(base::json::RequireObject(*object, "custom"));
  return file;
}

// `signed_part` as the object of a role.
Result<Object*> OpenRole(Value& signed_part, Role role) {
  TRY(CheckType(signed_part, role));
  return signed_part.object();
}

}  // namespace

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kRoot:
      return "root";
    case Role::kTimestamp:
      return "timestamp";
    case Role::kSnapshot:
      return "snapshot";
    case Role::kTargets:
      return "targets";
  }
  return "";
}

std::optional<Role> TopLevelRole(std::string_view name) {
  for (const Role role : kTopLevelRoles) {
    if (name == RoleName(role)) return role;
  }
  return std::nullopt;
}

Result<Document> Document::Parse(std::string_view text, const Limits& limits) {
  Value tree = TRY(base::json::Parse(text));
  Object* object = tree.object();
  if (object == nullptr) return Fail(ErrorCode::kMalformed, "not a JSON object");
  Document document;
  const Array* signatures = TRY(base::json::RequireArray(*object, "signatures"));
  document.signatures = TRY(DecodeSignatures(*signatures, limits));
  TRY(base::json::RequireObject(*object, "signed"));
  document.signed_part = std::move(*object->Find("signed"));
  document.signed_bytes = TRY_CONTEXT(SignedBytes::Of(document.signed_part, text), "signed part");
  return document;
}

Result<> CheckType(const Value& signed_part, Role role) {
  const Object* object = TRY(AsObject(signed_part, "signed"));
  const std::string* type = TRY(base::json::RequireString(*object, "_type"));
  if (*type != RoleName(role)) {
    return Fail(ErrorCode::kMismatch,
                fmt::format("_type is '{:.40}', not '{}'", *type, RoleName(role)));
  }
  return CheckSpecVersion(*TRY(base::json::RequireString(*object, "spec_version")));
}

Result<> VerifyHashes(const Hashes& hashes, std::string_view bytes) {
  if (hashes.empty()) {
    return Fail(ErrorCode::kUnsupported,
                "hashes are listed, but neither sha256 nor sha512: nothing can be verified");
  }
  for (const Hash& hash : hashes) {
    const std::string got = base::HexEncode(base::DigestOf(hash.algorithm, base::AsBytes(bytes)));
    if (got != hash.hex) {
      return Fail(ErrorCode::kMismatch,
                  fmt::format("{} is {}, listed is {:.128}", base::DigestName(hash.algorithm), got,
                              hash.hex));
    }
  }
  return {};
}

const RoleKeys& Root::ForRole(Role role) const {
  switch (role) {
    case Role::kRoot:
      return root;
    case Role::kTimestamp:
      return timestamp;
    case Role::kSnapshot:
      return snapshot;
    case Role::kTargets:
      break;
  }
  return targets;
}

Result<TargetFiles> TargetFiles::Decode(Object files, const Limits& limits) {
  for (const auto& [name, value] : files.members()) {
    TRY(CheckName(name, "target name", limits));
    TRY_CONTEXT(CheckTargetFile(value), fmt::format("target {:.80}", name));
  }
  return TargetFiles(std::move(files));
}

std::optional<TargetFile> TargetFiles::Find(std::string_view name) const {
  const Value* value = files_.Find(name);
  if (value == nullptr) return std::nullopt;
  Result<TargetFile> file = DecodeTargetFile(*value);
  if (!file.has_value()) return std::nullopt;  // cannot be: Decode() has seen it
  return *std::move(file);
}

std::vector<std::string> TargetFiles::Names() const {
  std::vector<std::string> names;
  for (const Member& member : files_.members()) names.push_back(member.name);
  return names;
}

Result<Root> DecodeRoot(Value signed_part, const Limits& limits) {
  const Object* object = TRY(OpenRole(signed_part, Role::kRoot));
  Root root;
  TRY(DecodeHead(*object, root));
  if (const Value* consistent = object->Find("consistent_snapshot"); consistent != nullptr) {
    if (consistent->boolean() == nullptr)
      return Fail(ErrorCode::kMalformed, "consistent_snapshot: neither true nor false");
    root.consistent_snapshot = *consistent->boolean();
  }
  root.keys = TRY(DecodeKeys(*TRY(base::json::RequireObject(*object, "keys")), limits));
  // Role names other than these four are none of ours (R9).
  const Object* roles = TRY(base::json::RequireObject(*object, "roles"));
  root.root = TRY(DecodeRole(*roles, Role::kRoot, limits));
  root.timestamp = TRY(DecodeRole(*roles, Role::kTimestamp, limits));
  root.snapshot = TRY(DecodeRole(*roles, Role::kSnapshot, limits));
  root.targets = TRY(DecodeRole(*roles, Role::kTargets, limits));
  return root;
}

Result<Timestamp> DecodeTimestamp(Value signed_part, const Limits& /*limits*/) {
  const Object* object = TRY(OpenRole(signed_part, Role::kTimestamp));
  Timestamp timestamp;
  TRY(DecodeHead(*object, timestamp));
  const Object* meta = TRY(base::json::RequireObject(*object, "meta"));
  const Value* snapshot = TRY_CONTEXT(base::json::Require(*meta, "snapshot.json"), "meta");
  timestamp.snapshot = TRY_CONTEXT(DecodeMetaFile(*snapshot), "meta: snapshot.json");
  return timestamp;
}

Result<Snapshot> DecodeSnapshot(Value signed_part, const Limits& limits) {
  const Object* object = TRY(OpenRole(signed_part, Role::kSnapshot));
  Snapshot snapshot;
  TRY(DecodeHead(*object, snapshot));
  const Object* meta = TRY(base::json::RequireObject(*object, "meta"));
  for (const auto& [name, value] : meta->members()) {
    TRY(CheckName(name, "metadata file name", limits));
    snapshot.meta.emplace_hint(
        snapshot.meta.end(), name,
        TRY_CONTEXT(DecodeMetaFile(value), fmt::format("meta: {:.80}", name)));
  }
  if (!snapshot.meta.contains("targets.json"))
    return Fail(ErrorCode::kMalformed, "meta: targets.json: missing");
  return snapshot;
}

Result<Targets> DecodeTargets(Value signed_part, const Limits& limits) {
  Object* object = TRY(OpenRole(signed_part, Role::kTargets));
  Targets targets;
  TRY(DecodeHead(*object, targets));
  TRY(base::json::RequireObject(*object, "targets"));
  Object files = std::move(*object->Find("targets")->object());
  targets.files = TRY(TargetFiles::Decode(std::move(files), limits));
  if (object->Find("delegations") != nullptr) {
    const Object* delegations = TRY(base::json::RequireObject(*object, "delegations"));
    targets.delegations = TRY_CONTEXT(DecodeDelegations(*delegations, limits), "delegations");
  }
  return targets;
}

}  // namespace tough
