// Disk images for tests: sparse GPT disks with our partitions, made by libfdisk alone and never by
// the code under test.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "partitions/extent.h"

namespace test {

enum class Sets : std::uint8_t { kOne, kTwo };
// kPattern: every byte outside the partition tables is 0xcc, so that stray writes show; the file is
// then not sparse.
enum class Fill : std::uint8_t { kSparse, kPattern };

struct DiskImageOptions {
  Sets sets = Sets::kTwo;
  Fill fill = Fill::kSparse;
  std::uint32_t sector_bytes = 512;  // or 4096
  std::uint64_t esp_bytes = 1 << 20;
  std::uint64_t boot_bytes = 1 << 20;
  std::uint64_t root_bytes = 4 << 20;
  std::uint64_t hash_bytes = 1 << 20;
  std::uint64_t private_bytes = 1 << 20;
  std::uint64_t data_bytes = 1 << 20;
};

// Partition numbers on the image: the order in which they stand in the table.
enum PartitionNumber : std::uint32_t {
  kEsp = 1,
  kBootA = 2,
  kRootA = 3,
  kHashA = 4,
  kPrivate = 5,
  kData = 6,
  kBootB = 7,  // from here on with Sets::kTwo only
  kRootB = 8,
  kHashB = 9,
};

// The flags that a disk is shipped with: set A has priority 1, tries 3, successful.
constexpr std::uint64_t kShippedAttributes =
    std::uint64_t{1} << 48 | std::uint64_t{3} << 52 | std::uint64_t{1} << 56;

// A made image. The file is its caller's: put it into a TempDir.
class DiskImage {
 public:
  // Makes `path`, which must not exist. Ends the test program with a message if a tool fails: there
  // is nothing to test then.
  static DiskImage Create(std::string path, const DiskImageOptions& options = {});

  const std::string& path() const { return path_; }
  std::uint32_t sector_bytes() const { return sector_bytes_; }
  std::uint64_t size_bytes() const { return size_bytes_; }
  // The partition's bounds in the file.
  partitions::Extent extent(std::uint32_t number) const;

  // Attributes as libfdisk sees them now, and set by libfdisk.
  std::uint64_t attributes(std::uint32_t number) const;
  void SetAttributes(std::uint32_t number, std::uint64_t attributes) const;

  // The file's bytes.
  std::string Read() const;
  std::string Read(const partitions::Extent& extent) const;
  void Write(std::uint64_t offset, const std::string& bytes) const;

 private:
  DiskImage(std::string path, std::uint32_t sector_bytes)
      : path_(std::move(path)), sector_bytes_(sector_bytes) {}

  std::string path_;
  std::uint32_t sector_bytes_;
  std::uint64_t size_bytes_ = 0;
};

}  // namespace test
