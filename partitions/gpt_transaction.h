// A change of the partition table that a cut at any instant leaves old or new: the two copies of a
// GPT, kept in step.
//
//   Repair first: if the primary copy is valid and the backup is not equal to it, the primary is
//   written over the backup; if the primary is invalid, the backup is written over it. Flush.
//   Only then change: backup, flush, primary, flush.
//
// Why: a change may be cut, and the next one too. While one copy is being written the other one is
// always valid *and flushed*. Without the repair, a second cut after a first one finds both copies
// torn. (A cut within a copy leaves its checksums wrong, so a mixture is never taken for a table.)
// After any number of cuts the table reads as one of the versions that some transaction meant to
// write, whole: the primary if it is valid, else the backup.
// docs/decisions/0002-one-table-writer.md
//
// The order is here and nowhere else: firmware and system run this same code, and the tests cut it
// at every sector.
//
// Freestanding: the firmware's boot selector compiles this file too. One thread at a time, and one
// transaction at a time on a disk: the caller holds the disk's table lock.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "partitions/block_device.h"
#include "partitions/gpt.h"

namespace partitions {

enum class [[nodiscard]] TableStatus : uint8_t {
  kOk,
  kUnsupportedGeometry,  // sector size or number of sectors out of bounds
  kNoTable,              // neither copy is valid
  kNoRoom,               // the copy to be repaired has no place outside of the usable sectors
  kWriteFailed,
  kFlushFailed,
};

// Memory of a transaction, 72 KiB: in static storage or on the heap, never on firmware's stack.
struct TableStorage {
  uint8_t header[kMaxSectorBytes];
  uint8_t scratch_header[kMaxSectorBytes];
  uint8_t entries[kMaxEntriesBytes];         // as they are on the disk
  uint8_t wanted_entries[kMaxEntriesBytes];  // as they shall be
};

// What was found on the disk.
enum class Copies : uint8_t {
  kAgree,
  kBackupDiffers,   // the primary is valid; the backup is invalid or says something else
  kPrimaryInvalid,  // the backup is valid and what counts
};

enum class Rewrite : uint8_t { kIfChanged, kAlways };

class TableTransaction {
 public:
  // Both must outlive the transaction.
  TableTransaction(BlockDevice& device, TableStorage& storage)
      : device_(device), storage_(storage) {}
  TableTransaction(const TableTransaction&) = delete;
  TableTransaction& operator=(const TableTransaction&) = delete;

  // Reads both copies. Writes nothing. A sector that cannot be read makes its copy invalid. Unless
  // it is kOk, nothing else may be called.
  TableStatus Load();

  Copies copies() const { return copies_; }
  // Of the copy that counts.
  const GptHeader& header() const { return header_; }
  uint32_t entry_count() const { return header_.entry_count; }
  GptEntry entry(uint32_t index) const { return DecodeEntry(storage_.wanted_entries, index); }

  // Takes effect with Commit().
  void SetAttributes(uint32_t index, uint64_t attributes) {
    SetEntryAttributes(storage_.wanted_entries, index, attributes);
  }

  // Repairs, then writes what was changed. Nothing at all is written if both copies already say
  // what is wanted (unless kAlways). After a failure the disk holds the old or the new version, and
  // the transaction is good for destruction only.
  TableStatus Commit(Rewrite rewrite = Rewrite::kIfChanged);

 private:
  bool ReadCopy(uint64_t header_lba, uint8_t* header_sector, uint8_t* entries, GptHeader& header);
  bool ReadPrimary();
  bool ReadBackup();
  bool BackupEqualsPrimary();
  uint64_t BackupEntriesLba(const GptHeader* valid_backup) const;
  TableStatus Repair();
  TableStatus WriteCopy(const Placement& place, const uint8_t* entries);
  size_t EntriesSectorsBytes() const;
  bool Changed() const;

  BlockDevice& device_;
  TableStorage& storage_;
  Geometry disk_;
  GptHeader header_;
  Copies copies_ = Copies::kAgree;
  Placement primary_;  // entries_lba 0: there is no room
  Placement backup_;
};

}  // namespace partitions
