// A partition table that anybody may have written. Input: flags, the two headers' fields, entries;
// out of them a disk is made. Whatever the table says, a transaction on it touches no sector of a
// partition, and leaves the old table or the new one, also when the disk fails half-way.
#include "partitions/gpt.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include "partitions/gpt_transaction.h"
#include "tests/fuzz/fuzz.h"

namespace {

using partitions::IoStatus;
using partitions::TableStatus;
using partitions::TableTransaction;

constexpr std::uint32_t kSectorBytes = 512;
constexpr std::uint64_t kSectors = 80;
constexpr std::uint64_t kLastLba = kSectors - 1;
constexpr std::uint64_t kEntriesSectors = 32;
constexpr std::size_t kHeaderBytes = 92;

// What the flags ask for: without right checksums nearly every input would end at them.
constexpr unsigned kSealPrimary = 1;
constexpr unsigned kSealBackup = 2;
constexpr unsigned kBackupEntriesDiffer = 4;
constexpr unsigned kCallsShift = 4;  // the disk fails after so many writes and flushes; 0: never

class Disk final : public partitions::BlockDevice {
 public:
  std::uint32_t sector_bytes() const override { return kSectorBytes; }
  std::uint64_t sector_count() const override { return kSectors; }
  IoStatus Read(std::uint64_t lba, std::uint32_t count, std::uint8_t* to) override {
    if (lba > kSectors || count > kSectors - lba) return IoStatus::kFailed;
    std::memcpy(to, Sector(lba), std::size_t{count} * kSectorBytes);
    return IoStatus::kDone;
  }
  IoStatus Write(std::uint64_t lba, std::uint32_t count, const std::uint8_t* from) override {
    fuzz::Check(lba <= kSectors && count <= kSectors - lba, "writes stay on the disk");
    if (Fails()) return IoStatus::kFailed;
    std::memcpy(Sector(lba), from, std::size_t{count} * kSectorBytes);
    return IoStatus::kDone;
  }
  IoStatus Flush() override { return Fails() ? IoStatus::kFailed : IoStatus::kDone; }

  std::uint8_t* Sector(std::uint64_t lba) {
    return reinterpret_cast<std::uint8_t*>(bytes_.data()) + lba * kSectorBytes;
  }
  std::string Part(std::uint64_t first_lba, std::uint64_t last_lba) const {
    return bytes_.substr(first_lba * kSectorBytes, (last_lba - first_lba + 1) * kSectorBytes);
  }
  // 0: never.
  void FailAfter(unsigned calls) { calls_left_ = calls; }

 private:
  bool Fails() {
    if (calls_left_ == 0) return false;
    --calls_left_;
    return calls_left_ == 0;
  }

  std::string bytes_ = std::string(kSectors * kSectorBytes, '\xcc');
  unsigned calls_left_ = 0;
};

template <typename Unsigned>
Unsigned Get(const std::uint8_t* at) {
  Unsigned value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

void Seal(Disk& disk, std::uint64_t lba) {
  std::uint8_t* header = disk.Sector(lba);
  const auto entries_lba = Get<std::uint64_t>(header + 72);
  const auto count = Get<std::uint32_t>(header + 80);
  const auto header_bytes = Get<std::uint32_t>(header + 12);
  if (entries_lba >= kSectors || count > partitions::kMaxEntries || header_bytes > kSectorBytes ||
      entries_lba + count / 4 > kSectors)
    return;
  const std::uint32_t entries_crc =
      partitions::Crc32(disk.Sector(entries_lba), std::size_t{count} * partitions::kEntryBytes);
  std::memcpy(header + 88, &entries_crc, sizeof entries_crc);
  std::memset(header + 16, 0, sizeof(std::uint32_t));
  const std::uint32_t header_crc = partitions::Crc32(header, header_bytes);
  std::memcpy(header + 16, &header_crc, sizeof header_crc);
}

std::string_view Take(std::string_view& input, std::size_t size) {
  const std::string_view part = input.substr(0, size);
  input.remove_prefix(part.size());
  return part;
}

void Lay(Disk& disk, std::uint64_t lba, std::string_view bytes) {
  std::memset(disk.Sector(lba), 0, kSectorBytes);
  std::memcpy(disk.Sector(lba), bytes.data(), bytes.size());
}

void LayEntries(Disk& disk, std::uint64_t lba, std::string_view bytes) {
  std::memset(disk.Sector(lba), 0, kEntriesSectors * kSectorBytes);
  std::memcpy(disk.Sector(lba), bytes.data(), bytes.size());
}

void MakeDisk(Disk& disk, unsigned flags, std::string_view input) {
  Lay(disk, partitions::kPrimaryHeaderLba, Take(input, kHeaderBytes));
  Lay(disk, kLastLba, Take(input, kHeaderBytes));
  const std::string_view entries = Take(input, kEntriesSectors * kSectorBytes);
  LayEntries(disk, partitions::kPrimaryHeaderLba + 1, entries);
  LayEntries(disk, kLastLba - kEntriesSectors, entries);
  if ((flags & kBackupEntriesDiffer) != 0) disk.Sector(kLastLba - kEntriesSectors)[48] ^= 1;
  if ((flags & kSealPrimary) != 0) Seal(disk, partitions::kPrimaryHeaderLba);
  if ((flags & kSealBackup) != 0) Seal(disk, kLastLba);
}

}  // namespace

void fuzz::Run(std::string_view input) {
  if (input.empty()) return;
  const auto flags = static_cast<unsigned char>(input.front());
  const auto disk = std::make_unique<Disk>();
  MakeDisk(*disk, flags, input.substr(1));

  const auto storage = std::make_unique<partitions::TableStorage>();
  TableTransaction table(*disk, *storage);
  if (table.Load() != TableStatus::kOk) return;
  const std::uint64_t first = table.header().first_usable_lba;
  const std::uint64_t last = table.header().last_usable_lba;
  Check(first <= last && last < kLastLba, "the usable sectors lie on the disk");
  for (std::uint32_t index = 0; index < table.entry_count(); ++index)
    static_cast<void>(table.entry(index).used());

  const std::string before = disk->Part(0, kLastLba);
  const std::string usable = disk->Part(first, last);
  const std::uint64_t old_attributes = table.entry(0).attributes;
  const std::uint64_t new_attributes = ~old_attributes;
  table.SetAttributes(0, new_attributes);
  disk->FailAfter(flags >> kCallsShift);
  const TableStatus status = table.Commit();
  disk->FailAfter(0);
  Check(disk->Part(first, last) == usable, "no sector of a partition is touched");
  Check(disk->Part(0, 0) == before.substr(0, kSectorBytes), "nor the protective record");
  Check(status != TableStatus::kNoRoom || disk->Part(0, kLastLba) == before,
        "a table without room is left alone");

  TableTransaction again(*disk, *storage);
  Check(again.Load() == TableStatus::kOk, "there is a table after it");
  const std::uint64_t attributes = again.entry(0).attributes;
  if (status == TableStatus::kOk) {
    Check(again.copies() == partitions::Copies::kAgree, "both copies agree");
    Check(attributes == new_attributes, "the change is on the disk");
  } else {
    Check(attributes == old_attributes || attributes == new_attributes, "it is the old or the new");
  }
}
