#include "tough/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tough {

using base::ErrorCode;
using base::Fail;
using base::Result;
using base::json::ArrayView;
using base::json::ObjectView;
using base::json::View;

namespace {

Result<ObjectView> AsObject(const View& value, std::string_view what) {
  const std::optional<ObjectView> object = value.object();
  if (!object) return Fail(ErrorCode::kMalformed, fmt::format("{}: not an object", what));
  return *object;
}

Result<std::vector<Signature>> DecodeSignatures(const ArrayView& array, const Limits& limits) {
  TRY(CheckCount(array.size(), limits.signatures, "signatures"));
  std::vector<Signature> signatures;
  std::vector<std::string_view> keyids;
  for (const View element : array) {
    const ObjectView object = TRY(AsObject(element, "signature"));
    const std::string_view keyid = TRY(base::json::RequireString(object, "keyid"));
    const std::string_view sig = TRY(base::json::RequireString(object, "sig"));
    TRY(CheckName(keyid, "keyid", limits));
    signatures.push_back({std::string(keyid), std::string(sig)});
    keyids.push_back(keyid);
  }
  // TUF 4.2: a file with a keyid twice is invalid, even if everything else is met (CVE-2020-15093).
  std::sort(keyids.begin(), keyids.end());
  if (const auto twice = std::adjacent_find(keyids.begin(), keyids.end()); twice != keyids.end())
    return Fail(ErrorCode::kMalformed, fmt::format("keyid '{:.64}' signs twice", *twice));
  return signatures;
}

// What every role begins with.
template <typename T>
Result<> DecodeHead(const ObjectView& object, T& role) {
  role.version = TRY(base::json::RequireInteger(object, "version", 1, kMaxInteger));
  const std::string_view expires = TRY(base::json::RequireString(object, "expires"));
  role.expires = TRY_CONTEXT(base::ParseTime(expires), "expires");
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

Result<RoleKeys> DecodeRole(const ObjectView& roles, Role role, const Limits& limits) {
  const std::string context = fmt::format("roles: {}", RoleName(role));
  const ObjectView object = TRY_CONTEXT(base::json::RequireObject(roles, RoleName(role)), "roles");
  return TRY_CONTEXT(DecodeRoleKeys(object, limits), context);
}

struct KnownHash {
  std::string_view name;
  base::DigestAlgorithm algorithm;
};
constexpr KnownHash kKnownHashes[] = {
    {"sha256", base::DigestAlgorithm::kSha256},
    {"sha512", base::DigestAlgorithm::kSha512},
};

Result<> CheckHashes(const ObjectView& object) {
  if (object.empty()) return Fail(ErrorCode::kMalformed, "hashes: empty");
  for (const auto& [name, value] : object) {
    if (!value.string())
      return Fail(ErrorCode::kMalformed, fmt::format("hashes: {:.40}: not a string", name));
  }
  return {};
}

Hashes HashesOf(const ObjectView& checked) {
  Hashes hashes;
  for (const KnownHash& known : kKnownHashes) {
    if (const std::optional<View> value = checked.Find(known.name))
      hashes.push_back({known.algorithm, std::string(*value->string())});
  }
  return hashes;
}

// Check() sees that what Read() reads is there and of the right shape, and copies nothing, since
// nearly all files of a large repository are never asked for.
template <typename File>
struct Listing;

template <>
struct Listing<MetaFile> {
  static constexpr std::string_view kNameOf = "metadata file name";
  static constexpr std::string_view kContext = "meta:";

  static Result<> Check(const View& value) {
    const ObjectView object = TRY(AsObject(value, "meta"));
    TRY(base::json::RequireInteger(object, "version", 1, kMaxInteger));
    if (object.Find("length")) TRY(base::json::RequireInteger(object, "length", 0, kMaxInteger));
    if (object.Find("hashes")) TRY(CheckHashes(TRY(base::json::RequireObject(object, "hashes"))));
    return {};
  }
  static MetaFile Read(const View& checked) {
    const ObjectView object = *checked.object();
    MetaFile file;
    file.version = *object.Find("version")->unsigned_integer();
    if (const std::optional<View> length = object.Find("length"))
      file.length = length->unsigned_integer();
    if (const std::optional<View> hashes = object.Find("hashes"))
      file.hashes = HashesOf(*hashes->object());
    return file;
  }
};

template <>
struct Listing<TargetFile> {
  static constexpr std::string_view kNameOf = "target name";
  static constexpr std::string_view kContext = "target";

  static Result<> Check(const View& value) {
    const ObjectView object = TRY(AsObject(value, "target"));
    TRY(base::json::RequireInteger(object, "length", 0, kMaxInteger));
    TRY(CheckHashes(TRY(base::json::RequireObject(object, "hashes"))));
    if (object.Find("custom")) TRY(base::json::RequireObject(object, "custom"));
    return {};
  }
  static TargetFile Read(const View& checked) {
    const ObjectView object = *checked.object();
    TargetFile file;
    file.length = *object.Find("length")->unsigned_integer();
    file.hashes = HashesOf(*object.Find("hashes")->object());
    if (const std::optional<View> custom = object.Find("custom")) file.custom = custom->ToTree();
    return file;
  }
};

// The signed part of a document that is one of this role.
Result<ObjectView> OpenRole(const Document& document, Role role) {
  TRY(CheckType(document.signed_part(), role));
  return *document.signed_part().object();
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

Result<Document> Document::Parse(std::string text, const Limits& limits) {
  Document document;
  document.json = TRY(base::json::Document::Parse(std::move(text)));
  const std::optional<ObjectView> object = document.json.root().object();
  if (!object) return Fail(ErrorCode::kMalformed, "not a JSON object");
  const ArrayView signatures = TRY(base::json::RequireArray(*object, "signatures"));
  document.signatures = TRY(DecodeSignatures(signatures, limits));
  TRY(base::json::RequireObject(*object, "signed"));
  document.signed_bytes = TRY_CONTEXT(SignedBytes::Of(document.signed_part()), "signed part");
  return document;
}

View Document::signed_part() const {
  return *json.root().object()->Find("signed");  // Parse() has seen it
}

Result<> CheckType(const View& signed_part, Role role) {
  const ObjectView object = TRY(AsObject(signed_part, "signed"));
  const std::string_view type = TRY(base::json::RequireString(object, "_type"));
  if (type != RoleName(role)) {
    return Fail(ErrorCode::kMismatch,
                fmt::format("_type is '{:.40}', not '{}'", type, RoleName(role)));
  }
  return CheckSpecVersion(TRY(base::json::RequireString(object, "spec_version")));
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

template <typename File>
Result<ListedFiles<File>> ListedFiles<File>::Decode(const ObjectView& files, const Limits& limits) {
  ListedFiles decoded;
  decoded.places_.reserve(files.size());
  for (auto file = files.begin(); file != files.end(); ++file) {
    const auto& [name, value] = *file;
    TRY(CheckName(name, Listing<File>::kNameOf, limits));
    TRY_CONTEXT(Listing<File>::Check(value),
                fmt::format("{} {:.80}", Listing<File>::kContext, name));
    decoded.places_.push_back(file);
  }
  return decoded;
}

template <typename File>
std::optional<File> ListedFiles<File>::Find(std::string_view name) const {
  const auto before = [](const ObjectView::Iterator& file, std::string_view wanted) {
    return (*file).name < wanted;
  };
  const auto place = std::lower_bound(places_.begin(), places_.end(), name, before);
  if (place == places_.end() || (**place).name != name) return std::nullopt;
  return Listing<File>::Read((**place).value);
}

template <typename File>
std::pair<std::string_view, File> ListedFiles<File>::Iterator::operator*() const {
  const auto& [name, value] = **place_;
  return {name, Listing<File>::Read(value)};
}

template <typename File>
std::vector<std::string> ListedFiles<File>::Names() const {
  std::vector<std::string> names;
  names.reserve(places_.size());
  for (const ObjectView::Iterator& file : places_) names.emplace_back((*file).name);
  return names;
}

template class ListedFiles<MetaFile>;
template class ListedFiles<TargetFile>;

Result<Root> DecodeRoot(const Document& document, const Limits& limits) {
  const ObjectView object = TRY(OpenRole(document, Role::kRoot));
  Root root;
  TRY(DecodeHead(object, root));
  if (const std::optional<View> consistent = object.Find("consistent_snapshot")) {
    const std::optional<bool> value = consistent->boolean();
    if (!value) return Fail(ErrorCode::kMalformed, "consistent_snapshot: neither true nor false");
    root.consistent_snapshot = *value;
  }
  root.keys = TRY(DecodeKeys(TRY(base::json::RequireObject(object, "keys")), limits));
  // Role names other than these four are none of ours (R9).
  const ObjectView roles = TRY(base::json::RequireObject(object, "roles"));
  root.root = TRY(DecodeRole(roles, Role::kRoot, limits));
  root.timestamp = TRY(DecodeRole(roles, Role::kTimestamp, limits));
  root.snapshot = TRY(DecodeRole(roles, Role::kSnapshot, limits));
  root.targets = TRY(DecodeRole(roles, Role::kTargets, limits));
  return root;
}

Result<Timestamp> DecodeTimestamp(const Document& document, const Limits& /*limits*/) {
  const ObjectView object = TRY(OpenRole(document, Role::kTimestamp));
  Timestamp timestamp;
  TRY(DecodeHead(object, timestamp));
  const ObjectView meta = TRY(base::json::RequireObject(object, "meta"));
  const View snapshot = TRY_CONTEXT(base::json::Require(meta, "snapshot.json"), "meta");
  TRY_CONTEXT(Listing<MetaFile>::Check(snapshot), "meta: snapshot.json");
  timestamp.snapshot = Listing<MetaFile>::Read(snapshot);
  return timestamp;
}

Result<Snapshot> DecodeSnapshot(Document document, const Limits& limits) {
  const ObjectView object = TRY(OpenRole(document, Role::kSnapshot));
  Snapshot snapshot;
  TRY(DecodeHead(object, snapshot));
  const ObjectView meta = TRY(base::json::RequireObject(object, "meta"));
  snapshot.meta = TRY(MetaFiles::Decode(meta, limits));
  if (!snapshot.meta.Find("targets.json"))
    return Fail(ErrorCode::kMalformed, "meta: targets.json: missing");
  snapshot.json = std::move(document.json);
  return snapshot;
}

Result<Targets> DecodeTargets(Document document, const Limits& limits) {
  const ObjectView object = TRY(OpenRole(document, Role::kTargets));
  Targets targets;
  TRY(DecodeHead(object, targets));
  const ObjectView files = TRY(base::json::RequireObject(object, "targets"));
  targets.files = TRY(TargetFiles::Decode(files, limits));
  if (object.Find("delegations")) {
    const ObjectView delegations = TRY(base::json::RequireObject(object, "delegations"));
    targets.delegations = TRY_CONTEXT(DecodeDelegations(delegations, limits), "delegations");
  }
  targets.json = std::move(document.json);
  return targets;
}

}  // namespace tough
