// The layout of our disks: which partition is what. By type GUID, in table order: the first of a
// type is set A's, the second is B's. Names and positions mean nothing.
//
// Freestanding: the firmware's boot selector compiles this file too. Pure functions, thread-safe.
#pragma once

#include <stdint.h>

#include "partitions/gpt.h"
#include "partitions/guid.h"
#include "partitions/slot_selection.h"

namespace partitions {

constexpr Guid kBootType = GuidOf("6b636168-7420-6568-2070-6c616e657421");
constexpr Guid kRootType = GuidOf("5526016a-1a97-4ea4-b39a-b7c8c6ca4502");
constexpr Guid kHashType = GuidOf("598f10af-c955-4456-6a99-7720068a6cea");
// One a disk: persistent data; carries the flag that a boot has ever succeeded.
constexpr Guid kPrivateType = GuidOf("440408bb-eb0b-4328-a6e5-a29038fad706");

// Partition numbers, counted from 1; 0: the disk has no such partition.
struct SetPartitions {
  uint32_t boot = 0;  // carries the boot flags
  uint32_t root = 0;
  uint32_t hash = 0;

  constexpr bool complete() const { return boot != 0 && root != 0 && hash != 0; }
  constexpr bool empty() const { return boot == 0 && root == 0 && hash == 0; }
  constexpr bool operator==(const SetPartitions&) const = default;
};

struct Layout {
  SetPartitions a;
  SetPartitions b;
  uint32_t private_data = 0;
  // The number of a partition that is one of a type too many: a third set's, or a second private
  // one. The selector does not care; whoever would write to such a disk should.
  uint32_t surplus = 0;

  constexpr const SetPartitions& set(Slot slot) const { return slot == Slot::kA ? a : b; }

  // To be called for each used entry in table order.
  constexpr void Add(const Guid& type, uint32_t number) {
    if (type == kBootType) AddTo(&SetPartitions::boot, number);
    if (type == kRootType) AddTo(&SetPartitions::root, number);
    if (type == kHashType) AddTo(&SetPartitions::hash, number);
    if (type == kPrivateType) Take(private_data, surplus, number);
  }

 private:
  constexpr void AddTo(uint32_t SetPartitions::* kind, uint32_t number) {
    if (a.*kind == 0)
      a.*kind = number;
    else
      Take(b.*kind, surplus, number);
  }

  static constexpr void Take(uint32_t& place, uint32_t& otherwise, uint32_t number) {
    (place == 0 ? place : otherwise) = number;
  }
};

}  // namespace partitions
