// A release that has been built, as its release.toml describes it:
//
//   version = "1.1.0"
//   variant = "demo"
//   arch = "x86_64"
//   [images]                      # files, seen from the directory of release.toml
//   boot = "demo-1.1.0-boot.vfat.zst"
//   root = "demo-1.1.0-root.erofs.zst"
//   hash = "demo-1.1.0-hash.verity.zst"
//   [migrations]                  # optional: all there are, as in Bottlerocket's Release.toml
//   "(1.0.0, 1.1.0)" = ["migrate_1.1.0_foo"]     # files too, in migrations/
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "updog/manifest_editor.h"

namespace updog::publish {

// A file and the name under which it is published.
struct ReleaseFile {
  std::string name;
  std::string path;
};

struct Release {
  NewUpdate update;  // its images are names of targets
  std::vector<ReleaseFile> images;
  // Programs that may be published already.
  std::vector<ReleaseFile> migrations;
  std::optional<std::string> migrations_toml;  // for ManifestEditor::SetMigrations()
};

// kMalformed with the key; the error of reading the file with its path. The files are not looked
// at.
base::Result<Release> LoadRelease(const std::string& path);

}  // namespace updog::publish
