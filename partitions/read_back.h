// ReadBack: the last stage of ImageWriter: reads what was flushed back from the device, right
// behind the writer, and judges it: as a whole by the signed SHA-256, or else each piece by the
// XXH3-128 that it had before it was written.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <stop_token>

#include "base/digest.h"
#include "base/result.h"
#include "partitions/extent_file.h"
#include "partitions/image_pieces.h"

namespace partitions {

class ReadBack {
 public:
  // Without `signed_sha256` the pieces carry digests. Reads into blocks of `arena`.
  ReadBack(std::optional<base::Bytes> signed_sha256, BoundedQueue<WrittenPieces>& in,
           BlockArena& arena, ExtentFile& file, std::stop_token stop);

  // kMismatch where the device gives back other bytes. Ok also after a stop request.
  base::Result<> Run();

  // From any thread.
  std::uint64_t verified_bytes() const { return verified_bytes_; }

 private:
  base::Result<> Check(const WrittenPiece& piece);
  base::Result<> Read(const WrittenPiece& piece, base::Digest& digest);
  base::Result<> Conclude();

  const std::optional<base::Bytes> signed_sha256_;
  BoundedQueue<WrittenPieces>& in_;
  BlockArena& arena_;
  ExtentFile& file_;
  const std::stop_token stop_;

  base::Digest whole_{base::DigestAlgorithm::kSha256};
  std::atomic<std::uint64_t> verified_bytes_ = 0;
};

}  // namespace partitions
