// The four top-level roles of TUF as types, decoded strictly from a parsed document.
//
// A document is parsed once. Its `signed` part is what signatures are verified over (canonical.h)
// and what these types are decoded from; nothing is ever verified that was serialised from a type.
// A null or a wrong shape in any member that is read is kMalformed with the member's name; members
// that nobody reads are left alone (they are part of the signed bytes all the same).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/json.h"
#include "base/json_view.h"
#include "base/result.h"
#include "base/time.h"
#include "tough/canonical.h"
#include "tough/delegations.h"
#include "tough/limits.h"
#include "tough/role_keys.h"

namespace tough {

// What we write; what we read is any 1.x.
constexpr std::string_view kSpecVersion = "1.0.34";

enum class Role : std::uint8_t { kRoot, kTimestamp, kSnapshot, kTargets };
inline constexpr std::array kTopLevelRoles = {Role::kRoot, Role::kTimestamp, Role::kSnapshot,
                                              Role::kTargets};
// "root", "timestamp", "snapshot", "targets": the `_type` and the file's stem.
std::string_view RoleName(Role role);
// The role that is called this; none for a delegated role's name.
std::optional<Role> TopLevelRole(std::string_view name);

struct Signature {
  std::string keyid;
  std::string sig;  // as written: hexadecimal is asked for only where it is verified (R15)
};

// A metadata file: who signed, and what.
struct Document {
  std::vector<Signature> signatures;
  base::json::Document json;
  SignedBytes signed_bytes;  // the canonical form of the signed part; may refer into `json`

  base::json::View signed_part() const;  // an object

  // `text` is within its cap. kMalformed: not strict JSON, a wrong shape, a float anywhere in the
  // signed part, a keyid that signs twice (R12); kTooLarge: too many signatures, too deep.
  static base::Result<Document> Parse(std::string text, const Limits& limits);
};

// Ok if the document says that it is of this role, in a version of the format that we speak.
// `_type` is kMismatch if it is another role's (R5), `spec_version` kUnsupported unless its major
// number is 1 (R4).
base::Result<> CheckType(const base::json::View& signed_part, Role role);

// One listed digest in the encoding of metadata and of target file names: lower-case hexadecimal.
struct Hash {
  base::DigestAlgorithm algorithm;  // kSha256 or kSha512
  std::string hex;
  bool operator==(const Hash&) const = default;
};
// What a parent lists, without the algorithms that we do not know: empty if it lists only such
// ones, and then nothing can be verified (R43, R70). In order of `algorithm`.
using Hashes = std::vector<Hash>;

// Ok if every known hash is that of `bytes`. kMismatch; kUnsupported if none is known.
base::Result<> VerifyHashes(const Hashes& hashes, std::string_view bytes);

struct Root {
  std::uint64_t version = 0;
  base::Time expires;
  bool consistent_snapshot = false;
  Keys keys;
  RoleKeys root, timestamp, snapshot, targets;

  const RoleKeys& ForRole(Role role) const;
};

// What a parent says about a metadata file.
struct MetaFile {
  std::uint64_t version = 0;
  std::optional<std::uint64_t> length;
  std::optional<Hashes> hashes;  // absent: none listed; empty: none that we know
};

struct Timestamp {
  std::uint64_t version = 0;
  base::Time expires;
  MetaFile snapshot;
};

struct TargetFile {
  std::uint64_t length = 0;
  Hashes hashes;
  base::json::Value custom;  // null if there is none
};

// An object of files by their names, validated as a whole; a File, which is a MetaFile or a
// TargetFile, is made when it is asked for, since a repository may list 100,000 of which a client
// wants three. In byte order of the names. Refers into the document.
template <typename File>
class ListedFiles {
  using Places = std::vector<base::json::ObjectView::Iterator>;

 public:
  class Iterator {
   public:
    explicit Iterator(Places::const_iterator place) : place_(place) {}
    std::pair<std::string_view, File> operator*() const;
    Iterator& operator++() {
      ++place_;
      return *this;
    }
    bool operator==(const Iterator& other) const = default;

   private:
    Places::const_iterator place_;
  };

  ListedFiles() = default;
  static base::Result<ListedFiles> Decode(const base::json::ObjectView& files,
                                          const Limits& limits);

  std::optional<File> Find(std::string_view name) const;
  std::size_t size() const { return places_.size(); }
  Iterator begin() const { return Iterator(places_.begin()); }
  Iterator end() const { return Iterator(places_.end()); }
  std::vector<std::string> Names() const;

 private:
  Places places_;
};
using MetaFiles = ListedFiles<MetaFile>;
using TargetFiles = ListedFiles<TargetFile>;
extern template class ListedFiles<MetaFile>;
extern template class ListedFiles<TargetFile>;

struct Snapshot {
  std::uint64_t version = 0;
  base::Time expires;
  MetaFiles meta;             // "targets.json", ...
  base::json::Document json;  // the whole file, into which `meta` refers

  MetaFile targets() const { return *meta.Find("targets.json"); }
};

// The top-level role and every delegated one (TUF 4.5).
struct Targets {
  std::uint64_t version = 0;
  base::Time expires;
  TargetFiles files;
  std::optional<Delegations> delegations;
  base::json::Document json;  // the whole file, into which `files` refers
};

// CheckType() comes first.
base::Result<Root> DecodeRoot(const Document& document, const Limits& limits);
base::Result<Timestamp> DecodeTimestamp(const Document& document, const Limits& limits);
// Both take the document over.
base::Result<Snapshot> DecodeSnapshot(Document document, const Limits& limits);
base::Result<Targets> DecodeTargets(Document document, const Limits& limits);

}  // namespace tough
