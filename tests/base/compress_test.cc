#include "base/compress.h"

#include <random>
#include <string>

#include "base/decompress.h"
#include "base/file.h"
#include "base/zstd_frames.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace base {
namespace {

using test::Fails;
using test::IsOk;
using test::IsOkAnd;
using test::TempDir;

constexpr std::uint64_t kMaxBytes = std::uint64_t{64} << 20U;

// Half of it noise, half of it zeroes.
std::string SomeImage(std::size_t size) {
  std::string image(size, '\0');
  std::mt19937 noise(1);  // NOLINT(bugprone-random-generator-seed): the same image in every run
  for (std::size_t i = 0; i < size / 2; ++i) image[i] = static_cast<char>(noise());
  return image;
}

// The decompressed content of a file.
Result<std::string> Decompressed(const std::string& path) {
  const std::string packed = TRY(ReadFile(path, kMaxBytes));
  StringSink out(path, kMaxBytes);
  const auto sink = TRY(DecompressingSink::Create(Compression::kZstd, out));
  TRY(sink->Write(AsBytes(packed)));
  TRY(sink->Finish());
  return out.Take();
}

class CompressFileTest : public testing::Test {
 protected:
  std::string Write(const std::string& content) {
    EXPECT_THAT(ReplaceFile(directory_ / "image", AsBytes(content)), IsOk());
    return directory_ / "image";
  }
  std::string OutputPath() const { return directory_ / "image.zst"; }

  TempDir directory_;
};

TEST_F(CompressFileTest, MakesOneFrameOrIndependentOnes) {
  const std::string image = SomeImage(2'500'000);
  const std::string input = Write(image);
  for (const std::optional<std::uint64_t> frame_bytes :
       {std::optional<std::uint64_t>(), std::optional<std::uint64_t>(1U << 20U)}) {
    ASSERT_THAT(CompressFile(input, OutputPath(), {.frame_bytes = frame_bytes}), IsOk());
    EXPECT_THAT(Decompressed(OutputPath()), IsOkAnd(image));
  }
}

TEST_F(CompressFileTest, GivesEveryFrameTheSizeOfItsContent) {
  const std::string input = Write(SomeImage(2'500'000));
  ASSERT_THAT(CompressFile(input, OutputPath(), {.frame_bytes = 1U << 20U}), IsOk());
  const auto packed = ReadFile(OutputPath(), kMaxBytes);
  ASSERT_THAT(packed, IsOk());
  ZstdFrameWalker walker;
  std::vector<std::uint64_t> sizes;
  for (std::size_t at = 0; at < packed->size();) {
    const auto walked = walker.Walk(AsBytes(*packed).subspan(at));
    ASSERT_THAT(walked, IsOk());
    at += *walked;
    sizes.push_back(walker.frame()->content_bytes.value_or(0));
  }
  EXPECT_EQ(sizes, (std::vector<std::uint64_t>{1U << 20U, 1U << 20U, 2'500'000 - (2U << 20U)}));
}

TEST_F(CompressFileTest, IsTheSameEveryTime) {
  const std::string input = Write(SomeImage(1'500'000));
  ASSERT_THAT(CompressFile(input, OutputPath(), {}), IsOk());
  ASSERT_THAT(CompressFile(input, OutputPath() + "2", {}), IsOk());
  const auto first = ReadFile(OutputPath(), kMaxBytes);
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(ReadFile(OutputPath() + "2", kMaxBytes), IsOkAnd(*first));
}

TEST_F(CompressFileTest, StaysWithinTheAllowedWindowAtTheHighestLevel) {
  const std::string image = SomeImage(9'000'000);
  const std::string input = Write(image);
  ASSERT_THAT(CompressFile(input, OutputPath(), {.level = kMaxZstdLevel}), IsOk());
  EXPECT_THAT(Decompressed(OutputPath()), IsOkAnd(image));
}

TEST_F(CompressFileTest, MakesAnEmptyFrameOfAnEmptyFile) {
  ASSERT_THAT(CompressFile(Write(""), OutputPath(), {.frame_bytes = 1U << 20U}), IsOk());
  EXPECT_THAT(Decompressed(OutputPath()), IsOkAnd(""));
}

TEST_F(CompressFileTest, RefusesALevelOrFrameSizeOutOfRange) {
  const std::string input = Write("x");
  EXPECT_THAT(CompressFile(input, OutputPath(), {.level = 0}), Fails(ErrorCode::kUsage));
  EXPECT_THAT(CompressFile(input, OutputPath(), {.level = 23}), Fails(ErrorCode::kUsage));
  EXPECT_THAT(CompressFile(input, OutputPath(), {.frame_bytes = 1}), Fails(ErrorCode::kUsage));
}

TEST_F(CompressFileTest, LeavesTheOldOutputWhereTheInputIsMissing) {
  ASSERT_THAT(ReplaceFile(OutputPath(), AsBytes("old")), IsOk());
  EXPECT_THAT(CompressFile(directory_ / "absent", OutputPath(), {}), Fails(ErrorCode::kNotFound));
  EXPECT_THAT(ReadFile(OutputPath(), 10), IsOkAnd("old"));
}

}  // namespace
}  // namespace base
