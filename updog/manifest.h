// The update manifest (the target manifest.json): which updates a repository offers to whom, and
// which migrations lead from one version to another.
//
// Decoded strictly: a wrong shape or a duplicate name anywhere makes the whole document malformed,
// with one exception. A fault inside `waves` costs only that update, so that a slip in one schedule
// stops one release and not the fleet. Unknown members are ignored here and kept by whoever edits
// the document (manifest_edit.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "updog/version.h"
#include "updog/waves.h"

namespace updog {

constexpr std::string_view kManifestName = "manifest.json";
// Room for tens of thousands of updates.
constexpr std::uint64_t kMaxManifestBytes = std::uint64_t{16} << 20;

// Names of targets.
struct Images {
  std::string boot;
  std::string root;
  std::string hash;
};

struct Update {
  std::string variant;
  std::string arch;
  Version version;
  Version max_version;
  Waves waves;
  Images images;
  // Why the waves cannot be used: then the update is nobody's candidate.
  std::optional<std::string> waves_fault;
  // The object in the manifest, unknown members included.
  base::json::Value source;
};

// The programs (names of targets) that carry settings between two neighbouring versions.
struct Migration {
  Version from;
  Version to;  // above `from`
  std::vector<std::string> names;
};

struct Manifest {
  std::vector<Update> updates;        // in the document's order
  std::vector<Update> halted;         // (updog/halted.h) as far as it can be read
  std::vector<Migration> migrations;  // in no particular order, no pair twice
};

// One thing wrong, and where: {"updates[2].images", "boot: missing"}.
struct Fault {
  std::string place;  // empty: the document as a whole
  std::string what;

  // "updates[2].images: boot: missing"
  std::string Line() const;
};

// kMalformed, saying the first fault and its place; kTooLarge for nesting.
base::Result<Manifest> ParseManifest(std::string_view text);
// The same for a document that was parsed with Duplicates::kKeep.
base::Result<Manifest> DecodeManifest(base::json::Value document);

// Every fault of the document, those that cost one update only included; and what is well formed
// but cannot be meant: an update that is listed twice, and maxima between which hosts would go back
// and forth. Empty: a publisher may sign it.
std::vector<Fault> FindFaults(std::string_view text);

// "(1.11.0, 1.12.0)": the key of a migration, in the manifest and in Release.toml.
base::Result<Migration> DecodeMigration(std::string_view key, const base::json::Value& names);

}  // namespace updog
