// What targets.json says of a file, found by reading the file.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "base/sink.h"

namespace tough {

struct TargetDescription {
  std::uint64_t length = 0;
  std::string sha256;  // lower-case hexadecimal
  // {"image": {"length", "hashes": {"sha256"}}} of what a .zst or .lz4 file decompresses to, so
  // that a host can refuse an image that does not fit before it writes, and compare what it wrote
  // with something signed. Empty for other files.
  base::json::Object custom;
};

// Reads the regular file once, in bounded memory. kMalformed if its name says that it is compressed
// and it does not decompress.
base::Result<TargetDescription> DescribeTarget(const std::string& path);

// Pushes the whole file into `sink`, without Finish().
base::Result<> PushFile(const std::string& path, base::ByteSink& sink);

// SHA-256 of a regular file, in lower-case hexadecimal.
base::Result<std::string> FileSha256(const std::string& path);

}  // namespace tough
