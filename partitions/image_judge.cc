#include "partitions/image_judge.h"

#include <fmt/format.h>

#include <utility>

namespace partitions {

using base::Digest;
using base::DigestAlgorithm;
using base::ErrorCode;
using base::Result;

ImageJudge::ImageJudge(std::string path, std::optional<base::Bytes> signed_sha256,
                       BoundedQueue<ReadPart>& in, std::stop_token stop)
    : path_(std::move(path)),
      signed_sha256_(std::move(signed_sha256)),
      in_(in),
      stop_(std::move(stop)),
      digest_(signed_sha256_ ? DigestAlgorithm::kSha256 : DigestAlgorithm::kXxh3) {}

Result<> ImageJudge::Run() {
  while (std::optional<ReadPart> part = in_.Pop()) {
    const std::uint64_t offset = part->offset;
    early_.emplace(offset, *std::move(part));
    for (auto first = early_.begin(); first != early_.end() && first->first == verified_bytes_;
         first = early_.erase(first)) {
      TRY(Take(first->second));
    }
  }
  if (stop_.stop_requested()) return {};
  return Conclude();
}

Result<> ImageJudge::Take(const ReadPart& part) {
  digest_.Update(part.bytes());
  verified_bytes_ += part.size;
  if (part.piece_digest.empty()) return {};
  const base::Bytes found = std::exchange(digest_, Digest(DigestAlgorithm::kXxh3)).Finish();
  if (found == part.piece_digest) return {};
  return base::Fail(ErrorCode::kMismatch,
                    fmt::format("{}: gives back other bytes than were written, in the piece before "
                                "byte {} of the partition",
                                path_, part.offset + part.size));
}

Result<> ImageJudge::Conclude() {
  if (!signed_sha256_) return {};
  const base::Bytes found = digest_.Finish();
  if (found == *signed_sha256_) return {};
  return base::Fail(ErrorCode::kMismatch,
                    fmt::format("{}: what was read back has the SHA-256 {}, the signed image {}",
                                path_, base::HexEncode(found), base::HexEncode(*signed_sha256_)));
}

}  // namespace partitions
