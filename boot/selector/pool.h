// Memory from the firmware's pool, freed at the end of the scope.
//
// Freestanding.
#pragma once

#include <stddef.h>

#include "boot/selector/efi.h"

namespace selector {

class Pool {
 public:
  explicit Pool(efi::BootServices& services) : services_(&services) {}
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() { Free(); }

  // False where the firmware has no memory left. What was held before is freed.
  [[nodiscard]] bool Allocate(size_t size_bytes) {
    Free();
    // An empty file is no reason for a null pointer.
    const size_t at_least_one = size_bytes > 0 ? size_bytes : 1;
    if (efi::IsError(
            services_->allocate_pool(efi::MemoryType::kLoaderData, at_least_one, &data_))) {
      data_ = nullptr;
      return false;
    }
    size_bytes_ = size_bytes;
    return true;
  }
  void Free() {
    if (data_ != nullptr) services_->free_pool(data_);
    data_ = nullptr;
    size_bytes_ = 0;
  }

  template <typename T = void>
  T* As() const {
    return static_cast<T*>(data_);
  }
  size_t size_bytes() const { return size_bytes_; }

 private:
  efi::BootServices* services_;
  void* data_ = nullptr;
  size_t size_bytes_ = 0;
};

}  // namespace selector
