#include "partitions/image_writer.h"

#include <lz4frame.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <mutex>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/file.h"
#include "tests/support/matchers.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace partitions {
namespace {

using base::Compression;
using base::ErrorCode;
using base::Result;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::TempDir;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kMaxBytes = 64 * kMiB;
constexpr std::uint64_t kPartitionBytes = 12 * kMiB;
constexpr std::uint64_t kBehindBytes = 2 * kMiB;

// Runs of noise and of zeroes, the same in every run.
std::string SomeImage(std::size_t size) {
  std::string image(size, '\0');
  std::mt19937 noise(1);  // NOLINT(bugprone-random-generator-seed): a failure must come again
  for (std::size_t i = 0; i < size; ++i) {
    if (i / 5000 % 3 == 0) image[i] = static_cast<char>(noise());
  }
  return image;
}

ExpectedImage Signed(const std::string& image) {
  return {.length_bytes = image.size(),
          .sha256 = base::DigestOf(base::DigestAlgorithm::kSha256, base::AsBytes(image))};
}

// In independent frames of so much content, or in one.
std::string Zstd(std::string_view text, std::optional<std::size_t> frame_bytes = {}) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 1);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  std::string packed;
  do {
    const std::string_view content = text.substr(0, frame_bytes.value_or(text.size()));
    std::string frame(ZSTD_compressBound(content.size()), '\0');
    frame.resize(
        ZSTD_compress2(context, frame.data(), frame.size(), content.data(), content.size()));
    packed += frame;
    text.remove_prefix(content.size());
  } while (!text.empty());
  ZSTD_freeCCtx(context);
  return packed;
}

std::string Lz4(const std::string& text) {
  std::string packed(LZ4F_compressFrameBound(text.size(), nullptr), '\0');
  packed.resize(
      LZ4F_compressFrame(packed.data(), packed.size(), text.data(), text.size(), nullptr));
  return packed;
}

// A way in which an image can be published.
struct Packing {
  std::string name;
  Compression compression;
  std::string (*pack)(const std::string&);

  friend void PrintTo(const Packing& packing, std::ostream* out) { *out << packing.name; }
};

std::string Plain(const std::string& image) {
  return image;
}
std::string OneFrame(const std::string& image) {
  return Zstd(image);
}
std::string AlignedFrames(const std::string& image) {
  return Zstd(image, 256 * kKiB);
}
// Their pieces begin and end anywhere, and are written in any order.
std::string OddFrames(const std::string& image) {
  return Zstd(image, 100'001);
}
// Too large for a second decoder.
std::string LargeFrames(const std::string& image) {
  return Zstd(image, 5 * kMiB);
}
// Frames of every kind among each other, skippable ones too.
std::string MixedFrames(const std::string& image) {
  std::string packed;
  std::size_t at = 0;
  for (std::size_t size = 10; at < image.size(); size = size * 7 % 6'000'011) {
    packed += Zstd(image.substr(at, size), size % 2 == 0 ? std::optional<std::size_t>()
                                                         : std::optional<std::size_t>(64 * kKiB));
    packed += std::string("\x50\x2a\x4d\x18\x05\x00\x00\x00", 8) + "extra";
    at += size;
  }
  return packed;
}

std::vector<Packing> Packings() {
  return {{"raw", Compression::kNone, Plain},
          {"lz4", Compression::kLz4, Lz4},
          {"zstd_one_frame", Compression::kZstd, OneFrame},
          {"zstd_aligned_frames", Compression::kZstd, AlignedFrames},
          {"zstd_odd_frames", Compression::kZstd, OddFrames},
          {"zstd_large_frames", Compression::kZstd, LargeFrames},
          {"zstd_mixed_frames", Compression::kZstd, MixedFrames}};
}

// Changes one byte behind the writer's back.
void FlipByte(const std::string& path, std::uint64_t offset) {
  const auto fd = base::OpenFile(path, O_RDWR);
  ASSERT_THAT(fd, IsOk());
  std::byte byte{};
  ASSERT_THAT(base::ReadExactlyAt(fd->get(), {&byte, 1}, offset, path), IsOk());
  byte ^= std::byte{1};
  ASSERT_THAT(base::WriteAllAt(fd->get(), {&byte, 1}, offset, path), IsOk());
}

// A disk image full of 0xcc with one partition in it.
class Disk {
 public:
  explicit Disk(std::uint64_t offset_bytes = kMiB) : offset_bytes_(offset_bytes) {
    std::ofstream(path_) << std::string(offset_bytes + kPartitionBytes + kBehindBytes, '\xcc');
  }

  Extent Partition() const { return {path_, offset_bytes_, kPartitionBytes}; }

  // The partition begins with the image, and no other byte of the disk has changed.
  bool HoldsExactly(const std::string& image) const {
    std::string expected(offset_bytes_ + kPartitionBytes + kBehindBytes, '\xcc');
    std::ranges::copy(image, expected.begin() + static_cast<std::ptrdiff_t>(offset_bytes_));
    return Content() == expected;
  }
  // Nothing outside of the partition has changed.
  bool IsUntouchedAround() const {
    const std::string content = Content();
    const std::string_view all(content);
    return all.find_first_not_of('\xcc') >= offset_bytes_ &&
           all.substr(offset_bytes_ + kPartitionBytes).find_first_not_of('\xcc') == all.npos;
  }

  void Flip(std::uint64_t offset_in_partition) const {
    FlipByte(path_, offset_bytes_ + offset_in_partition);
  }

 private:
  std::string Content() const { return base::ReadFile(path_, kMaxBytes).value_or(""); }

  TempDir directory_;
  std::string path_ = directory_ / "disk.img";
  std::uint64_t offset_bytes_;
};

bool Reads(const DiskStep& step, std::uint64_t offset) {
  return step.operation == DiskOperation::kRead && step.offset_bytes <= offset &&
         offset - step.offset_bytes < step.size_bytes;
}

// As a download does it: in pieces, until an error; the first error.
Result<> Push(const ImageWriterOptions& options, std::string_view packed,
              std::size_t piece_size = 100'000) {
  const auto writer = TRY(ImageWriter::Create(options));
  while (!packed.empty()) {
    TRY(writer->Write(base::AsBytes(packed.substr(0, piece_size))));
    packed.remove_prefix(std::min(packed.size(), piece_size));
  }
  return writer->Finish();
}

class EveryPacking : public testing::TestWithParam<Packing> {};
INSTANTIATE_TEST_SUITE_P(ImageWriter, EveryPacking, testing::ValuesIn(Packings()),
                         [](const auto& test) { return test.param.name; });

TEST_P(EveryPacking, LandsInThePartitionAndNowhereElse) {
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{4095}, std::size_t{4096}, 5 * kMiB + 123, kPartitionBytes}) {
    const Disk disk;
    const std::string image = SomeImage(size);
    ASSERT_THAT(Push({.where = disk.Partition(),
                      .compression = GetParam().compression,
                      .expected = Signed(image)},
                     GetParam().pack(image)),
                IsOk());
    EXPECT_TRUE(disk.HoldsExactly(image)) << size;
  }
}

TEST_P(EveryPacking, LandsWithoutASignedDigestToo) {
  const Disk disk;
  const std::string image = SomeImage(7 * kMiB + 1);
  ASSERT_THAT(
      Push({.where = disk.Partition(), .compression = GetParam().compression, .flush_bytes = kMiB},
           GetParam().pack(image)),
      IsOk());
  EXPECT_TRUE(disk.HoldsExactly(image));
}

// Partitions begin at multiples of 512; O_DIRECT may want 4096.
TEST_P(EveryPacking, LandsInAPartitionThatBeginsAtAnOddSector) {
  const Disk disk(kMiB + 512);
  const std::string image = SomeImage(3 * kMiB + 7);
  ASSERT_THAT(Push({.where = disk.Partition(),
                    .compression = GetParam().compression,
                    .expected = Signed(image),
                    .flush_bytes = kMiB},
                   GetParam().pack(image)),
              IsOk());
  EXPECT_TRUE(disk.HoldsExactly(image));
}

TEST_P(EveryPacking, LandsWhateverThePiecesOfTheDownload) {
  const std::string image = SomeImage(400'000);
  const std::string packed = GetParam().pack(image);
  for (const std::size_t piece_size : {std::size_t{1}, std::size_t{4097}, packed.size()}) {
    const Disk disk;
    ASSERT_THAT(Push({.where = disk.Partition(),
                      .compression = GetParam().compression,
                      .expected = Signed(image)},
                     packed, piece_size),
                IsOk());
    EXPECT_TRUE(disk.HoldsExactly(image)) << piece_size;
  }
}

TEST_P(EveryPacking, IsRefusedBeforeAnythingIsWrittenIfItsSignedLengthDoesNotFit) {
  const Disk disk;
  const std::string image = SomeImage(kPartitionBytes + 1);
  EXPECT_THAT(Push({.where = disk.Partition(),
                    .compression = GetParam().compression,
                    .expected = Signed(image)},
                   GetParam().pack(image)),
              Fails(ErrorCode::kNoSpace));
  EXPECT_TRUE(disk.HoldsExactly(""));
}

TEST_P(EveryPacking, StopsAtThePartitionsEndIfNoLengthIsSigned) {
  const Disk disk;
  const std::string image = SomeImage(kPartitionBytes + 1);
  EXPECT_THAT(Push({.where = disk.Partition(), .compression = GetParam().compression},
                   GetParam().pack(image)),
              FailsSaying("longer than its partition of 12582912 bytes"));
  EXPECT_TRUE(disk.IsUntouchedAround());
}

TEST_P(EveryPacking, IsRefusedIfItIsLongerOrShorterThanSigned) {
  const Disk disk;
  const std::string image = SomeImage(3 * kMiB);
  for (const std::uint64_t length_bytes : {3 * kMiB - 1, 3 * kMiB + 1, std::uint64_t{0}}) {
    ExpectedImage expected = Signed(image);
    expected.length_bytes = length_bytes;
    EXPECT_THAT(Push({.where = disk.Partition(),
                      .compression = GetParam().compression,
                      .expected = expected},
                     GetParam().pack(image)),
                Fails(ErrorCode::kMismatch));
  }
  EXPECT_TRUE(disk.IsUntouchedAround());
}

TEST_P(EveryPacking, IsRefusedIfItIsAnotherImageThanSigned) {
  const Disk disk;
  const std::string image = SomeImage(kMiB);
  std::string other = image;
  other[777'777] = static_cast<char>(other[777'777] ^ 1);
  EXPECT_THAT(Push({.where = disk.Partition(),
                    .compression = GetParam().compression,
                    .expected = Signed(image)},
                   GetParam().pack(other)),
              FailsSaying("SHA-256"));
}

// The device gives back another byte than it was given, in the first or in the last flushed part.
TEST_P(EveryPacking, IsRefusedIfTheDeviceLosesABit) {
  const std::string image = SomeImage(5 * kMiB);
  for (const bool is_signed : {true, false}) {
    for (const std::uint64_t offset : {std::uint64_t{0}, image.size() - 1}) {
      const Disk disk;
      ImageWriterOptions options{
          .where = disk.Partition(), .compression = GetParam().compression, .flush_bytes = kMiB};
      if (is_signed) options.expected = Signed(image);
      options.before_disk_step = [&](const DiskStep& step) -> Result<> {
        if (Reads(step, offset)) disk.Flip(offset);
        return {};
      };
      EXPECT_THAT(Push(options, GetParam().pack(image)), Fails(ErrorCode::kMismatch));
    }
  }
}

// One access to the disk fails, in whatever thread and state of the others: the error arrives as it
// was, and nothing hangs. Each of the first accesses, then more and more rarely.
TEST_P(EveryPacking, StopsWithTheErrorOfWhicheverAccessFails) {
  const Disk disk;
  const std::string image = SomeImage(9 * kMiB);
  const std::string packed = GetParam().pack(image);
  int failing = 0;
  Result<> result;
  do {
    std::atomic<int> step = 0;
    ImageWriterOptions options{.where = disk.Partition(),
                               .compression = GetParam().compression,
                               .expected = Signed(image),
                               .flush_bytes = 2 * kMiB};
    options.before_disk_step = [&](const DiskStep&) -> Result<> {
      if (step++ != failing) return {};
      return base::Fail(ErrorCode::kNoSpace, "the disk is gone");
    };
    result = Push(options, packed);
    if (!result) {
      EXPECT_THAT(result, FailsSaying("the disk is gone"));
    }
    failing += 1 + failing / 8;
  } while (!result && failing < 1000);
  EXPECT_THAT(result, IsOk());
  EXPECT_GT(failing, 8);
  EXPECT_TRUE(disk.HoldsExactly(image));
}

TEST_P(EveryPacking, LeavesNothingRunningIfItIsAbandoned) {
  const Disk disk;
  const std::string packed = GetParam().pack(SomeImage(6 * kMiB));
  for (std::size_t size = 0; size < packed.size(); size += packed.size() / 7) {
    std::atomic<bool> abandoned = false;
    ImageWriterOptions options{
        .where = disk.Partition(), .compression = GetParam().compression, .flush_bytes = kMiB};
    options.before_disk_step = [&](const DiskStep&) -> Result<> {
      EXPECT_FALSE(abandoned);
      return {};
    };
    {
      const auto writer = ImageWriter::Create(options);
      ASSERT_THAT(writer, IsOk());
      ASSERT_THAT((*writer)->Write(base::AsBytes(packed).first(size)), IsOk());
    }
    abandoned = true;
  }
  EXPECT_TRUE(disk.IsUntouchedAround());
}

class EveryCompressed : public testing::TestWithParam<Packing> {};
std::vector<Packing> CompressedPackings() {
  std::vector<Packing> packings = Packings();
  std::erase_if(packings, [](const Packing& p) { return p.compression == Compression::kNone; });
  return packings;
}
INSTANTIATE_TEST_SUITE_P(ImageWriter, EveryCompressed, testing::ValuesIn(CompressedPackings()),
                         [](const auto& test) { return test.param.name; });

TEST_P(EveryCompressed, IsRefusedIfItDoesNotDecode) {
  const Disk disk;
  const std::string packed = GetParam().pack(SomeImage(3 * kMiB));
  const ImageWriterOptions options{.where = disk.Partition(),
                                   .compression = GetParam().compression};
  EXPECT_THAT(Push(options, ""), FailsSaying("empty"));
  EXPECT_THAT(Push(options, packed.substr(0, packed.size() - 1)), FailsSaying("truncated"));
  EXPECT_THAT(Push(options, packed + "something else"), FailsSaying("after the last frame"));
  EXPECT_THAT(Push(options, "something else"), FailsSaying("no frame at its beginning"));
  EXPECT_TRUE(disk.IsUntouchedAround());
}

TEST_P(EveryCompressed, NeverLandsWithAFlippedByte) {
  const Disk disk;
  const std::string image = SomeImage(kMiB);
  const std::string packed = GetParam().pack(image);
  const ImageWriterOptions options{
      .where = disk.Partition(), .compression = GetParam().compression, .expected = Signed(image)};
  for (std::size_t at = 0; at < packed.size(); at += packed.size() / 50) {
    std::string wrong = packed;
    wrong[at] = static_cast<char>(wrong[at] ^ 0x10);
    // The content of a skippable frame may be anything.
    if (Push(options, wrong)) {
      EXPECT_TRUE(disk.HoldsExactly(image)) << at;
    }
  }
  EXPECT_TRUE(disk.IsUntouchedAround());
}

// What is read back was flushed after it was written, and the last flush comes after the last
// write.
TEST(ImageWriter, ReadsBackOnlyWhatWasFlushed) {
  const Disk disk;
  const std::string image = SomeImage(9 * kMiB + 5);
  std::mutex mutex;
  std::vector<DiskStep> unflushed;
  std::vector<DiskStep> flushing;
  std::uint64_t read_bytes = 0;
  ImageWriterOptions options{.where = disk.Partition(),
                             .compression = Compression::kZstd,
                             .expected = Signed(image),
                             .flush_bytes = kMiB};
  options.before_disk_step = [&](const DiskStep& step) -> Result<> {
    const std::scoped_lock lock(mutex);
    if (step.operation == DiskOperation::kWrite) {
      // The same thread flushes, so an earlier flush has ended.
      flushing.clear();
      unflushed.push_back(step);
    } else if (step.operation == DiskOperation::kFlush) {
      flushing = std::exchange(unflushed, {});
    } else {
      read_bytes += step.size_bytes;
      for (const DiskStep& write : unflushed) {
        EXPECT_TRUE(step.offset_bytes + step.size_bytes <= write.offset_bytes ||
                    write.offset_bytes + write.size_bytes <= step.offset_bytes);
      }
    }
    return {};
  };
  ASSERT_THAT(Push(options, AlignedFrames(image)), IsOk());
  EXPECT_TRUE(unflushed.empty());
  EXPECT_EQ(read_bytes, image.size());
}

TEST(ImageWriter, ReportsProgressInTheCallersThread) {
  const Disk disk;
  const std::string image = SomeImage(6 * kMiB);
  std::vector<ImageProgress> seen;
  const ImageWriterOptions options{
      .where = disk.Partition(),
      .compression = Compression::kZstd,
      .on_progress = [&](const ImageProgress& progress) { seen.push_back(progress); },
      .flush_bytes = kMiB};
  ASSERT_THAT(Push(options, OneFrame(image)), IsOk());
  EXPECT_TRUE(std::ranges::is_sorted(seen, {}, &ImageProgress::written_bytes));
  EXPECT_TRUE(std::ranges::is_sorted(seen, {}, &ImageProgress::verified_bytes));
  EXPECT_EQ(seen.back().written_bytes, image.size());
  EXPECT_EQ(seen.back().verified_bytes, image.size());
}

TEST(ImageWriter, NeverMakesAFile) {
  const TempDir directory;
  EXPECT_THAT(ImageWriter::Create({.where = {directory / "absent", 0, kMiB}}),
              Fails(ErrorCode::kNotFound));
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(ImageWriter, RefusesWhatIsNeitherDiskNorFile) {
  const TempDir directory;
  ASSERT_EQ(mkfifo((directory / "fifo").c_str(), 0600), 0);
  EXPECT_THAT(ImageWriter::Create({.where = {directory / "fifo", 0, kMiB}}),
              Fails(ErrorCode::kMismatch));
  EXPECT_THAT(ImageWriter::Create({.where = {directory.path(), 0, kMiB}}),
              Fails(ErrorCode::kMismatch));
  EXPECT_THAT(ImageWriter::Create({.where = {"/dev/null", 0, kMiB}}), Fails(ErrorCode::kMismatch));
}

TEST(ImageWriter, RefusesAPartitionThatTheDiskEndsBefore) {
  const Disk disk;
  Extent where = disk.Partition();
  where.size_bytes += kBehindBytes + 1;
  EXPECT_THAT(ImageWriter::Create({.where = where}), Fails(ErrorCode::kNoSpace));
  where.offset_bytes = ~std::uint64_t{0};
  EXPECT_THAT(ImageWriter::Create({.where = where}), Fails(ErrorCode::kNoSpace));
}

// A memory file system has no device to read from; what can be checked there is checked.
TEST(ImageWriter, SaysThatTheReadBackOfATmpfsIsMemory) {
  if (!std::filesystem::is_directory("/dev/shm")) GTEST_SKIP() << "no tmpfs at /dev/shm";
  std::string path = "/dev/shm/updog-test-XXXXXX";
  const base::UniqueFd fd(mkstemp(path.data()));
  ASSERT_TRUE(fd.valid());
  ASSERT_EQ(ftruncate(fd.get(), static_cast<off_t>(kMiB)), 0);
  const std::string image = SomeImage(kMiB - 3);
  testing::internal::CaptureStderr();
  const Result<> result = Push({.where = {path, 0, kMiB}}, image);
  const std::string log = testing::internal::GetCapturedStderr();
  const auto content = base::ReadFile(path, kMiB);
  unlink(path.c_str());
  EXPECT_THAT(result, IsOk());
  EXPECT_THAT(log, testing::HasSubstr("the read-back reads memory"));
  ASSERT_THAT(content, IsOk());
  EXPECT_TRUE(content->starts_with(image));
}

// A real block device, where this user may make one.
class LoopDevice : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    const auto made = test::RunProcess({.program = "truncate", .arguments = {"-s", "12M", file_}});
    ASSERT_EQ(made.exit_status, 0) << made.errors;
    const auto attached =
        test::RunProcess({.program = "losetup", .arguments = {"-f", "--show", file_}});
    if (attached.exit_status != 0) GTEST_SKIP() << "no loop devices: " << attached.errors;
    path_ = attached.output.substr(0, attached.output.find('\n'));
  }
  void TearDown() override {
    if (path_.empty()) return;
    test::RunProcess({.program = "umount", .arguments = {directory_ / "mount"}});
    test::RunProcess({.program = "losetup", .arguments = {"-d", path_}});
  }

  TempDir directory_;
  std::string file_ = directory_ / "device.img";
  std::string path_;
};

TEST_F(LoopDevice, TakesAnImage) {
  const std::string image = SomeImage(5 * kMiB + 1000);
  ASSERT_THAT(Push({.where = {path_, 0, kPartitionBytes},
                    .compression = Compression::kZstd,
                    .expected = Signed(image)},
                   AlignedFrames(image)),
              IsOk());
  const auto content = base::ReadFile(file_, kMaxBytes);
  ASSERT_THAT(content, IsOk());
  EXPECT_TRUE(content->starts_with(image));
}

// The byte is lost under the device: whoever read it from the page cache above would not see that.
// At 512 nothing is aligned for O_DIRECT, and all goes through that cache.
TEST_F(LoopDevice, IsReadBackFromTheDeviceItself) {
  const std::string image = SomeImage(3 * kMiB);
  for (const std::uint64_t offset : {0U, 512U}) {
    ImageWriterOptions options{.where = {path_, offset, kPartitionBytes - offset},
                               .expected = Signed(image)};
    options.before_disk_step = [&](const DiskStep& step) -> Result<> {
      if (Reads(step, kMiB)) FlipByte(file_, offset + kMiB);
      return {};
    };
    EXPECT_THAT(Push(options, image), FailsSaying("SHA-256")) << offset;
  }
}

TEST_F(LoopDevice, IsRefusedWhileItIsMounted) {
  const auto formatted =
      test::RunProcess({.program = "/sbin/mkfs.ext4", .arguments = {"-q", path_}});
  std::filesystem::create_directory(directory_ / "mount");
  const auto mounted =
      test::RunProcess({.program = "mount", .arguments = {path_, directory_ / "mount"}});
  if (formatted.exit_status != 0 || mounted.exit_status != 0) GTEST_SKIP() << mounted.errors;
  const auto writer = ImageWriter::Create({.where = {path_, 0, kPartitionBytes}});
  EXPECT_THAT(writer, Fails(ErrorCode::kBusy));
  EXPECT_THAT(writer, FailsSaying(path_ + ": in use (mounted at " + (directory_ / "mount")));
}

}  // namespace
}  // namespace partitions
