// ImageJudge: the last stage of ImageWriter: judges what the device gave back: all of it by the
// signed SHA-256, or else each piece by the XXH3-128 that it had before it was written.
// The parts may come out of order.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "base/digest.h"
#include "base/result.h"
#include "partitions/image_pieces.h"

namespace partitions {

class ImageJudge {
 public:
  // Without `signed_sha256` the pieces carry digests. `path` is for messages.
  ImageJudge(std::string path, std::optional<base::Bytes> signed_sha256, BoundedQueue<ReadPart>& in,
             std::stop_token stop);

  // kMismatch where the device gives back other bytes. Ok also after a stop request.
  base::Result<> Run();

  // From any thread.
  std::uint64_t verified_bytes() const { return verified_bytes_; }

 private:
  base::Result<> Take(const ReadPart& part);
  base::Result<> Conclude();

  const std::string path_;
  const std::optional<base::Bytes> signed_sha256_;
  BoundedQueue<ReadPart>& in_;
  const std::stop_token stop_;

  base::Digest digest_;                      // of all, or of the piece
  std::map<std::uint64_t, ReadPart> early_;  // by offset, behind a part that is still to come
  std::atomic<std::uint64_t> verified_bytes_ = 0;
};

}  // namespace partitions
