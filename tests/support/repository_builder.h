// RepositoryBuilder: TUF repositories in memory, good ones and deliberately wrong ones.
//
// A new builder has published version 1 of the four roles, each with an Ed25519 key of its own,
// with consistent snapshots and listed lengths and hashes. A test changes the trees of the `signed`
// parts as it likes, and publishes again; whatever stands in a tree is signed without being looked
// at.
//
//     RepositoryBuilder repository;
//     repository.AddTarget("manifest.json", "{}");
//     repository.SetVersion(Role::kTargets, 2);
//     repository.PublishTargets();  // files()["2.targets.json"]; snapshot and timestamp are as
//     before
//
// Its keys are made from their names ("root", "timestamp", ..., or any other): they are for tests,
// and everybody has them.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "tough/schema.h"
#include "tough/signing_key.h"

namespace test {

// What tests pass as the time of a refresh, and what roles have as their expiry, a month later.
inline constexpr base::Time kNow =
    std::chrono::sys_days(std::chrono::year(2026) / std::chrono::June / 1);
inline constexpr base::Time kExpiry = kNow + std::chrono::days(30);

// The Ed25519 key of this name.
tough::SigningKey TestKey(std::string_view name);

// A metadata file: `signed_part` with a signature by each of the named keys.
std::string SignedDocument(const base::json::Value& signed_part,
                           const std::vector<std::string>& key_names);

// What a parent lists about a child.
enum class Listing : std::uint8_t { kVersion, kLengthAndHashes };

class RepositoryBuilder {
 public:
  RepositoryBuilder();

  // The tree that the next publishing of `role` signs.
  base::json::Object& Signed(tough::Role role) { return state(role).tree; }

  std::uint64_t Version(tough::Role role) const;
  void SetVersion(tough::Role role, std::uint64_t version);
  void SetExpiry(tough::Role role, base::Time expires);
  void SetConsistentSnapshot(bool consistent);
  // For the next PublishSnapshot() and PublishTimestamp().
  void SetListing(Listing listing) { listing_ = listing; }

  // Who may sign for `role`, in the tree of root; they sign it from now on. The next PublishRoot()
  // makes it known.
  void SetKeys(tough::Role role, const std::vector<std::string>& key_names,
               std::uint64_t threshold = 1);
  // Who really signs `role` from now on, whoever may.
  void SignWith(tough::Role role, std::vector<std::string> key_names);

  // Lists the target with length, sha256 and sha512, and puts it among the target files.
  void AddTarget(std::string_view name, std::string_view content,
                 std::optional<base::json::Value> custom = std::nullopt);

  // Delegated roles. What DelegatedRole() describes has the paths given, threshold 1 and the key
  // that is called like the role; Delegate() puts such a description, as it is, after the others of
  // `delegator` ("targets" or a delegated role), and the key into the delegator's keys.
  static base::json::Object DelegatedRole(std::string_view name,
                                          const std::vector<std::string>& paths = {"*"});
  void Delegate(std::string_view delegator, base::json::Object description);
  void Delegate(std::string_view delegator, std::string_view name) {
    Delegate(delegator, DelegatedRole(name));
  }
  // All bins of TAP 15 with the one key "bin", as the delegations of targets.
  void DelegateToBins(std::string_view name_prefix, std::uint32_t bit_length);
  // The tree of a delegated role, made with version 1 when it is first asked for.
  base::json::Object& SignedDelegated(std::string_view name);
  void AddDelegatedTarget(std::string_view role, std::string_view name, std::string_view content);
  // The names of the keys that sign it, whoever may: the one called like the role, if not said.
  void SignDelegatedWith(std::string_view name, std::vector<std::string> key_names);
  // Signs the tree of the delegated role, puts the file in place, and lists it in the tree of
  // snapshot. Publish() does so for all of them.
  void PublishDelegated(const std::string& name);
  void PublishNextDelegated(const std::string& name);
  std::string DelegatedFileName(const std::string& name) const;  // "1.ROLE.json"

  // Each signs the tree of its role and puts the file in place. Root is signed by the previous
  // root's signers too, unless SignWith() said otherwise; snapshot and timestamp first list the
  // child that was published last.
  void PublishRoot();
  void PublishTargets();
  void PublishSnapshot();
  void PublishTimestamp();
  // Delegated roles, targets, snapshot and timestamp.
  void Publish();
  // The next version of each of these three, published.
  void PublishNextVersions();
  // The next root version, published.
  void PublishNextRoot();

  // What a server has: "1.root.json", "timestamp.json", ... by name.
  const std::map<std::string, std::string>& files() const { return files_; }
  const std::string& File(const std::string& name) const { return files_.at(name); }
  void SetFile(const std::string& name, std::string bytes) { files_[name] = std::move(bytes); }
  void RemoveFile(const std::string& name) { files_.erase(name); }
  // The role's file that was published last.
  const std::string& Latest(tough::Role role) const { return state(role).published; }
  // Target files by their path below the targets URL ("HASH.manifest.json"), one for each hash with
  // consistent snapshots.
  const std::map<std::string, std::string>& target_files() const { return target_files_; }
  void SetTargetFile(const std::string& path, std::string bytes) {
    target_files_[path] = std::move(bytes);
  }

 private:
  struct RoleState {
    base::json::Object tree;
    std::vector<std::string> signers;
    std::string published;
  };
  RoleState& state(tough::Role role) { return states_[static_cast<std::size_t>(role)]; }
  const RoleState& state(tough::Role role) const { return states_[static_cast<std::size_t>(role)]; }
  std::string FileName(tough::Role role) const;
  void PublishRole(tough::Role role, const std::vector<std::string>& signers);
  void ListChild(tough::Role parent, tough::Role child);

  base::json::Object MetaEntry(std::uint64_t version, std::string_view bytes) const;
  base::json::Object& DelegationsOf(std::string_view delegator);
  base::json::Object TargetEntry(std::string_view name, std::string_view content);

  std::array<RoleState, 4> states_;
  std::map<std::string, RoleState, std::less<>> delegated_;
  std::vector<std::string> previous_root_signers_;
  bool root_signers_fixed_ = false;
  Listing listing_ = Listing::kLengthAndHashes;
  std::map<std::string, std::string> files_;
  std::map<std::string, std::string> target_files_;
};

}  // namespace test
