// A host's files around its settings, below a directory of the test's own.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "api/settings_start.h"
#include "api/settings_store.h"
#include "base/bytes.h"
#include "base/file.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace test {

class SettingsHost {
 public:
  explicit SettingsHost(const std::string& version = "1.0.0") {
    SetVersion(version);
    std::filesystem::create_directories(root() + "/etc");
  }

  const std::string& root() const { return directory_.path(); }
  api::SettingsPaths paths() const { return api::SettingsPaths::Under(root()); }

  // What the running image is.
  void SetVersion(const std::string& version) const {
    Write(paths().os_release, "VARIANT_ID=demo\nVERSION_ID=" + version + "\n");
  }
  void Write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    EXPECT_THAT(base::ReplaceFile(path, base::AsBytes(text)), IsOk());
  }
  // Empty where there is none.
  std::string Read(const std::string& path) const {
    const auto text = base::ReadFile(path, 16 << 20);  // a program with sanitizers has megabytes
    return text ? *text : std::string();
  }
  std::string config() const { return Read(paths().config); }

  // A host's start with a random number of 17.
  base::Result<> Start() const { return api::StartSettings(paths(), 17); }
  // Ends the test program where there is no store.
  api::SettingsStore Open() const {
    auto store = api::SettingsStore::Open(paths());
    if (!store) {
      ADD_FAILURE() << store.error().message();
      std::abort();
    }
    return *std::move(store);
  }

 private:
  TempDir directory_;
};

}  // namespace test
