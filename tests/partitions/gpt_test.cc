#include "partitions/gpt.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "partitions/gpt_transaction.h"
#include "tests/partitions/memory_disk.h"

namespace partitions {
namespace {

using ::test::MemoryDisk;
using ::test::SeenByLibfdisk;
using ::test::SmallDisk;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::uint64_t kForeignBits = 0xf200'0000'0000'0007;

const std::uint8_t* Unsigned(const std::string& bytes, std::size_t at = 0) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data()) + at;
}

template <typename Value>
void PutAt(std::string& bytes, std::size_t at, Value value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);  // the tests' hosts are little-endian
}

template <typename Value>
Value GetAt(const std::string& bytes, std::size_t at) {
  Value value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

// Makes a header's own checksum right again, so that what is wrong with it is something else.
void SealHeader(std::string& sector) {
  PutAt<std::uint32_t>(sector, 16, 0);
  const std::uint32_t size = GetAt<std::uint32_t>(sector, 12);
  PutAt(sector, 16, Crc32(Unsigned(sector), std::min<std::size_t>(size, sector.size())));
}

std::string GuidText(const Guid& guid) {
  char text[kGuidTextChars];
  WriteGuid(guid, text);
  return {text, sizeof text};
}

// What our codec reads from a disk, in the form of SeenByLibfdisk.
std::vector<std::string> SeenByUs(const std::string& disk_bytes, std::uint32_t sector_bytes) {
  MemoryDisk disk(disk_bytes, sector_bytes);
  const auto storage = std::make_unique<TableStorage>();
  TableTransaction table(disk, *storage);
  std::vector<std::string> lines;
  if (table.Load() != TableStatus::kOk) return lines;
  for (std::uint32_t index = 0; index < table.entry_count(); ++index) {
    const GptEntry entry = table.entry(index);
    if (!entry.used()) continue;
    lines.push_back(fmt::format("{} {} {} {} {} {:#x}", index + 1, GuidText(entry.type),
                                GuidText(entry.unique), entry.first_lba,
                                entry.last_lba - entry.first_lba + 1, entry.attributes));
  }
  return lines;
}

TEST(Gpt, ChecksumIsTheStandardOne) {
  const std::string check = "123456789";
  EXPECT_EQ(Crc32(Unsigned(check), check.size()), 0xcbf43926);
}

class GptOfSectors : public ::testing::TestWithParam<std::uint32_t> {};
INSTANTIATE_TEST_SUITE_P(SectorSizes, GptOfSectors, ::testing::Values(512, 4096));

TEST_P(GptOfSectors, ReadsWhatLibfdiskWrote) {
  const std::string disk = SmallDisk(GetParam());
  const std::vector<std::string> ours = SeenByUs(disk, GetParam());
  EXPECT_THAT(ours, Not(IsEmpty()));
  EXPECT_THAT(ours, ElementsAreArray(SeenByLibfdisk(disk, GetParam())));
}

TEST(Gpt, ReadsWhatSgdiskWrote) {
  const std::string disk = test::SmallDiskBySgdisk();
  const std::vector<std::string> ours = SeenByUs(disk, 512);
  ASSERT_EQ(ours.size(), 4U);
  EXPECT_THAT(ours[0], ::testing::EndsWith(" 0x1000000000000000"));
  EXPECT_THAT(ours, ElementsAreArray(SeenByLibfdisk(disk, 512)));
}

TEST_P(GptOfSectors, WritesWhatLibfdiskReads) {
  MemoryDisk disk(SmallDisk(GetParam()), GetParam());
  const auto storage = std::make_unique<TableStorage>();
  TableTransaction table(disk, *storage);
  ASSERT_EQ(table.Load(), TableStatus::kOk);
  table.SetAttributes(2, kForeignBits | std::uint64_t{0x135} << 48);
  ASSERT_EQ(table.Commit(), TableStatus::kOk);
  const std::vector<std::string> theirs = SeenByLibfdisk(disk.bytes(), GetParam());
  EXPECT_THAT(theirs[2], ::testing::EndsWith(" 0xf335000000000007"));
  EXPECT_THAT(theirs, ElementsAreArray(SeenByUs(disk.bytes(), GetParam())));
}

TEST_P(GptOfSectors, ChangesNothingButAttributesAndChecksums) {
  const std::string before = SmallDisk(GetParam());
  MemoryDisk disk(before, GetParam());
  const auto storage = std::make_unique<TableStorage>();
  TableTransaction table(disk, *storage);
  ASSERT_EQ(table.Load(), TableStatus::kOk);
  table.SetAttributes(0, ~table.entry(0).attributes);
  ASSERT_EQ(table.Commit(), TableStatus::kOk);
  std::size_t differing = 0;
  for (std::size_t at = 0; at < before.size(); ++at) differing += disk.bytes()[at] != before[at];
  // In each copy: 8 bytes of attributes, two checksums of 4 bytes that may agree by chance here and
  // there.
  EXPECT_GE(differing, 2 * 8U);
  EXPECT_LE(differing, 2 * 16U);
}

// Every single flipped bit of a copy is noticed, the other copy counts, and the next commit makes
// the disk again what it was.
void ExpectFlipsAreRepaired(std::uint64_t first_byte, std::uint64_t bytes, Copies found) {
  const std::string whole = SmallDisk(512);
  const std::vector<std::string> seen = SeenByUs(whole, 512);
  const auto storage = std::make_unique<TableStorage>();
  for (std::uint64_t at = first_byte; at < first_byte + bytes; ++at) {
    std::string torn = whole;
    torn[at] = static_cast<char>(torn[at] ^ 1 << at % 8);
    MemoryDisk disk(torn, 512);
    TableTransaction table(disk, *storage);
    ASSERT_EQ(table.Load(), TableStatus::kOk) << "byte " << at;
    ASSERT_EQ(table.copies(), found) << "byte " << at;
    ASSERT_EQ(table.Commit(), TableStatus::kOk) << "byte " << at;
    ASSERT_EQ(disk.bytes() == whole, true) << "byte " << at;
  }
}

constexpr std::uint64_t kLastSector = (test::kSmallDiskSectors - 1) * 512;
constexpr std::uint64_t kEntriesBytes = std::uint64_t{128} * kEntryBytes;

TEST(Gpt, EachByteOfThePrimaryHeaderCounts) {
  ExpectFlipsAreRepaired(512, 92, Copies::kPrimaryInvalid);
}
TEST(Gpt, EachByteOfTheBackupHeaderCounts) {
  ExpectFlipsAreRepaired(kLastSector, 92, Copies::kBackupDiffers);
}
TEST(Gpt, EachByteOfThePrimaryEntriesCounts) {
  ExpectFlipsAreRepaired(1024, 1024, Copies::kPrimaryInvalid);
  ExpectFlipsAreRepaired(1024 + kEntriesBytes - 64, 64, Copies::kPrimaryInvalid);
}
TEST(Gpt, EachByteOfTheBackupEntriesCounts) {
  ExpectFlipsAreRepaired(kLastSector - kEntriesBytes, 1024, Copies::kBackupDiffers);
  ExpectFlipsAreRepaired(kLastSector - 64, 64, Copies::kBackupDiffers);
}

TEST(Gpt, WithoutAValidCopyThereIsNoTable) {
  std::string bytes = SmallDisk(512);
  bytes[512 + 20] ^= 1;
  bytes[kLastSector + 20] ^= 1;
  EXPECT_THAT(SeenByUs(bytes, 512), IsEmpty());
  EXPECT_THAT(SeenByUs(std::string(1 << 16, '\0'), 512), IsEmpty());
  EXPECT_THAT(SeenByUs(std::string(1 << 16, '\xff'), 512), IsEmpty());
}

TEST(Gpt, ADiskThatWasCutShortHasNoTable) {
  std::string bytes = SmallDisk(512);
  bytes.resize(bytes.size() - 512);
  EXPECT_THAT(SeenByUs(bytes, 512), IsEmpty());
}

TEST(Gpt, ADiskWithAnOddSectorSizeOrNoRoomIsUnsupported) {
  const auto storage = std::make_unique<TableStorage>();
  for (const std::uint32_t sector_bytes : {256U, 513U, 768U, 8192U}) {
    MemoryDisk disk(std::string(std::size_t{100} * sector_bytes, '\0'), sector_bytes);
    TableTransaction table(disk, *storage);
    EXPECT_EQ(table.Load(), TableStatus::kUnsupportedGeometry) << sector_bytes;
  }
  MemoryDisk tiny(std::string(std::size_t{6} * 512, '\0'), 512);
  TableTransaction table(tiny, *storage);
  EXPECT_EQ(table.Load(), TableStatus::kUnsupportedGeometry);
}

// A header whose checksum is right and whose content lies.
struct Lie {
  const char* what;
  std::size_t at;
  std::uint64_t value;
  std::size_t size;
};

class LyingHeader : public ::testing::TestWithParam<Lie> {};

TEST_P(LyingHeader, IsNotBelieved) {
  const Geometry disk = {.sector_bytes = 512, .sector_count = test::kSmallDiskSectors};
  std::string sector = SmallDisk(512).substr(512, 512);
  GptHeader header;
  ASSERT_TRUE(DecodeHeader(Unsigned(sector), disk, kPrimaryHeaderLba, header));
  std::memcpy(sector.data() + GetParam().at, &GetParam().value, GetParam().size);
  SealHeader(sector);
  EXPECT_FALSE(DecodeHeader(Unsigned(sector), disk, kPrimaryHeaderLba, header));
}

INSTANTIATE_TEST_SUITE_P(
    Lies, LyingHeader,
    ::testing::Values(Lie{"HeaderTooSmall", 12, 91, 4}, Lie{"HeaderAboveSector", 12, 513, 4},
                      Lie{"HeaderHuge", 12, 0xffff'ffff, 4}, Lie{"AnotherPlace", 24, 2, 8},
                      Lie{"AlternateIsUsable", 32, 100, 8}, Lie{"AlternateIsSelf", 32, 1, 8},
                      Lie{"AlternateBeyondDisk", 32, 160, 8}, Lie{"AlternateHuge", 32, ~0ULL, 8},
                      Lie{"FirstUsableInEntries", 40, 33, 8},
                      Lie{"FirstUsableAboveLast", 40, 158, 8}, Lie{"LastUsableZero", 48, 0, 8},
                      Lie{"LastUsableIsLastSector", 48, 159, 8},
                      Lie{"LastUsableHuge", 48, ~0ULL, 8}, Lie{"EntriesOnHeader", 72, 1, 8},
                      Lie{"EntriesOnProtectiveMbr", 72, 0, 8},
                      Lie{"EntriesInUsableSectors", 72, 40, 8}, Lie{"EntriesHuge", 72, ~0ULL, 8},
                      Lie{"NoEntries", 80, 0, 4}, Lie{"TooManyEntries", 80, 257, 4},
                      Lie{"HugeNumberOfEntries", 80, 0xffff'ffff, 4},
                      Lie{"EntriesOfHalfSize", 84, 64, 4}, Lie{"EntriesOfDoubleSize", 84, 256, 4},
                      Lie{"EntriesOfNoSize", 84, 0, 4}),
    [](const auto& lie) { return std::string(lie.param.what); });

TEST(Gpt, ABackupThatDoesNotPointToThePrimaryIsNone) {
  const Geometry disk = {.sector_bytes = 512, .sector_count = test::kSmallDiskSectors};
  std::string sector = SmallDisk(512).substr(kLastSector, 512);
  GptHeader header;
  ASSERT_TRUE(DecodeHeader(Unsigned(sector), disk, test::kSmallDiskSectors - 1, header));
  PutAt<std::uint64_t>(sector, 32, 2);
  SealHeader(sector);
  EXPECT_FALSE(DecodeHeader(Unsigned(sector), disk, test::kSmallDiskSectors - 1, header));
}

// Whatever headers with right checksums say: what is accepted lies within the disk and its buffers
// (the sanitizers watch the latter), and a commit leaves the usable sectors alone.
TEST(Gpt, NoHeaderLeadsIntoUsableSectorsOrBeyondTheDisk) {
  const std::string whole = SmallDisk(512);
  const auto storage = std::make_unique<TableStorage>();
  std::mt19937_64 random(7);
  const auto odd_value = [&random]() -> std::uint64_t {
    switch (random() % 4) {
      case 0:
        return random() % 256;
      case 1:
        return test::kSmallDiskSectors - random() % 40;
      case 2:
        return ~std::uint64_t{0} - random() % 4;
      default:
        return random();
    }
  };
  int accepted = 0;
  for (int round = 0; round < 5'000; ++round) {
    MemoryDisk disk(whole, 512);
    const bool primary = random() % 2 == 0;
    const std::uint64_t at = primary ? 512 : kLastSector;
    if (!primary) disk.bytes()[512] = 'X';
    std::string sector = disk.bytes().substr(at, 512);
    for (std::uint64_t i = random() % 3 + 1; i > 0; --i)
      PutAt(sector, 24 + random() % 8 * 8, odd_value());
    if (random() % 8 == 0) PutAt(sector, 80, static_cast<std::uint32_t>(random() % 300));
    SealHeader(sector);
    disk.bytes().replace(at, 512, sector);

    TableTransaction table(disk, *storage);
    if (table.Load() != TableStatus::kOk) continue;
    ++accepted;
    const GptHeader header = table.header();
    (void)table.Commit(Rewrite::kAlways);  // may find no room
    for (const MemoryDisk::Event& event : disk.events()) {
      if (event.kind != MemoryDisk::Event::Kind::kWrite) continue;
      ASSERT_TRUE(event.lba < header.first_usable_lba || event.lba > header.last_usable_lba);
      ASSERT_NE(event.lba, 0U) << "the protective MBR";
    }
  }
  EXPECT_GT(accepted, 250);
}

TEST(Gpt, EntryKeepsItsNameWhenAttributesChange) {
  std::string entries(kEntryBytes, 'n');
  SetEntryAttributes(reinterpret_cast<std::uint8_t*>(entries.data()), 0, 0x0102030405060708);
  EXPECT_EQ(DecodeEntry(Unsigned(entries), 0).attributes, 0x0102030405060708U);
  EXPECT_EQ(entries.substr(48, 8), "\x08\x07\x06\x05\x04\x03\x02\x01");
  EXPECT_EQ(entries.substr(0, 48) + entries.substr(56), std::string(kEntryBytes - 8, 'n'));
}

}  // namespace
}  // namespace partitions
