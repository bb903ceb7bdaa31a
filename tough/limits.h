// How much a repository may ask of us before it has proved anything: each bound with its default.
// KB and MB are powers of ten. Over a bound is kTooLarge, and the message names the bound.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tough {

struct Limits {
  // Bytes of a metadata file, where no parent lists its length.
  std::uint64_t root_bytes = 512'000;
  std::uint64_t timestamp_bytes = 64'000;
  std::uint64_t snapshot_bytes = 2'000'000;
  std::uint64_t targets_bytes = 5'000'000;
  // A length that a parent lists replaces those of snapshot and targets, but never beyond this: a
  // signed length is no licence to fill the memory (R41).
  std::uint64_t listed_bytes = 64'000'000;
  // New roots in one refresh (R24).
  std::uint32_t new_roots = 256;
  // Each signature costs a public-key operation, each key a decoded one; both per file.
  std::size_t signatures = 256;
  std::size_t keys = 1024;
  // Delegated roles that are asked for one target (R58).
  std::size_t delegated_roles = 32;
  // Names of targets, roles and metadata files, patterns of paths, and keyids.
  std::size_t name_bytes = 1024;
};

}  // namespace tough
