// A root.json under edit: its keys, thresholds, version and expiry, and the signatures of the
// people who hold the root keys.
//
// Every change of the content drops the signatures that were made over the old one. Members that we
// do not know stay.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "tough/schema.h"
#include "tough/signing_key.h"

namespace tough {

enum class Threshold : std::uint8_t {
  kRequire,
  kIgnore,  // others are still to sign
};

class RootEditor {
 public:
  // Version 1, consistent snapshots, no keys, each threshold 1.
  static RootEditor Create(base::Time expires);
  // An existing root.json, signed or not. What it lacks in signatures is no error here.
  static base::Result<RootEditor> Parse(std::string_view text);

  std::uint64_t version() const;
  base::Time expires() const;
  void SetVersion(std::uint64_t version);
  void SetExpires(base::Time expires);
  void SetThreshold(Role role, std::uint64_t threshold);
  // Lets a key sign for a role, and answers its keyid: that under which root has the same key
  // already, else the one that KeyidOf() gives.
  base::Result<std::string> AddKey(const base::json::Object& key, Role role);
  // Takes a key from one role, or from all; kNotFound if it is not there. A key that no role lists
  // any longer is removed altogether.
  base::Result<> RemoveKey(std::string_view keyid, std::optional<Role> role);

  // Adds the signatures of `keys`, each of which has to be a root key of this root or of
  // `previous`, the root before it, whose keys must sign a new one too (R25); kUsage otherwise.
  // With Threshold::kRequire it is kUntrusted, and nothing has changed, if signatures are still
  // missing by this root's own threshold or the previous one's.
  base::Result<> Sign(std::span<const SigningKey> keys, const Root* previous, Threshold threshold);

  // The file: indented, since people read and compare it.
  std::string Serialize() const;

 private:
  explicit RootEditor(base::json::Object document) : document_(std::move(document)) {}
  base::json::Object& Content();  // to change it
  const base::json::Object& content() const { return *document_.Find("signed")->object(); }
  base::Result<Root> Decode() const;

  base::json::Object document_;
};

// The bytes of a root.json as a type, without regard to its signatures: for those who hold it
// themselves.
base::Result<Root> ReadRoot(std::string_view text);

}  // namespace tough
