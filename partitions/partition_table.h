// The partition table of a disk or disk image on Linux: read under the table lock, changed by one
// crash-safe transaction (gpt_transaction.h), and believed only where libfdisk agrees.
//
//   auto table = TRY(PartitionTable::Open("/dev/vda", Access::kChange));
//   table.SetAttributes(2, WithBootFlags(...));
//   TRY(table.Commit());
//
// The lock is held from Open to destruction, so what was read is what is changed. Nothing is
// written before Commit(). One thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "partitions/disk_lock.h"
#include "partitions/fdisk_reader.h"
#include "partitions/gpt_transaction.h"
#include "partitions/layout.h"

namespace partitions {

enum class Access : std::uint8_t {
  kRead,    // shared lock; the disk needs to be readable only
  kChange,  // exclusive lock
};

class PartitionTable {
 public:
  // Refuses what nobody should write to: a table that our codec and libfdisk read differently, and
  // partitions that overlap or leave the usable sectors.
  static base::Result<PartitionTable> Open(const std::string& disk, Access access,
                                           std::chrono::milliseconds patience = kTableLockPatience);
  PartitionTable(PartitionTable&&) noexcept;
  PartitionTable& operator=(PartitionTable&&) noexcept;
  ~PartitionTable();

  // The used partitions by number, as last read or set.
  const std::vector<Partition>& partitions() const;
  // Null if no used partition has the number.
  const Partition* Find(std::uint32_t number) const;
  Layout FindLayout() const;
  std::uint32_t sector_bytes() const;

  // Of a partition that is there; takes effect with Commit().
  void SetAttributes(std::uint32_t number, std::uint64_t attributes);

  // Repairs what a cut left, writes what was changed, reads both copies back from the medium, and
  // lets libfdisk read it too: Ok only if both see exactly what was meant. Nothing is written if
  // both copies already say it (unless kAlways). After an error the disk holds the old or the new
  // table, and this object is good for destruction only.
  base::Result<> Commit(Rewrite rewrite = Rewrite::kIfChanged);

 private:
  struct State;
  explicit PartitionTable(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace partitions
