#include "base/zstd_frames.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <utility>

#include "base/decompress.h"

namespace base {
namespace {

// RFC 8878, 3.1.1.1.1: the bits of Frame_Header_Descriptor.
constexpr std::uint8_t kChecksumBit = 0x04;
constexpr std::uint8_t kReservedBit = 0x08;
constexpr std::uint8_t kSingleSegmentBit = 0x20;

bool SingleSegment(std::uint8_t descriptor) {
  return (descriptor & kSingleSegmentBit) != 0;
}

std::size_t WindowFieldSize(std::uint8_t descriptor) {
  return SingleSegment(descriptor) ? 0 : 1;
}

std::size_t DictionaryFieldSize(std::uint8_t descriptor) {
  constexpr std::array<std::size_t, 4> kSizes = {0, 1, 2, 4};
  return kSizes.at(descriptor & 3U);
}

std::size_t ContentFieldSize(std::uint8_t descriptor) {
  const std::size_t flag = descriptor >> 6U;
  if (flag == 0) return SingleSegment(descriptor) ? 1 : 0;
  return std::size_t{1} << flag;
}

// 3.1.1.1.2: an exponent of five bits, a mantissa of three.
std::uint64_t WindowBytes(std::uint64_t field) {
  const std::uint64_t base = std::uint64_t{1} << (10U + (field >> 3U));
  return base + base / 8 * (field & 7U);
}

Result<> CheckWindow(std::uint64_t window_bytes) {
  if (window_bytes <= kMaxZstdWindowBytes) return {};
  return Fail(ErrorCode::kUnsupported,
              fmt::format("the zstd frame needs a window of {} KiB, {} KiB are allowed: compress "
                          "it with --zstd=wlog=23 (and without --long)",
                          window_bytes / 1024, kMaxZstdWindowBytes / 1024));
}

}  // namespace

void ZstdFrameWalker::Expect(Part part, std::size_t size) {
  part_ = part;
  gathered_ = 0;
  needed_ = size;
}

// Little-endian.
std::uint64_t ZstdFrameWalker::Gathered(std::size_t from, std::size_t size) const {
  std::uint64_t value = 0;
  for (std::size_t i = size; i > 0; --i) {
    value = value << 8U | std::to_integer<std::uint64_t>(header_.at(from + i - 1));
  }
  return value;
}

Result<std::size_t> ZstdFrameWalker::Walk(ByteView bytes) {
  std::size_t walked = 0;
  while (walked < bytes.size()) {
    if (skip_bytes_ > 0) {
      const std::uint64_t skipped = std::min<std::uint64_t>(skip_bytes_, bytes.size() - walked);
      skip_bytes_ -= skipped;
      walked += skipped;
    } else {
      header_.at(gathered_++) = bytes[walked++];
      if (gathered_ == needed_) TRY(Enter());
    }
    if (AtBoundary()) break;
  }
  return walked;
}

Result<> ZstdFrameWalker::Enter() {
  switch (part_) {
    case Part::kMagic:
      return EnterMagic();
    case Part::kSkippableSize:
      frame_ = ZstdFrame{.skippable = true, .content_bytes = {}};
      skip_bytes_ = Gathered(0, 4);
      Expect(Part::kMagic, 4);
      return {};
    case Part::kDescriptor:
      return EnterDescriptor();
    case Part::kFields:
      return EnterFields();
    case Part::kBlockHeader:
      return EnterBlock();
  }
  return {};
}

Result<> ZstdFrameWalker::EnterMagic() {
  const std::uint64_t magic = Gathered(0, 4);
  frame_.reset();
  if ((magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START) {
    Expect(Part::kSkippableSize, 4);
  } else if (magic == ZSTD_MAGICNUMBER) {
    Expect(Part::kDescriptor, 1);
  } else {
    return Fail(ErrorCode::kMalformed, any_frame_ ? "bytes that are not zstd after the last frame"
                                                  : "not zstd: no frame at its beginning");
  }
  any_frame_ = true;
  return {};
}

Result<> ZstdFrameWalker::EnterDescriptor() {
  descriptor_ = std::to_integer<std::uint8_t>(header_[0]);
  if ((descriptor_ & kReservedBit) != 0) {
    return Fail(ErrorCode::kUnsupported, "zstd frame with a reserved bit set");
  }
  if (DictionaryFieldSize(descriptor_) != 0) {
    return Fail(ErrorCode::kUnsupported,
                "the zstd frame needs a dictionary: compress it without one");
  }
  // At least one: without a window field there is one of the content's size.
  Expect(Part::kFields, WindowFieldSize(descriptor_) + ContentFieldSize(descriptor_));
  return {};
}

Result<> ZstdFrameWalker::EnterFields() {
  const std::size_t window_size = WindowFieldSize(descriptor_);
  const std::size_t content_size = ContentFieldSize(descriptor_);
  ZstdFrame frame;
  if (content_size > 0) {
    // 3.1.1.1.4: two bytes count from 256.
    frame.content_bytes = Gathered(window_size, content_size) + (content_size == 2 ? 256 : 0);
  }
  TRY(CheckWindow(window_size > 0 ? WindowBytes(Gathered(0, 1)) : *frame.content_bytes));
  frame_ = frame;
  Expect(Part::kBlockHeader, 3);
  return {};
}

Result<> ZstdFrameWalker::EnterBlock() {
  enum : std::uint8_t { kRaw, kRle, kCompressed, kReserved };
  const std::uint64_t header = Gathered(0, 3);
  const bool last = (header & 1U) != 0;
  const std::uint64_t type = header >> 1U & 3U;
  if (type == kReserved) return Fail(ErrorCode::kMalformed, "corrupt zstd data: reserved block");
  skip_bytes_ = type == kRle ? 1 : header >> 3U;
  if (last) {
    if ((descriptor_ & kChecksumBit) != 0) skip_bytes_ += 4;
    Expect(Part::kMagic, 4);
  } else {
    Expect(Part::kBlockHeader, 3);
  }
  return {};
}

Result<> ZstdFrameWalker::Finish() const {
  if (!AtBoundary()) {
    return Fail(ErrorCode::kMalformed, "truncated: ends in the middle of a zstd frame");
  }
  if (!any_frame_) return Fail(ErrorCode::kMalformed, "empty: not one zstd frame");
  return {};
}

struct ZstdFrameDecoder::Context {
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  std::unique_ptr<ZSTD_DCtx, Free> zstd;
};

Result<ZstdFrameDecoder> ZstdFrameDecoder::Create() {
  auto context = std::make_unique<Context>();
  context->zstd.reset(ZSTD_createDCtx());
  if (!context->zstd) return Fail(ErrorCode::kFailed, "no memory for a zstd decoder");
  return ZstdFrameDecoder(std::move(context));
}

ZstdFrameDecoder::ZstdFrameDecoder(std::unique_ptr<Context> context)
    : context_(std::move(context)) {}
ZstdFrameDecoder::ZstdFrameDecoder(ZstdFrameDecoder&&) noexcept = default;
ZstdFrameDecoder& ZstdFrameDecoder::operator=(ZstdFrameDecoder&&) noexcept = default;
ZstdFrameDecoder::~ZstdFrameDecoder() = default;

Result<std::size_t> ZstdFrameDecoder::Decode(ByteView frame, std::span<std::byte> output) {
  const std::size_t size = ZSTD_decompressDCtx(context_->zstd.get(), output.data(), output.size(),
                                               frame.data(), frame.size());
  if (ZSTD_isError(size) == 0) return size;
  return Fail(ErrorCode::kMalformed, fmt::format("corrupt zstd data: {}", ZSTD_getErrorName(size)));
}

}  // namespace base
