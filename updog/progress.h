// What an update tells of its progress while it runs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace updog {

enum class Phase : std::uint8_t {
  kDownload,  // and, in step with it, everything else; counted in bytes of the download
  kWrite,     // the download is complete; counted in bytes of the image that were read back
};

struct Progress {
  Phase phase = Phase::kDownload;
  std::string_view image;  // "boot", "root", "hash"
  std::uint64_t done_bytes = 0;
  std::optional<std::uint64_t> total_bytes;
};

// Called often, from the thread that called the Updater; has to be cheap.
using ProgressCallback = std::function<void(const Progress&)>;

}  // namespace updog
