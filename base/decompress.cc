#include "base/decompress.h"

#include <fmt/format.h>
#include <lz4frame.h>
#include <zstd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>
#include <variant>

#include "base/zstd_frames.h"

namespace base {
namespace {

using Step = Decompressor::Step;

class RawCodec {
 public:
  static Result<Step> Decode(ByteView input, std::span<std::byte> output) {
    const std::size_t size = std::min(input.size(), output.size());
    if (size > 0) std::memcpy(output.data(), input.data(), size);
    return Step{.consumed = size, .produced = size};
  }
  static Result<> Finish() { return {}; }
};

class ZstdCodec {
 public:
  static Result<ZstdCodec> Create() {
    ZstdCodec codec;
    codec.stream_.reset(ZSTD_createDCtx());
    constexpr int kWindowLog = std::bit_width(kMaxZstdWindowBytes) - 1;
    if (!codec.stream_ || ZSTD_isError(ZSTD_DCtx_setParameter(
                              codec.stream_.get(), ZSTD_d_windowLogMax, kWindowLog)) != 0) {
      return Fail(ErrorCode::kFailed, "no memory for a zstd decoder");
    }
    return codec;
  }

  Result<Step> Decode(ByteView input, std::span<std::byte> output) {
    // The walker sees every byte before libzstd does, and each of them once: what the output had no
    // room for comes again. libzstd gets what the walker saw, which never is more than one frame.
    ZSTD_inBuffer in{.src = input.data(), .size = walked_ahead_, .pos = 0};
    ZSTD_outBuffer out{.dst = output.data(), .size = output.size(), .pos = 0};
    do {
      if (in.pos == in.size) in.size += TRY(walker_.Walk(input.subspan(in.size)));
      const std::size_t produced = out.pos;
      const std::size_t status = ZSTD_decompressStream(stream_.get(), &out, &in);
      if (ZSTD_isError(status) != 0) {
        return Fail(ErrorCode::kMalformed,
                    fmt::format("corrupt zstd data: {}", ZSTD_getErrorName(status)));
      }
      frame_bytes_ += out.pos - produced;
      if (status == 0) TRY(EndFrame());
    } while (in.pos < input.size() && out.pos < out.size);
    walked_ahead_ = in.size - in.pos;
    return Step{.consumed = in.pos, .produced = out.pos};
  }

  // libzstd flushes a frame's last bytes and checks its checksum while it consumes that frame's
  // end, so a walker at a boundary with all input consumed leaves nothing behind in libzstd.
  Result<> Finish() const { return walker_.Finish(); }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  // libzstd compares sizes as well, but in a stream not where the last block is empty.
  Result<> EndFrame() {
    const ZstdFrame* frame = walker_.frame();
    const std::uint64_t size = std::exchange(frame_bytes_, 0);
    if (frame == nullptr || frame->content_bytes.value_or(size) == size) return {};
    return Fail(ErrorCode::kMalformed,
                fmt::format("corrupt zstd data: a frame has {} bytes and says that it has {}", size,
                            *frame->content_bytes));
  }

  std::unique_ptr<ZSTD_DCtx, Free> stream_;
  ZstdFrameWalker walker_;
  std::size_t walked_ahead_ = 0;
  std::uint64_t frame_bytes_ = 0;  // of the current frame, decompressed
};

class Lz4Codec {
 public:
  static Result<Lz4Codec> Create() {
    Lz4Codec codec;
    LZ4F_dctx* context = nullptr;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) != 0) {
      return Fail(ErrorCode::kFailed, "no memory for an lz4 decoder");
    }
    codec.stream_.reset(context);
    return codec;
  }

  Result<Step> Decode(ByteView input, std::span<std::byte> output) {
    Step step;
    std::size_t consumed = 0;
    std::size_t produced = 0;
    do {
      consumed = input.size() - step.consumed;
      produced = output.size() - step.produced;
      const std::size_t status =
          LZ4F_decompress(stream_.get(), output.data() + step.produced, &produced,
                          input.data() + step.consumed, &consumed, nullptr);
      if (LZ4F_isError(status) != 0) return Refuse(status);
      if (consumed > 0) at_boundary_ = status == 0;
      any_frame_ = any_frame_ || at_boundary_;
      step.consumed += consumed;
      step.produced += produced;
    } while (step.consumed < input.size() && step.produced < output.size());
    return step;
  }

  Result<> Finish() const {
    if (!at_boundary_) {
      return Fail(ErrorCode::kMalformed, "truncated: ends in the middle of an lz4 frame");
    }
    if (!any_frame_) return Fail(ErrorCode::kMalformed, "empty: not one lz4 frame");
    return {};
  }

 private:
  std::unexpected<Error> Refuse(std::size_t status) const {
    const std::string_view name = LZ4F_getErrorName(status);
    // The code itself is not part of the library's stable interface.
    if (name != "ERROR_frameType_unknown") {
      return Fail(ErrorCode::kMalformed, fmt::format("corrupt lz4 data: {}", name));
    }
    return Fail(ErrorCode::kMalformed, any_frame_ ? "bytes that are not lz4 after the last frame"
                                                  : "not lz4: no frame at its beginning");
  }

  struct Free {
    void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
  };
  std::unique_ptr<LZ4F_dctx, Free> stream_;
  bool at_boundary_ = true;
  bool any_frame_ = false;
};

}  // namespace

class Decompressor::Codec {
 public:
  using Any = std::variant<RawCodec, ZstdCodec, Lz4Codec>;
  explicit Codec(Any codec) : any(std::move(codec)) {}
  Any any;
};

Compression CompressionOf(std::string_view file_name) {
  if (file_name.ends_with(".zst")) return Compression::kZstd;
  if (file_name.ends_with(".lz4")) return Compression::kLz4;
  return Compression::kNone;
}

Decompressor::Decompressor(std::unique_ptr<Codec> codec) : codec_(std::move(codec)) {}
Decompressor::Decompressor(Decompressor&&) noexcept = default;
Decompressor& Decompressor::operator=(Decompressor&&) noexcept = default;
Decompressor::~Decompressor() = default;

Result<Decompressor> Decompressor::Create(Compression compression) {
  Codec::Any codec;
  if (compression == Compression::kZstd) codec = TRY(ZstdCodec::Create());
  if (compression == Compression::kLz4) codec = TRY(Lz4Codec::Create());
  return Decompressor(std::make_unique<Codec>(std::move(codec)));
}

Result<Step> Decompressor::Decode(ByteView input, std::span<std::byte> output) {
  return std::visit([&](auto& codec) { return codec.Decode(input, output); }, codec_->any);
}

Result<> Decompressor::Finish() {
  return std::visit([](auto& codec) { return codec.Finish(); }, codec_->any);
}

DecompressingSink::DecompressingSink(Decompressor decompressor, ByteSink& out)
    : decompressor_(std::move(decompressor)), out_(out), buffer_(std::size_t{256} << 10U) {}

Result<std::unique_ptr<DecompressingSink>> DecompressingSink::Create(Compression compression,
                                                                     ByteSink& out) {
  Decompressor decompressor = TRY(Decompressor::Create(compression));
  return std::unique_ptr<DecompressingSink>(new DecompressingSink(std::move(decompressor), out));
}

Result<> DecompressingSink::Write(ByteView bytes) {
  Step step;
  do {
    step = TRY(decompressor_.Decode(bytes, buffer_));
    bytes = bytes.subspan(step.consumed);
    if (step.produced > 0) TRY(out_.Write(ByteView(buffer_).first(step.produced)));
  } while (step.produced == buffer_.size() || !bytes.empty());
  return {};
}

Result<> DecompressingSink::Finish() {
  TRY(decompressor_.Finish());
  return out_.Finish();
}

}  // namespace base
