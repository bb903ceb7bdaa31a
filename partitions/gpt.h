// The GUID partition table on disk: one copy of it (header sector and entries) decoded, checked and
// encoded, as UEFI 2.10, section 5.3 lays it out. gpt_transaction.h keeps the two copies in step.
//
// Every byte comes from a disk that anybody may have written: all sizes are bounded before they are
// used, and nothing is believed before its checksum is right. What is not understood is preserved:
// headers are changed in place and entries keep their names and foreign attribute bits.
//
// Freestanding: the firmware's boot selector compiles this file too. No heap, no state, small stack
// frames; callers bring the buffers. Thread-safe.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "partitions/guid.h"

namespace partitions {

constexpr uint32_t kMinSectorBytes = 512;
constexpr uint32_t kMaxSectorBytes = 4096;
// UEFI allows larger entries, but the Linux kernel and libfdisk take this size only; a table of
// another size could not be booted.
constexpr uint32_t kEntryBytes = 128;
// Twice what every partitioning tool makes.
constexpr uint32_t kMaxEntries = 256;
constexpr uint32_t kMaxEntriesBytes = kMaxEntries * kEntryBytes;
static_assert(kMaxEntriesBytes % kMaxSectorBytes == 0);

constexpr uint64_t kPrimaryHeaderLba = 1;

struct Geometry {
  uint32_t sector_bytes = 0;
  uint64_t sector_count = 0;

  // A power of two within the bounds above, and room for two tables of one entry at all.
  constexpr bool Supported() const {
    return sector_bytes >= kMinSectorBytes && sector_bytes <= kMaxSectorBytes &&
           (sector_bytes & (sector_bytes - 1)) == 0 && sector_count > 6 &&
           sector_count <= UINT64_MAX / sector_bytes;
  }
  constexpr uint32_t SectorsOf(uint32_t bytes) const {
    return (bytes + sector_bytes - 1) / sector_bytes;
  }
};

struct GptHeader {
  uint32_t header_bytes = 0;
  uint64_t my_lba = 0;
  uint64_t alternate_lba = 0;  // the other copy's header
  uint64_t first_usable_lba = 0;
  uint64_t last_usable_lba = 0;
  uint64_t entries_lba = 0;
  uint32_t entry_count = 0;
  uint32_t entries_crc32 = 0;

  uint32_t entries_bytes() const { return entry_count * kEntryBytes; }
};

struct GptEntry {
  Guid type;    // nil: the entry is unused
  Guid unique;  // the partition's own: PARTUUID
  uint64_t first_lba = 0;
  uint64_t last_lba = 0;  // inclusive
  uint64_t attributes = 0;

  bool used() const { return !type.nil(); }
};

// The checksum of UEFI, zlib and Ethernet.
uint32_t Crc32(const uint8_t* bytes, size_t size);

// Reads the header in `sector`, which was read from `lba`. True if it is one that may be trusted to
// lead to its entries (UEFI 5.3.2): signature, size, checksum, its own address, and every other
// address where it can be on this disk. A header at the primary's address is checked as the
// primary, any other as the backup.
[[nodiscard]] bool DecodeHeader(const uint8_t* sector, const Geometry& disk, uint64_t lba,
                                GptHeader& header);

// Whether `entries` (header.entries_bytes() of them) are those that the header vouches for.
[[nodiscard]] bool EntriesMatch(const GptHeader& header, const uint8_t* entries);

// Where one copy of the table is.
struct Placement {
  uint64_t my_lba = 0;
  uint64_t alternate_lba = 0;
  uint64_t entries_lba = 0;
};

// Turns a valid header of either copy into the header of the copy at `place`, for these entries:
// addresses and checksums, nothing else.
void PlaceHeader(uint8_t* sector, const Placement& place, const uint8_t* entries);

// `index` counts from 0 (partition numbers count from 1) and is below the header's entry_count.
GptEntry DecodeEntry(const uint8_t* entries, uint32_t index);
void SetEntryAttributes(uint8_t* entries, uint32_t index, uint64_t attributes);

}  // namespace partitions
