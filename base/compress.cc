#include "base/compress.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <zstd.h>

#include <algorithm>
#include <bit>
#include <memory>

#include "base/decompress.h"
#include "base/fd.h"
#include "base/file.h"

namespace base {
namespace {

constexpr std::uint64_t kMinFrameBytes = std::uint64_t{64} << 10U;
constexpr std::uint64_t kMaxFrameBytes = std::uint64_t{1} << 30U;
constexpr std::size_t kBufferBytes = std::size_t{1} << 20U;
// The highest level whose window libzstd itself keeps within kMaxZstdWindowBytes.
constexpr int kMaxLevelWithAllowedWindow = 19;

struct Free {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
using Context = std::unique_ptr<ZSTD_CCtx, Free>;

Result<> Check(std::size_t status) {
  if (ZSTD_isError(status) == 0) return {};
  return Fail(ErrorCode::kFailed, fmt::format("zstd: {}", ZSTD_getErrorName(status)));
}

Result<> CheckOptions(const CompressOptions& options) {
  if (options.level < kMinZstdLevel || options.level > kMaxZstdLevel) {
    return Fail(ErrorCode::kUsage, fmt::format("level {}: zstd has {} to {}", options.level,
                                               kMinZstdLevel, kMaxZstdLevel));
  }
  if (options.frame_bytes &&
      (*options.frame_bytes < kMinFrameBytes || *options.frame_bytes > kMaxFrameBytes)) {
    return Fail(ErrorCode::kUsage, fmt::format("frames of {} bytes: allowed are 64 KiB to 1 GiB",
                                               *options.frame_bytes));
  }
  return {};
}

Result<Context> MakeContext(int level) {
  Context context(ZSTD_createCCtx());
  if (!context) return Fail(ErrorCode::kFailed, "no memory for a zstd encoder");
  TRY(Check(ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level)));
  TRY(Check(ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1)));
  if (level > kMaxLevelWithAllowedWindow) {
    constexpr int kWindowLog = std::bit_width(kMaxZstdWindowBytes) - 1;
    TRY(Check(ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, kWindowLog)));
  }
  return context;
}

// A regular file, read from front to back in pieces.
struct Input {
  std::string path;
  UniqueFd fd;
  std::uint64_t size_bytes = 0;
  std::uint64_t offset = 0;

  Result<ByteView> Read(std::span<std::byte> buffer) {
    TRY(ReadExactlyAt(fd.get(), buffer, offset, path));
    offset += buffer.size();
    return buffer;
  }
};

Result<Input> OpenInput(const std::string& path) {
  Input input{.path = path, .fd = TRY(OpenFile(path, O_RDONLY | O_NOCTTY))};
  input.size_bytes = TRY(FileSize(input.fd.get(), path));
  return input;
}

Result<> CheckUnchanged(const Input& input) {
  if (TRY(FileSize(input.fd.get(), input.path)) == input.size_bytes) return {};
  return Fail(ErrorCode::kMismatch,
              fmt::format("{}: changed its size while it was compressed", input.path));
}

class Encoder {
 public:
  Encoder(Context context, Input& input, ByteSink& out)
      : context_(std::move(context)), input_(input), out_(out) {}

  // The input's next `size_bytes` as a frame of their own.
  Result<> WriteFrame(std::uint64_t size_bytes) {
    // Known in advance, the size stands in the frame's header.
    TRY(Check(ZSTD_CCtx_setPledgedSrcSize(context_.get(), size_bytes)));
    do {
      const std::size_t piece_bytes = std::min<std::uint64_t>(size_bytes, kBufferBytes);
      const ByteView piece = TRY(input_.Read(std::span(plain_).first(piece_bytes)));
      size_bytes -= piece_bytes;
      TRY(Encode(piece, size_bytes == 0 ? ZSTD_e_end : ZSTD_e_continue));
    } while (size_bytes > 0);
    return {};
  }

 private:
  Result<> Encode(ByteView bytes, ZSTD_EndDirective mode) {
    ZSTD_inBuffer in{.src = bytes.data(), .size = bytes.size(), .pos = 0};
    std::size_t left = 0;
    do {
      ZSTD_outBuffer out{.dst = packed_.data(), .size = packed_.size(), .pos = 0};
      left = ZSTD_compressStream2(context_.get(), &out, &in, mode);
      TRY(Check(left));
      TRY(out_.Write(ByteView(packed_).first(out.pos)));
    } while (in.pos < in.size || (mode == ZSTD_e_end && left > 0));
    return {};
  }

  Context context_;
  Input& input_;
  ByteSink& out_;
  Bytes plain_ = Bytes(kBufferBytes);
  Bytes packed_ = Bytes(kBufferBytes);
};

}  // namespace

Result<> CompressFile(const std::string& input, const std::string& output,
                      const CompressOptions& options) {
  TRY(CheckOptions(options));
  Input source = TRY(OpenInput(input));
  const auto out = TRY(FileSink::Create(output));
  Encoder encoder(TRY(MakeContext(options.level)), source, *out);
  const std::uint64_t frame_bytes = options.frame_bytes.value_or(source.size_bytes);
  do {  // at least one frame: an empty image is an empty frame
    TRY(encoder.WriteFrame(std::min(frame_bytes, source.size_bytes - source.offset)));
  } while (source.offset < source.size_bytes);
  TRY(CheckUnchanged(source));
  return out->Finish();
}

}  // namespace base
