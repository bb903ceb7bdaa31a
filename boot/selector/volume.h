// The FAT file system of a boot partition, and the checked reading of its files.
//
// Freestanding.
#pragma once

#include "boot/selector/efi.h"
#include "boot/selector/outcome.h"
#include "boot/selector/pool.h"

namespace selector {

class Volume {
 public:
  explicit Volume(efi::BootServices& services) : services_(services), sums_(services) {}
  Volume(const Volume&) = delete;
  Volume& operator=(const Volume&) = delete;
  ~Volume() { Close(); }

  // Opens the file system of `partition`, starting the firmware's driver for it where the firmware
  // has not done so, and reads the file "sums".
  Outcome Open(efi::Handle partition);

  // The whole of a file of the top directory that has the size and the CRC-32 that "sums" says.
  Outcome Read(const char* name, Pool& content);

 private:
  static constexpr uint64_t kMaxSumsBytes = 4096;
  // A kernel or RAM disk above this is none.
  static constexpr uint64_t kMaxFileBytes = uint64_t{512} << 20;

  void Close();
  Outcome ReadUnchecked(const char* name, uint64_t max_bytes, Pool& content);
  Outcome ReadOpened(efi::File& file, const char* name, uint64_t max_bytes, Pool& content);

  efi::BootServices& services_;
  efi::File* root_ = nullptr;
  Pool sums_;
};

}  // namespace selector
