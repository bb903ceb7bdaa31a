#include "partitions/gpt.h"

namespace partitions {
namespace {

// UEFI 2.10, table 5.5: offsets in the header.
constexpr size_t kHeaderBytesAt = 12;
constexpr size_t kHeaderCrc32At = 16;
constexpr size_t kMyLbaAt = 24;
constexpr size_t kAlternateLbaAt = 32;
constexpr size_t kFirstUsableLbaAt = 40;
constexpr size_t kLastUsableLbaAt = 48;
constexpr size_t kEntriesLbaAt = 72;
constexpr size_t kEntryCountAt = 80;
constexpr size_t kEntryBytesAt = 84;
constexpr size_t kEntriesCrc32At = 88;
constexpr uint32_t kMinHeaderBytes = 92;

// Table 5.6: offsets in an entry.
constexpr size_t kUniqueAt = 16;
constexpr size_t kFirstLbaAt = 32;
constexpr size_t kLastLbaAt = 40;
constexpr size_t kAttributesAt = 48;

// GPT is little-endian; bytes are put together one by one, since nothing promises alignment.
template <typename Unsigned>
Unsigned Get(const uint8_t* at) {
  Unsigned value = 0;
  for (size_t i = sizeof(Unsigned); i-- > 0;) value = static_cast<Unsigned>(value << 8 | at[i]);
  return value;
}

template <typename Unsigned>
void Put(uint8_t* at, Unsigned value) {
  for (size_t i = 0; i < sizeof(Unsigned); ++i) at[i] = static_cast<uint8_t>(value >> (8 * i));
}

Guid GetGuid(const uint8_t* at) {
  Guid guid;
  for (size_t i = 0; i < sizeof guid.bytes; ++i) guid.bytes[i] = at[i];
  return guid;
}

struct Crc32Table {
  uint32_t of[256] = {};

  consteval Crc32Table() {
    constexpr uint32_t kPolynomial = 0xedb88320;  // reflected
    for (uint32_t byte = 0; byte < 256; ++byte) {
      uint32_t crc = byte;
      for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? kPolynomial : 0);
      of[byte] = crc;
    }
  }
};
constexpr Crc32Table kCrc32Table;

uint32_t Crc32Step(uint32_t crc, uint8_t byte) {
  return crc >> 8 ^ kCrc32Table.of[(crc ^ byte) & 0xff];
}

// The header's checksum covers the header with its own field taken as zero.
uint32_t HeaderCrc32(const uint8_t* sector, uint32_t header_bytes) {
  uint32_t crc = UINT32_MAX;
  for (size_t i = 0; i < header_bytes; ++i) {
    const bool own_field = i >= kHeaderCrc32At && i < kHeaderCrc32At + sizeof(uint32_t);
    crc = Crc32Step(crc, own_field ? 0 : sector[i]);
  }
  return ~crc;
}

bool HasSignature(const uint8_t* sector) {
  constexpr char kSignature[] = "EFI PART";
  for (size_t i = 0; i < sizeof kSignature - 1; ++i)
    if (sector[i] != static_cast<uint8_t>(kSignature[i])) return false;
  return true;
}

// Whether the header's addresses can be true: entries and headers outside of the usable sectors, in
// the order in which UEFI 5.3.1 puts them. So a table written where they say overwrites nothing
// that belongs to a partition.
bool AddressesInBounds(const GptHeader& header, const Geometry& disk) {
  const uint64_t last_lba = disk.sector_count - 1;
  const uint32_t entries_sectors = disk.SectorsOf(header.entries_bytes());
  if (header.first_usable_lba > header.last_usable_lba || header.last_usable_lba >= last_lba)
    return false;
  // No sum below overflows: each address is known to be at most last_lba, which is far from 2^64.
  if (header.my_lba == kPrimaryHeaderLba)
    return header.alternate_lba > header.last_usable_lba && header.alternate_lba <= last_lba &&
           header.entries_lba > header.my_lba && header.entries_lba <= last_lba &&
           header.entries_lba + entries_sectors <= header.first_usable_lba;
  return header.alternate_lba == kPrimaryHeaderLba && header.my_lba <= last_lba &&
         header.entries_lba > header.last_usable_lba && header.entries_lba <= last_lba &&
         header.entries_lba + entries_sectors <= header.my_lba;
}

}  // namespace

uint32_t Crc32(const uint8_t* bytes, size_t size) {
  uint32_t crc = UINT32_MAX;
  for (size_t i = 0; i < size; ++i) crc = Crc32Step(crc, bytes[i]);
  return ~crc;
}

bool DecodeHeader(const uint8_t* sector, const Geometry& disk, uint64_t lba, GptHeader& header) {
  if (!HasSignature(sector)) return false;
  header.header_bytes = Get<uint32_t>(sector + kHeaderBytesAt);
  if (header.header_bytes < kMinHeaderBytes || header.header_bytes > disk.sector_bytes)
    return false;
  if (Get<uint32_t>(sector + kHeaderCrc32At) != HeaderCrc32(sector, header.header_bytes))
    return false;

  header.my_lba = Get<uint64_t>(sector + kMyLbaAt);
  header.alternate_lba = Get<uint64_t>(sector + kAlternateLbaAt);
  header.first_usable_lba = Get<uint64_t>(sector + kFirstUsableLbaAt);
  header.last_usable_lba = Get<uint64_t>(sector + kLastUsableLbaAt);
  header.entries_lba = Get<uint64_t>(sector + kEntriesLbaAt);
  header.entry_count = Get<uint32_t>(sector + kEntryCountAt);
  header.entries_crc32 = Get<uint32_t>(sector + kEntriesCrc32At);
  if (Get<uint32_t>(sector + kEntryBytesAt) != kEntryBytes) return false;
  if (header.entry_count == 0 || header.entry_count > kMaxEntries) return false;
  return header.my_lba == lba && AddressesInBounds(header, disk);
}

bool EntriesMatch(const GptHeader& header, const uint8_t* entries) {
  return Crc32(entries, header.entries_bytes()) == header.entries_crc32;
}

void PlaceHeader(uint8_t* sector, const Placement& place, const uint8_t* entries) {
  Put(sector + kMyLbaAt, place.my_lba);
  Put(sector + kAlternateLbaAt, place.alternate_lba);
  Put(sector + kEntriesLbaAt, place.entries_lba);
  const size_t entries_bytes = size_t{Get<uint32_t>(sector + kEntryCountAt)} * kEntryBytes;
  Put(sector + kEntriesCrc32At, Crc32(entries, entries_bytes));
  Put(sector + kHeaderCrc32At, HeaderCrc32(sector, Get<uint32_t>(sector + kHeaderBytesAt)));
}

GptEntry DecodeEntry(const uint8_t* entries, uint32_t index) {
  const uint8_t* entry = entries + size_t{index} * kEntryBytes;
  return {.type = GetGuid(entry),
          .unique = GetGuid(entry + kUniqueAt),
          .first_lba = Get<uint64_t>(entry + kFirstLbaAt),
          .last_lba = Get<uint64_t>(entry + kLastLbaAt),
          .attributes = Get<uint64_t>(entry + kAttributesAt)};
}

void SetEntryAttributes(uint8_t* entries, uint32_t index, uint64_t attributes) {
  Put(entries + size_t{index} * kEntryBytes + kAttributesAt, attributes);
}

}  // namespace partitions
