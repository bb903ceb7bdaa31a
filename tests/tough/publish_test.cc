// From files on the disk to files on the disk: description, layout and order.
#include "tough/publish.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/compress.h"
#include "base/digest.h"
#include "base/file.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace tough {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::TempDir;
using testing::AllOf;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

void Write(const std::string& path, std::string_view content) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

std::string Read(const std::string& path) {
  return base::ReadFile(path, 1 << 20).value();
}

std::string Sha256(std::string_view content) {
  return base::HexEncode(base::DigestOf(base::DigestAlgorithm::kSha256, base::AsBytes(content)));
}

std::vector<std::string> FilesBelow(const std::string& directory) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) files.push_back(fs::relative(entry.path(), directory).string());
  }
  return files;
}

const base::json::Object* Image(const TargetDescription& description) {
  const base::json::Value* image = description.custom.Find("image");
  return image == nullptr ? nullptr : image->object();
}

TEST(DescribeTarget, TellsLengthAndDigest) {
  const TempDir directory;
  Write(directory / "file", "content");
  const TargetDescription description = DescribeTarget(directory / "file").value();
  EXPECT_EQ(description.length, 7U);
  EXPECT_EQ(description.sha256, Sha256("content"));
  EXPECT_TRUE(description.custom.empty());
}

TEST(DescribeTarget, TellsWhatACompressedImageHolds) {
  const TempDir directory;
  const std::string image(3'000'000, 'i');
  Write(directory / "image", image);
  base::CompressOptions options;
  options.frame_bytes = 1 << 20;
  ASSERT_THAT(base::CompressFile(directory / "image", directory / "image.zst", options), IsOk());
  const TargetDescription description = DescribeTarget(directory / "image.zst").value();
  EXPECT_EQ(description.length, fs::file_size(directory / "image.zst"));
  ASSERT_NE(Image(description), nullptr);
  EXPECT_EQ(*Image(description)->Find("length")->unsigned_integer(), image.size());
  EXPECT_EQ(*Image(description)->Find("hashes")->object()->Find("sha256")->string(), Sha256(image));
}

TEST(DescribeTarget, RefusesAnImageThatDoesNotDecompress) {
  const TempDir directory;
  Write(directory / "image.zst", "this is not zstd");
  EXPECT_THAT(DescribeTarget(directory / "image.zst"),
              AllOf(Fails(ErrorCode::kMalformed), FailsSaying("image.zst: ")));
  Write(directory / "empty.lz4", "");
  EXPECT_THAT(DescribeTarget(directory / "empty.lz4"), Fails(ErrorCode::kMalformed));
}

TEST(FindTargets, FindsFilesBelowADirectoryInByteOrder) {
  const TempDir directory;
  Write(directory / "b", "2");
  Write(directory / "a/x", "1");
  Write(directory / "Z", "3");
  const auto targets = FindTargets(directory.path(), SymbolicLinks::kLeaveOut).value();
  std::vector<std::string> names;
  for (const TargetSource& source : targets) names.push_back(source.name);
  EXPECT_THAT(names, ElementsAre("Z", "a/x", "b"));
}

TEST(FindTargets, FollowsSymbolicLinksOnlyIfAsked) {
  const TempDir directory;
  Write(directory / "in/real", "content");
  Write(directory / "elsewhere", "linked");
  fs::create_symlink(directory / "elsewhere", directory / "in/link");
  EXPECT_EQ(FindTargets(directory / "in", SymbolicLinks::kLeaveOut)->size(), 1U);
  const auto followed = FindTargets(directory / "in", SymbolicLinks::kFollow).value();
  ASSERT_EQ(followed.size(), 2U);
  EXPECT_EQ(followed[0].name, "link");
  EXPECT_EQ(followed[0].description.sha256, Sha256("linked"));
}

TEST(FindTargets, RefusesWhatIsNoFile) {
  const TempDir directory;
  ASSERT_EQ(mkfifo((directory / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(FindTargets(directory.path(), SymbolicLinks::kLeaveOut),
              AllOf(Fails(ErrorCode::kMismatch), FailsSaying("pipe: not a regular file")));
  EXPECT_THAT(FindTargets(directory / "none", SymbolicLinks::kLeaveOut),
              Fails(ErrorCode::kNotFound));
}

TEST(FindTargets, RefusesNamesThatClientsReadDifferently) {
  const TempDir directory;
  Write(directory / "a\\b", "content");
  EXPECT_THAT(FindTargets(directory.path(), SymbolicLinks::kLeaveOut),
              AllOf(Fails(ErrorCode::kUsage), FailsSaying("backslash")));
}

class PublishTest : public testing::Test {
 protected:
  PublishTest() {
    Write(in_ / "dir/file", "content");
    targets_ = FindTargets(in_.path(), SymbolicLinks::kLeaveOut).value();
    published_ = "targets/dir/" + Sha256("content") + ".file";
  }
  TempDir in_;
  TempDir out_;
  std::vector<TargetSource> targets_;
  std::vector<MetadataFile> metadata_ = {{"1.root.json", "root"}, {"timestamp.json", "timestamp"}};
  std::string published_;
};

TEST_F(PublishTest, PutsTheHashBeforeTheFileName) {
  ASSERT_THAT(PublishRepository(out_.path(), targets_, metadata_), IsOk());
  EXPECT_THAT(FilesBelow(out_.path()),
              UnorderedElementsAre("metadata/1.root.json", "metadata/timestamp.json", published_));
  EXPECT_EQ(Read(out_ / published_), "content");
  EXPECT_EQ(Read(out_ / "metadata/timestamp.json"), "timestamp");
}

TEST_F(PublishTest, WritesNoMetadataWhereATargetFails) {
  Write(in_ / "dir/file", "another");
  EXPECT_THAT(
      PublishRepository(out_.path(), targets_, metadata_),
      AllOf(Fails(ErrorCode::kMismatch), FailsSaying("changed while it was being published")));
  EXPECT_TRUE(FilesBelow(out_.path()).empty());
}

TEST_F(PublishTest, WritesTheTimestampLast) {
  // The second file cannot be replaced: a directory has its name.
  metadata_ = {{"1.root.json", "root"}, {"1.targets.json", "targets"}, {"timestamp.json", "new"}};
  fs::create_directories(out_ / "metadata/1.targets.json/full");
  Write(out_ / "metadata/timestamp.json", "old");
  EXPECT_FALSE(PublishRepository(out_.path(), targets_, metadata_).has_value());
  EXPECT_EQ(Read(out_ / "metadata/1.root.json"), "root");
  EXPECT_EQ(Read(out_ / "metadata/timestamp.json"), "old");
}

TEST_F(PublishTest, LeavesATargetThatIsThereAlone) {
  ASSERT_THAT(PublishRepository(out_.path(), targets_, metadata_), IsOk());
  const auto before = fs::last_write_time(out_ / published_);
  struct stat first{};
  ASSERT_EQ(stat((out_ / published_).c_str(), &first), 0);
  ASSERT_THAT(PublishRepository(out_.path(), targets_, metadata_), IsOk());
  struct stat second{};
  ASSERT_EQ(stat((out_ / published_).c_str(), &second), 0);
  EXPECT_EQ(first.st_ino, second.st_ino);
  EXPECT_EQ(fs::last_write_time(out_ / published_), before);
}

TEST_F(PublishTest, ReplacesATargetThatIsDamaged) {
  Write(out_ / published_, "CONTENT");
  ASSERT_THAT(PublishRepository(out_.path(), targets_, metadata_), IsOk());
  EXPECT_EQ(Read(out_ / published_), "content");
}

}  // namespace
}  // namespace tough
