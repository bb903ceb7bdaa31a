#include "partitions/gpt_transaction.h"

namespace partitions {
namespace {

bool Equal(const uint8_t* left, const uint8_t* right, size_t size) {
  for (size_t i = 0; i < size; ++i)
    if (left[i] != right[i]) return false;
  return true;
}

void Copy(uint8_t* to, const uint8_t* from, size_t size) {
  for (size_t i = 0; i < size; ++i) to[i] = from[i];
}

}  // namespace

TableStatus TableTransaction::Load() {
  disk_ = {.sector_bytes = device_.sector_bytes(), .sector_count = device_.sector_count()};
  if (!disk_.Supported()) return TableStatus::kUnsupportedGeometry;
  if (!ReadPrimary() && !ReadBackup()) return TableStatus::kNoTable;
  Copy(storage_.wanted_entries, storage_.entries, EntriesSectorsBytes());
  return TableStatus::kOk;
}

// One copy, valid by its own checksums; the entries' last sector is read whole.
bool TableTransaction::ReadCopy(uint64_t header_lba, uint8_t* header_sector, uint8_t* entries,
                                GptHeader& header) {
  return device_.Read(header_lba, 1, header_sector) == IoStatus::kDone &&
         DecodeHeader(header_sector, disk_, header_lba, header) &&
         device_.Read(header.entries_lba, disk_.SectorsOf(header.entries_bytes()), entries) ==
             IoStatus::kDone &&
         EntriesMatch(header, entries);
}

bool TableTransaction::ReadPrimary() {
  if (!ReadCopy(kPrimaryHeaderLba, storage_.header, storage_.entries, header_)) return false;
  primary_ = {.my_lba = kPrimaryHeaderLba,
              .alternate_lba = header_.alternate_lba,
              .entries_lba = header_.entries_lba};
  backup_ = {.my_lba = header_.alternate_lba, .alternate_lba = kPrimaryHeaderLba, .entries_lba = 0};

  GptHeader backup_header;
  // wanted_entries is free until Load() fills it.
  const bool backup_valid =
      ReadCopy(backup_.my_lba, storage_.scratch_header, storage_.wanted_entries, backup_header);
  copies_ = backup_valid && BackupEqualsPrimary() ? Copies::kAgree : Copies::kBackupDiffers;
  backup_.entries_lba = BackupEntriesLba(backup_valid ? &backup_header : nullptr);
  return true;
}

// The backup just read into scratch_header and wanted_entries must be the primary but for its
// place: put at the primary's place it must be the primary.
bool TableTransaction::BackupEqualsPrimary() {
  PlaceHeader(storage_.scratch_header, primary_, storage_.wanted_entries);
  return Equal(storage_.header, storage_.scratch_header, header_.header_bytes) &&
         Equal(storage_.entries, storage_.wanted_entries, header_.entries_bytes());
}

// Where a valid backup has its entries they may stay, whichever tool put them there, provided that
// the primary, which counts, says so too. Otherwise right before the header (UEFI 5.3.1).
uint64_t TableTransaction::BackupEntriesLba(const GptHeader* valid_backup) const {
  if (valid_backup != nullptr && valid_backup->entry_count == header_.entry_count &&
      valid_backup->entries_lba > header_.last_usable_lba)
    return valid_backup->entries_lba;
  const uint32_t entries_sectors = disk_.SectorsOf(header_.entries_bytes());
  const bool room = backup_.my_lba - header_.last_usable_lba > entries_sectors;
  return room ? backup_.my_lba - entries_sectors : 0;
}

// The primary is lost, and with it the address of the backup: UEFI 5.3.2 has it in the last sector.
bool TableTransaction::ReadBackup() {
  const uint64_t last_lba = disk_.sector_count - 1;
  if (!ReadCopy(last_lba, storage_.header, storage_.entries, header_)) return false;
  copies_ = Copies::kPrimaryInvalid;
  backup_ = {
      .my_lba = last_lba, .alternate_lba = kPrimaryHeaderLba, .entries_lba = header_.entries_lba};
  const uint64_t entries_lba = kPrimaryHeaderLba + 1;
  const bool room =
      entries_lba + disk_.SectorsOf(header_.entries_bytes()) <= header_.first_usable_lba;
  primary_ = {.my_lba = kPrimaryHeaderLba,
              .alternate_lba = last_lba,
              .entries_lba = room ? entries_lba : 0};
  return true;
}

TableStatus TableTransaction::Commit(Rewrite rewrite) {
  if (const TableStatus status = Repair(); status != TableStatus::kOk) return status;
  if (rewrite == Rewrite::kIfChanged && !Changed()) return TableStatus::kOk;
  // The primary stays valid and old until the backup is whole and on the medium.
  if (const TableStatus status = WriteCopy(backup_, storage_.wanted_entries);
      status != TableStatus::kOk)
    return status;
  if (const TableStatus status = WriteCopy(primary_, storage_.wanted_entries);
      status != TableStatus::kOk)
    return status;
  Copy(storage_.entries, storage_.wanted_entries, EntriesSectorsBytes());
  return TableStatus::kOk;
}

TableStatus TableTransaction::Repair() {
  if (copies_ == Copies::kAgree) return TableStatus::kOk;
  const Placement& place = copies_ == Copies::kBackupDiffers ? backup_ : primary_;
  const TableStatus status = WriteCopy(place, storage_.entries);
  if (status == TableStatus::kOk) copies_ = Copies::kAgree;
  return status;
}

// Entries, header and flush. Between the two no flush is needed: a copy is valid only when both are
// there, in whichever order they arrive.
TableStatus TableTransaction::WriteCopy(const Placement& place, const uint8_t* entries) {
  if (place.entries_lba == 0) return TableStatus::kNoRoom;
  Copy(storage_.scratch_header, storage_.header, disk_.sector_bytes);
  PlaceHeader(storage_.scratch_header, place, entries);
  const uint32_t entries_sectors = disk_.SectorsOf(header_.entries_bytes());
  if (device_.Write(place.entries_lba, entries_sectors, entries) != IoStatus::kDone ||
      device_.Write(place.my_lba, 1, storage_.scratch_header) != IoStatus::kDone)
    return TableStatus::kWriteFailed;
  return device_.Flush() == IoStatus::kDone ? TableStatus::kOk : TableStatus::kFlushFailed;
}

// What is read and written: the entries' last sector may hold more than entries.
size_t TableTransaction::EntriesSectorsBytes() const {
  return size_t{disk_.SectorsOf(header_.entries_bytes())} * disk_.sector_bytes;
}

bool TableTransaction::Changed() const {
  return !Equal(storage_.entries, storage_.wanted_entries, header_.entries_bytes());
}

}  // namespace partitions
