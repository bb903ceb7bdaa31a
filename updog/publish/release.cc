#include "updog/publish/release.h"

#include <filesystem>
#include <utility>

#include "base/file.h"
#include "updog/toml.h"

namespace updog::publish {
namespace {

namespace fs = std::filesystem;
using base::json::Object;

constexpr std::uint64_t kMaxReleaseBytes = std::uint64_t{1} << 20;

base::Result<ReleaseFile> ReadImage(const Object& images, std::string_view kind,
                                    const fs::path& directory) {
  const std::string* file = TRY(base::json::RequireString(images, kind));
  return ReleaseFile{.name = fs::path(*file).filename().string(),
                     .path = (directory / *file).string()};
}

base::Result<Version> ReadVersion(const Object& release) {
  const std::string* text = TRY(base::json::RequireString(release, "version"));
  return TRY_CONTEXT(Version::Parse(*text), "version");
}

base::Result<std::vector<ReleaseFile>> ReadMigrations(const Object& release,
                                                      const fs::path& directory) {
  std::vector<ReleaseFile> files;
  const Object* migrations = TRY(base::json::RequireObject(release, "migrations"));
  for (const base::json::Member& pair : migrations->members()) {
    const Migration migration = TRY_CONTEXT(DecodeMigration(pair.name, pair.value), "migrations");
    for (const std::string& name : migration.names) {
      files.push_back({.name = name, .path = (directory / "migrations" / name).string()});
    }
  }
  return files;
}

base::Result<Release> Decode(const Object& document, const fs::path& directory) {
  const Object* images = TRY(base::json::RequireObject(document, "images"));
  Release release;
  release.update.variant = *TRY(base::json::RequireString(document, "variant"));
  release.update.arch = *TRY(base::json::RequireString(document, "arch"));
  release.update.version = TRY(ReadVersion(document));
  for (const std::string_view kind : {"boot", "root", "hash"}) {
    release.images.push_back(TRY_CONTEXT(ReadImage(*images, kind, directory), "images"));
  }
  release.update.images = {.boot = release.images[0].name,
                           .root = release.images[1].name,
                           .hash = release.images[2].name};
  if (document.Find("migrations") != nullptr) {
    release.migrations = TRY(ReadMigrations(document, directory));
  }
  return release;
}

}  // namespace

base::Result<Release> LoadRelease(const std::string& path) {
  std::string text = TRY(base::ReadFile(path, kMaxReleaseBytes));
  const Object document = TRY_CONTEXT(ParseToml(text), path);
  Release release = TRY_CONTEXT(Decode(document, fs::path(path).parent_path()), path);
  if (document.Find("migrations") != nullptr) release.migrations_toml = std::move(text);
  return release;
}

}  // namespace updog::publish
