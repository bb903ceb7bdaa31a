#include "partitions/partition_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "partitions/boot_flags.h"
#include "tests/support/disk_image.h"
#include "tests/support/matchers.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace partitions {
namespace {

using base::ErrorCode;
using ::test::DiskImage;
using ::test::Fails;
using ::test::FailsSaying;
using ::test::Fill;
using ::test::IsOk;

constexpr std::uint64_t kForeignBits = 0x8000'0000'0000'0007;

class TableOfSectors : public ::testing::TestWithParam<std::uint32_t> {
 protected:
  TableOfSectors()
      : image_(DiskImage::Create(directory_ / "disk",
                                 {.fill = Fill::kPattern, .sector_bytes = GetParam()})) {}

  test::TempDir directory_;
  DiskImage image_;
};
INSTANTIATE_TEST_SUITE_P(SectorSizes, TableOfSectors, ::testing::Values(512, 4096));

TEST_P(TableOfSectors, ListsThePartitions) {
  const auto table = PartitionTable::Open(image_.path(), Access::kRead);
  ASSERT_THAT(table, IsOk());
  EXPECT_EQ(table->sector_bytes(), GetParam());
  ASSERT_EQ(table->partitions().size(), 9U);
  const Partition* root_b = table->Find(test::kRootB);
  ASSERT_NE(root_b, nullptr);
  EXPECT_EQ(root_b->type, kRootType);
  EXPECT_EQ(root_b->offset_bytes, image_.extent(test::kRootB).offset_bytes);
  EXPECT_EQ(root_b->size_bytes, 4U << 20);
  EXPECT_FALSE(root_b->unique.nil());
  EXPECT_EQ(table->Find(10), nullptr);
  EXPECT_EQ(table->FindLayout().b, (SetPartitions{.boot = 7, .root = 8, .hash = 9}));
}

TEST_P(TableOfSectors, CommitsWhatLibfdiskThenReads) {
  {
    auto table = PartitionTable::Open(image_.path(), Access::kChange);
    ASSERT_THAT(table, IsOk());
    table->SetAttributes(test::kBootB, kForeignBits | std::uint64_t{0x12} << 48);
    EXPECT_EQ(image_.attributes(test::kBootB), 0U);  // not before the commit
    EXPECT_THAT(table->Commit(), IsOk());
  }
  EXPECT_EQ(image_.attributes(test::kBootB), 0x8012'0000'0000'0007);
  EXPECT_EQ(image_.attributes(test::kBootA), test::kShippedAttributes);
}

TEST_P(TableOfSectors, LeavesEveryByteOutsideOfTheTablesAlone) {
  const std::string before = image_.Read();
  {
    auto table = PartitionTable::Open(image_.path(), Access::kChange);
    ASSERT_THAT(table, IsOk());
    table->SetAttributes(test::kBootB, kForeignBits);
    ASSERT_THAT(table->Commit(Rewrite::kAlways), IsOk());
  }
  const std::string after = image_.Read();
  const std::size_t sector = GetParam();
  const std::size_t first_usable = 2 * sector + 128 * std::size_t{128};
  const std::size_t end = before.size() - sector - 128 * std::size_t{128};
  EXPECT_EQ(after.substr(0, sector), before.substr(0, sector));
  EXPECT_TRUE(after.substr(first_usable, end - first_usable) ==
              before.substr(first_usable, end - first_usable));
  EXPECT_EQ(after.size(), before.size());
}

class Table : public ::testing::Test {
 protected:
  // Runs sgdisk on the image, as somebody else would.
  void Sgdisk(std::vector<std::string> arguments) const {
    arguments.push_back(image_.path());
    const test::ProcessResult result =
        test::RunProcess({.program = "sgdisk", .arguments = std::move(arguments)});
    ASSERT_EQ(result.exit_status, 0) << result.output << result.errors;
  }
  base::Result<PartitionTable> Open(Access access = Access::kRead) const {
    return PartitionTable::Open(image_.path(), access, std::chrono::milliseconds(0));
  }

  test::TempDir directory_;
  DiskImage image_ = DiskImage::Create(directory_ / "disk");
};

TEST_F(Table, IsNotThereOnADiskWithoutOne) {
  const std::string path = directory_ / "other";
  std::ofstream(path) << std::string(1 << 20, '\0');
  EXPECT_THAT(PartitionTable::Open(path, Access::kRead),
              FailsSaying(path + ": no valid GUID partition table"));
  std::ofstream(path, std::ios::trunc) << "small";
  EXPECT_THAT(PartitionTable::Open(path, Access::kRead), Fails(ErrorCode::kUnsupported));
  EXPECT_THAT(PartitionTable::Open(directory_ / "missing", Access::kRead),
              Fails(ErrorCode::kNotFound));
  EXPECT_THAT(PartitionTable::Open(directory_.path(), Access::kRead), Fails(ErrorCode::kMismatch));
}

TEST_F(Table, IsLockedFromOpenToDestruction) {
  {
    const auto table = Open(Access::kChange);
    ASSERT_THAT(table, IsOk());
    EXPECT_THAT(Open(Access::kRead), Fails(ErrorCode::kBusy));
  }
  const auto reader = Open(Access::kRead);
  EXPECT_THAT(reader, IsOk());
  EXPECT_THAT(Open(Access::kRead), IsOk());
  EXPECT_THAT(Open(Access::kChange), Fails(ErrorCode::kBusy));
}

// Both checksums are right, but the protective MBR is gone: Linux and libfdisk then see no GPT.
TEST_F(Table, IsRefusedWhereLibfdiskSeesNone) {
  image_.Write(0, std::string(512, '\0'));
  EXPECT_THAT(Open(), FailsSaying("libfdisk sees no GUID partition table"));
}

TEST_F(Table, IsRefusedWherePartitionsOverlap) {
  // Partition 6 is data, right before boot B; sgdisk itself would refuse to make this, so its entry
  // is copied from the next one's.
  const std::string entry_7 =
      image_.Read({.path = image_.path(), .offset_bytes = 1024 + 6 * 128, .size_bytes = 128});
  image_.Write(1024 + 5 * 128 + 32, entry_7.substr(32, 16));
  // The primary's checksum is wrong now, and the backup would count: it is lost.
  image_.Write(image_.size_bytes() - 512, std::string(512, '\0'));
  EXPECT_THAT(Open(), FailsSaying("no valid GUID partition table"));
  // With a right checksum the table says what must not be.
  std::string header = image_.Read({.path = image_.path(), .offset_bytes = 512, .size_bytes = 512});
  const std::string entries = image_.Read(
      {.path = image_.path(), .offset_bytes = 1024, .size_bytes = std::uint64_t{128} * 128});
  PlaceHeader(reinterpret_cast<std::uint8_t*>(header.data()),
              {.my_lba = 1, .alternate_lba = image_.size_bytes() / 512 - 1, .entries_lba = 2},
              reinterpret_cast<const std::uint8_t*>(entries.data()));
  image_.Write(512, header);
  EXPECT_THAT(Open(), FailsSaying("partitions 6 and 7 overlap"));
}

TEST_F(Table, RepairsADamagedCopyWithItsNextChange) {
  for (const std::uint64_t damaged : {std::uint64_t{512}, image_.size_bytes() - 512}) {
    image_.Write(damaged + 60, "damage");
    auto table = Open(Access::kChange);
    ASSERT_THAT(table, IsOk());
    table->SetAttributes(test::kBootB, damaged);
    ASSERT_THAT(table->Commit(), IsOk());
    EXPECT_EQ(image_.attributes(test::kBootB), damaged);
  }
  const test::ProcessResult check =
      test::RunProcess({.program = "sgdisk", .arguments = {"--verify", image_.path()}});
  EXPECT_THAT(check.output, ::testing::HasSubstr("No problems found"));
}

TEST_F(Table, TakesPartitionsInTheOrderOfTheTableNotOfTheDisk) {
  Sgdisk({"--delete=2", "--delete=7"});
  Sgdisk({"--new=7:4096:+2047", "--typecode=7:6b636168-7420-6568-2070-6c616e657421",
          "--new=2:20480:+2047", "--typecode=2:6b636168-7420-6568-2070-6c616e657421"});
  const auto table = Open();
  ASSERT_THAT(table, IsOk());
  EXPECT_EQ(table->FindLayout().a.boot, 2U);
  EXPECT_GT(table->Find(2)->offset_bytes, table->Find(7)->offset_bytes);
}

TEST_F(Table, OfMoreEntriesThanUsualIsReadAndChanged) {
  Sgdisk({"--resize-table=200"});
  auto table = Open(Access::kChange);
  ASSERT_THAT(table, IsOk());
  table->SetAttributes(test::kBootB, 4);
  EXPECT_THAT(table->Commit(), IsOk());
  EXPECT_EQ(image_.attributes(test::kBootB), 4U);
}

TEST_F(Table, OfAnImageThatHasGrownIsReadAndChanged) {
  image_.Write(image_.size_bytes() + (1 << 20), "the end");
  auto table = Open(Access::kChange);
  ASSERT_THAT(table, IsOk());
  table->SetAttributes(test::kBootB, 4);
  EXPECT_THAT(table->Commit(), IsOk());
  EXPECT_EQ(image_.attributes(test::kBootB), 4U);
}

}  // namespace
}  // namespace partitions
