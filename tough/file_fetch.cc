#include "tough/file_fetch.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <string>
#include <vector>

#include "base/fd.h"
#include "tough/url.h"

namespace tough {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

constexpr std::size_t kPieceBytes = 256UL * 1024;

// Up to a whole piece; empty at the end of the file.
Result<base::ByteView> ReadPiece(int fd, std::span<std::byte> buffer) {
  for (;;) {
    const ssize_t count = read(fd, buffer.data(), buffer.size());
    if (count >= 0) return buffer.first(static_cast<std::size_t>(count));
    if (errno != EINTR) return base::FailErrno(errno, "read");
  }
}

std::unexpected<base::Error> TooLarge(std::uint64_t max_bytes) {
  return Fail(ErrorCode::kTooLarge, fmt::format("more than the accepted {} bytes", max_bytes));
}

}  // namespace

Result<> FetchFile(const FetchRequest& request, base::ByteSink& out) {
  const std::string path = TRY(PathOfFileUrl(request.url));
  // O_NONBLOCK: a FIFO must not hold us for ever.
  const base::UniqueFd file = TRY(base::OpenFile(path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  struct stat status{};
  if (fstat(file.get(), &status) != 0) return base::FailErrno(errno, path);
  if (!S_ISREG(status.st_mode)) return Fail(ErrorCode::kMismatch, "not a regular file");
  if (static_cast<std::uint64_t>(status.st_size) > request.max_bytes) {
    return TooLarge(request.max_bytes);
  }
  // The size was a hint: the file may grow while it is read.
  std::vector<std::byte> buffer(kPieceBytes);
  for (std::uint64_t total = 0;;) {
    const base::ByteView piece = TRY(ReadPiece(file.get(), buffer));
    if (piece.empty()) return {};
    total += piece.size();
    if (total > request.max_bytes) return TooLarge(request.max_bytes);
    TRY(out.Write(piece));
  }
}

}  // namespace tough
