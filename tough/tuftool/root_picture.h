// What the people at a root ceremony have to see: who signed a root.json and who is still to sign,
// and what it changes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "tough/schema.h"
#include "tough/tuftool/key_picture.h"

namespace tough::tuftool {

// The keys of a role, or those of root as its signers.
struct SignersPicture {
  std::uint64_t threshold = 0;
  std::vector<KeyPicture> keys;
};

// Whether the root keys of a root.json signed the one that is shown.
struct SignaturesPicture {
  std::uint64_t by_version = 0;
  SignersPicture signers;
  bool complete = false;
};

template <typename T>
struct Change {
  T before;
  T after;
};

struct RoleChange {
  Role role;
  std::optional<Change<std::uint64_t>> threshold;
  std::vector<KeyPicture> removed;
  std::vector<KeyPicture> added;
};

struct RootChanges {
  std::uint64_t since_version = 0;
  bool follows = false;  // else clients do not take it
  std::optional<Change<base::Time>> expires;
  std::optional<Change<bool>> consistent_snapshot;
  std::vector<RoleChange> roles;  // those that change
};

struct RootPicture {
  std::uint64_t version = 0;
  base::Time expires;
  std::vector<std::pair<Role, SignersPicture>> roles;
  SignaturesPicture by_own_keys;
  // If the root.json before it was given.
  std::optional<SignaturesPicture> by_previous_keys;
  std::optional<RootChanges> changes;
};

// `text` is a root.json, signed or not; `previous` the one before it, or empty.
base::Result<RootPicture> LookAtRoot(std::string_view text, std::string_view previous);

std::string AsText(const RootPicture& picture, base::Time now);
base::json::Value AsJson(const RootPicture& picture, base::Time now);

}  // namespace tough::tuftool
