#include "tests/support/disk_image.h"

#include <fcntl.h>
#include <libfdisk/libfdisk.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string_view>
#include <vector>

namespace test {
namespace {

constexpr std::uint64_t kAlignment = 1 << 20;

constexpr const char* kEspType = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
constexpr const char* kBootType = "6b636168-7420-6568-2070-6c616e657421";
constexpr const char* kRootType = "5526016a-1a97-4ea4-b39a-b7c8c6ca4502";
constexpr const char* kHashType = "598f10af-c955-4456-6a99-7720068a6cea";
constexpr const char* kPrivateType = "440408bb-eb0b-4328-a6e5-a29038fad706";
constexpr const char* kDataType = "0FC63DAF-8483-4772-8E79-3D69D8477DE4";

// There is nothing to test on a disk that could not be made.
void Need(bool condition, std::string_view what) {
  if (condition) return;
  std::cerr << "disk image: " << what << '\n';
  std::abort();
}

struct FreeContext {
  // Not fdisk_deassign_device(), which flushes: a test's disk need not outlive a power cut.
  void operator()(fdisk_context* context) const { fdisk_unref_context(context); }
};
using Context = std::unique_ptr<fdisk_context, FreeContext>;

struct FreePartition {
  void operator()(fdisk_partition* partition) const { fdisk_unref_partition(partition); }
};
using Partition = std::unique_ptr<fdisk_partition, FreePartition>;

struct FreeType {
  void operator()(fdisk_parttype* type) const { fdisk_unref_parttype(type); }
};

enum class Access : std::uint8_t { kRead, kWrite };

Context Open(const std::string& path, std::uint32_t sector_bytes, Access access) {
  Context context(fdisk_new_context());
  Need(context != nullptr, "out of memory");
  fdisk_save_user_sector_size(context.get(), sector_bytes, sector_bytes);
  Need(fdisk_assign_device(context.get(), path.c_str(), access == Access::kRead ? 1 : 0) == 0,
       "libfdisk cannot open " + path);
  return context;
}

Partition Find(const Context& context, std::uint32_t number) {
  fdisk_partition* partition = nullptr;
  Need(fdisk_get_partition(context.get(), number - 1, &partition) == 0, "no such partition");
  return Partition(partition);
}

struct Wanted {
  const char* type;
  const char* name;
  std::uint64_t size_bytes;
};

std::vector<Wanted> WantedPartitions(const DiskImageOptions& options) {
  std::vector<Wanted> wanted = {{kEspType, "esp", options.esp_bytes},
                                {kBootType, "boot-a", options.boot_bytes},
                                {kRootType, "root-a", options.root_bytes},
                                {kHashType, "hash-a", options.hash_bytes},
                                {kPrivateType, "private", options.private_bytes},
                                {kDataType, "data", options.data_bytes}};
  if (options.sets == Sets::kTwo) {
    wanted.push_back({kBootType, "boot-b", options.boot_bytes});
    wanted.push_back({kRootType, "root-b", options.root_bytes});
    wanted.push_back({kHashType, "hash-b", options.hash_bytes});
  }
  return wanted;
}

std::uint64_t Aligned(std::uint64_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

std::uint64_t DiskSize(const std::vector<Wanted>& wanted) {
  std::uint64_t size_bytes = 2 * kAlignment;  // the tables, before and behind
  for (const Wanted& partition : wanted) size_bytes += Aligned(partition.size_bytes);
  return size_bytes;
}

void MakeFile(const std::string& path, std::uint64_t size_bytes, Fill fill) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  Need(fd >= 0 && ftruncate(fd, static_cast<off_t>(size_bytes)) == 0, "cannot make " + path);
  const std::string pattern(kAlignment, '\xcc');
  for (std::uint64_t at = 0; fill == Fill::kPattern && at < size_bytes; at += pattern.size())
    Need(pwrite(fd, pattern.data(), pattern.size(), static_cast<off_t>(at)) ==
             static_cast<ssize_t>(pattern.size()),
         "cannot fill " + path);
  close(fd);
}

void AddPartition(const Context& context, const Wanted& wanted, std::uint64_t start_bytes,
                  std::uint32_t sector_bytes) {
  // Not fdisk_label_get_parttype_from_string: it knows no type of ours, and answers nothing.
  const std::unique_ptr<fdisk_parttype, FreeType> type(
      fdisk_label_parse_parttype(fdisk_get_label(context.get(), nullptr), wanted.type));
  Need(type != nullptr, std::string("unknown partition type ") + wanted.type);
  const Partition partition(fdisk_new_partition());
  fdisk_partition_set_type(partition.get(), type.get());
  fdisk_partition_set_name(partition.get(), wanted.name);
  fdisk_partition_set_start(partition.get(), start_bytes / sector_bytes);
  fdisk_partition_set_size(partition.get(), wanted.size_bytes / sector_bytes);
  fdisk_partition_size_explicit(partition.get(), 1);
  fdisk_partition_partno_follow_default(partition.get(), 1);
  Need(fdisk_add_partition(context.get(), partition.get(), nullptr) == 0,
       std::string("cannot add partition ") + wanted.name);
}

}  // namespace

DiskImage DiskImage::Create(std::string path, const DiskImageOptions& options) {
  const std::vector<Wanted> wanted = WantedPartitions(options);
  DiskImage image(std::move(path), options.sector_bytes);
  image.size_bytes_ = DiskSize(wanted);
  MakeFile(image.path_, image.size_bytes_, options.fill);

  const Context context = Open(image.path_, options.sector_bytes, Access::kWrite);
  Need(fdisk_create_disklabel(context.get(), "gpt") == 0, "cannot make a GPT");
  std::uint64_t start_bytes = kAlignment;
  for (const Wanted& partition : wanted) {
    AddPartition(context, partition, start_bytes, options.sector_bytes);
    start_bytes += Aligned(partition.size_bytes);
  }
  Need(fdisk_gpt_set_partition_attrs(context.get(), kBootA - 1, kShippedAttributes) == 0,
       "cannot set the shipped flags");
  Need(fdisk_write_disklabel(context.get()) == 0, "cannot write the GPT");
  return image;
}

partitions::Extent DiskImage::extent(std::uint32_t number) const {
  const Context context = Open(path_, sector_bytes_, Access::kRead);
  const Partition partition = Find(context, number);
  return {.path = path_,
          .offset_bytes = fdisk_partition_get_start(partition.get()) * sector_bytes_,
          .size_bytes = fdisk_partition_get_size(partition.get()) * sector_bytes_};
}

std::uint64_t DiskImage::attributes(std::uint32_t number) const {
  const Context context = Open(path_, sector_bytes_, Access::kRead);
  std::uint64_t attributes = 0;
  Need(fdisk_gpt_get_partition_attrs(context.get(), number - 1, &attributes) == 0,
       "no such partition");
  return attributes;
}

void DiskImage::SetAttributes(std::uint32_t number, std::uint64_t attributes) const {
  const Context context = Open(path_, sector_bytes_, Access::kWrite);
  Need(fdisk_gpt_set_partition_attrs(context.get(), number - 1, attributes) == 0 &&
           fdisk_write_disklabel(context.get()) == 0,
       "cannot set attributes");
}

std::string DiskImage::Read() const {
  return Read({.path = path_, .offset_bytes = 0, .size_bytes = size_bytes_});
}

std::string DiskImage::Read(const partitions::Extent& extent) const {
  std::string bytes(extent.size_bytes, '\0');
  const int fd = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  Need(fd >= 0, "cannot open " + path_);
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = pread(fd, bytes.data() + done, bytes.size() - done,
                                static_cast<off_t>(extent.offset_bytes + done));
    Need(count > 0, path_ + " ends early");
    done += static_cast<std::size_t>(count);
  }
  close(fd);
  return bytes;
}

void DiskImage::Write(std::uint64_t offset, const std::string& bytes) const {
  const int fd = open(path_.c_str(), O_WRONLY | O_CLOEXEC);
  Need(fd >= 0 && pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)) ==
                      static_cast<ssize_t>(bytes.size()),
       "cannot write " + path_);
  close(fd);
}

}  // namespace test
