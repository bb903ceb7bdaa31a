#include "partitions/read_back.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

namespace partitions {

using base::ErrorCode;
using base::Result;

ReadBack::ReadBack(std::optional<base::Bytes> signed_sha256, BoundedQueue<WrittenPieces>& in,
                   BlockArena& arena, ExtentFile& file, std::stop_token stop)
    : signed_sha256_(std::move(signed_sha256)),
      in_(in),
      arena_(arena),
      file_(file),
      stop_(std::move(stop)) {}

Result<> ReadBack::Run() {
  while (const std::optional<WrittenPieces> pieces = in_.Pop()) {
    for (const WrittenPiece& piece : *pieces) TRY(Check(piece));
  }
  if (stop_.stop_requested()) return {};
  return Conclude();
}

Result<> ReadBack::Check(const WrittenPiece& piece) {
  if (signed_sha256_) return Read(piece, whole_);
  base::Digest digest(base::DigestAlgorithm::kXxh3);
  TRY(Read(piece, digest));
  if (stop_.stop_requested() || digest.Finish() == piece.digest) return {};
  return base::Fail(ErrorCode::kMismatch,
                    fmt::format("{}: gives back other bytes than were written, among the {} at {} "
                                "of the partition",
                                file_.where().path, piece.size, piece.offset));
}

Result<> ReadBack::Read(const WrittenPiece& piece, base::Digest& digest) {
  const std::optional<BlockArena::Block> block = arena_.Take();
  if (!block) return {};
  for (std::uint64_t at = 0; at < piece.size && !stop_.stop_requested();) {
    const std::size_t size = std::min<std::uint64_t>(arena_.block_bytes(), piece.size - at);
    const std::span part(block->get(), size);
    TRY(file_.ReadAt(part, piece.offset + at));
    digest.Update(part);
    at += size;
    verified_bytes_ += size;
  }
  return {};
}

Result<> ReadBack::Conclude() {
  if (!signed_sha256_) return {};
  const base::Bytes found = whole_.Finish();
  if (found == *signed_sha256_) return {};
  return base::Fail(
      ErrorCode::kMismatch,
      fmt::format("{}: what was read back has the SHA-256 {}, the signed image {}",
                  file_.where().path, base::HexEncode(found), base::HexEncode(*signed_sha256_)));
}

}  // namespace partitions
