#include "base/temporary_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include "tests/support/temp_dir.h"

namespace base {
namespace {

namespace fs = std::filesystem;

// NOLINTNEXTLINE(cppcoreguidelines-virtual-class-destructor): GoogleTest derives from it
class TemporaryDirectoryTest : public testing::Test {
 protected:
  TemporaryDirectoryTest() { Point(parent_.path()); }
  ~TemporaryDirectoryTest() override { unsetenv("TMPDIR"); }
  static void Point(const std::string& path) { setenv("TMPDIR", path.c_str(), 1); }

  test::TempDir parent_;
};

TEST_F(TemporaryDirectoryTest, IsForItsOwnerAloneAndGoesWithItsContent) {
  {
    const TemporaryDirectory directory = TemporaryDirectory::Create("made").value();
    fs::create_directory(directory / "folder");
    std::ofstream(directory / "folder/file") << "text";
    EXPECT_TRUE(directory.path().starts_with(parent_.path() + "/made-"));
    EXPECT_EQ(fs::status(directory.path()).permissions(), fs::perms::owner_all);
  }
  EXPECT_TRUE(fs::is_empty(fs::path(parent_.path())));
}

TEST_F(TemporaryDirectoryTest, LastsAsLongAsWhoItWasMovedTo) {
  std::optional<TemporaryDirectory> first = TemporaryDirectory::Create("made").value();
  const TemporaryDirectory second = *std::move(first);
  first.reset();  // NOLINT(bugprone-use-after-move): what is left of it ends, and nothing else does
  EXPECT_TRUE(fs::is_directory(second.path()));
}

TEST_F(TemporaryDirectoryTest, SaysWhereNoneCanBeMade) {
  Point(parent_.path() + "/missing");
  EXPECT_THAT(TemporaryDirectory::Create("made").error().message(), testing::HasSubstr("TMPDIR"));
}

}  // namespace
}  // namespace base
