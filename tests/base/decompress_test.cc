#include "base/decompress.h"

#include <lz4frame.h>
#include <zstd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/zstd_frames.h"
#include "tests/support/matchers.h"

namespace base {
namespace {

using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::IsOkAnd;

// Compresses, but not to nothing: words of a small generator, so that every run is the same.
std::string SomeText(std::size_t size) {
  std::string text;
  std::uint32_t state = 1;
  while (text.size() < size) {
    state = state * 1664525 + 1013904223;
    text += std::to_string(state >> 20U) + ' ';
  }
  text.resize(size);
  return text;
}

struct ZstdOptions {
  int window_log = 0;  // 0: the level's
  bool content_size = true;
};

std::string Zstd(const std::string& text, ZstdOptions options = {}) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, options.content_size ? 1 : 0);
  if (options.window_log != 0) {
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, options.window_log);
  }
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  ZSTD_outBuffer out{.dst = packed.data(), .size = packed.size(), .pos = 0};
  ZSTD_inBuffer in{.src = text.data(), .size = text.size(), .pos = 0};
  if (options.window_log != 0) {  // in two steps: the size is then not known in advance
    EXPECT_EQ(ZSTD_isError(ZSTD_compressStream2(context, &out, &in, ZSTD_e_flush)), 0U);
  }
  EXPECT_EQ(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end), 0U);
  ZSTD_freeCCtx(context);
  packed.resize(out.pos);
  return packed;
}

std::string Lz4(const std::string& text) {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
  preferences.frameInfo.blockChecksumFlag = LZ4F_blockChecksumEnabled;
  preferences.frameInfo.contentSize = text.size();
  std::string packed(LZ4F_compressFrameBound(text.size(), &preferences), '\0');
  const std::size_t size =
      LZ4F_compressFrame(packed.data(), packed.size(), text.data(), text.size(), &preferences);
  EXPECT_EQ(LZ4F_isError(size), 0U);
  packed.resize(size);
  return packed;
}

// zstd and lz4 share the form: magic, size (both little-endian), content.
std::string Skippable(const std::string& content) {
  std::string frame = "\x5a\x2a\x4d\x18";
  for (unsigned shift = 0; shift < 32; shift += 8) {
    frame += static_cast<char>(content.size() >> shift & 0xffU);
  }
  return frame + content;
}

struct Pieces {
  std::size_t input_size = 1U << 20U;
  std::size_t output_size = 1U << 16U;
};

constexpr std::byte kCanary{0xcc};

// Decodes as the header says: in pieces, and every output is followed by bytes that must not
// change.
Result<std::string> Decode(Compression compression, std::string_view packed, Pieces pieces = {}) {
  Decompressor decompressor = TRY(Decompressor::Create(compression));
  Bytes buffer(pieces.output_size + 64, kCanary);
  const std::span output = std::span(buffer).first(pieces.output_size);
  std::string text;
  while (!packed.empty()) {
    ByteView input = AsBytes(packed.substr(0, pieces.input_size));
    packed.remove_prefix(input.size());
    Decompressor::Step step;
    do {
      step = TRY(decompressor.Decode(input, output));
      input = input.subspan(step.consumed);
      text += AsText(output.first(step.produced));
      EXPECT_EQ(std::ranges::count(std::span(buffer).last(64), kCanary), 64);
    } while (step.produced == output.size() || !input.empty());
  }
  TRY(decompressor.Finish());
  return text;
}

std::string Pack(Compression compression, const std::string& text) {
  switch (compression) {
    case Compression::kNone:
      return text;
    case Compression::kZstd:
      return Zstd(text);
    case Compression::kLz4:
      return Lz4(text);
  }
  return {};
}

TEST(CompressionOf, FollowsTheNamesEnding) {
  EXPECT_EQ(CompressionOf("root.ext4.zst"), Compression::kZstd);
  EXPECT_EQ(CompressionOf("root.ext4.lz4"), Compression::kLz4);
  EXPECT_EQ(CompressionOf("root.ext4"), Compression::kNone);
  EXPECT_EQ(CompressionOf("zst"), Compression::kNone);
}

class EveryCompression : public testing::TestWithParam<Compression> {};
INSTANTIATE_TEST_SUITE_P(Decompressor, EveryCompression,
                         testing::Values(Compression::kNone, Compression::kZstd,
                                         Compression::kLz4));

TEST_P(EveryCompression, DecodesInPiecesOfAnySize) {
  const std::string text = SomeText(300'000);
  const std::string packed = Pack(GetParam(), text);
  for (const std::size_t input_size : {1U, 13U, 4096U, 1U << 20U}) {
    for (const std::size_t output_size : {1U, 777U, 4096U, 300'000U, 1U << 20U}) {
      EXPECT_THAT(Decode(GetParam(), packed, {input_size, output_size}), IsOkAnd(text))
          << input_size << " " << output_size;
    }
  }
}

TEST_P(EveryCompression, DecodesIntoASink) {
  const std::string text = SomeText(1'000'000);
  StringSink out("out", text.size());
  const auto sink = DecompressingSink::Create(GetParam(), out);
  ASSERT_THAT(sink, IsOk());
  ASSERT_THAT((*sink)->Write(AsBytes(Pack(GetParam(), text))), IsOk());
  ASSERT_THAT((*sink)->Finish(), IsOk());
  EXPECT_EQ(out.Take(), text);
}

class CompressedStream : public testing::TestWithParam<Compression> {};
INSTANTIATE_TEST_SUITE_P(Decompressor, CompressedStream,
                         testing::Values(Compression::kZstd, Compression::kLz4));

TEST_P(CompressedStream, MayBeSeveralFramesWithSkippableOnesAmongThem) {
  const std::string packed = Skippable("first") + Pack(GetParam(), "one ") + Skippable("") +
                             Pack(GetParam(), "") + Pack(GetParam(), "two") + Skippable("last");
  for (const std::size_t input_size : {1U, 5U, 1000U}) {
    EXPECT_THAT(Decode(GetParam(), packed, {.input_size = input_size}), IsOkAnd("one two"));
  }
}

TEST_P(CompressedStream, IsRefusedTruncatedAtAnyByte) {
  const std::string packed = Pack(GetParam(), SomeText(500)) + Skippable("abc");
  const std::size_t boundary = packed.size() - 11;
  for (std::size_t size = 1; size < packed.size(); ++size) {
    if (size == boundary) continue;
    EXPECT_THAT(Decode(GetParam(), packed.substr(0, size)), FailsSaying("truncated")) << size;
  }
}

TEST_P(CompressedStream, IsRefusedWithBytesBehindIt) {
  const std::string packed = Pack(GetParam(), "text");
  for (const std::string& behind : {std::string(100, '\0'), std::string("\n"), packed + "x"}) {
    for (const std::size_t input_size : {1U, 1000U}) {
      EXPECT_THAT(Decode(GetParam(), packed + behind, {.input_size = input_size}),
                  Fails(ErrorCode::kMalformed));
    }
  }
  EXPECT_THAT(Decode(GetParam(), packed + "something else"), FailsSaying("after the last frame"));
}

TEST_P(CompressedStream, IsRefusedIfItIsSomethingElseOrNothing) {
  EXPECT_THAT(Decode(GetParam(), "#!/bin/sh something"), FailsSaying("no frame at its beginning"));
  EXPECT_THAT(Decode(GetParam(), ""), FailsSaying("empty"));
}

// Flips of bits that mean nothing exist; a flip that yields another content unnoticed must not.
TEST_P(CompressedStream, NeverYieldsAnotherContentAfterAFlippedByte) {
  const std::string text = SomeText(2000);
  const std::string packed = Pack(GetParam(), text);
  for (std::size_t at = 0; at < packed.size(); ++at) {
    for (const char mask : {'\x01', '\x80', '\xff'}) {
      std::string wrong = packed;
      wrong[at] = static_cast<char>(wrong[at] ^ mask);
      const Result<std::string> decoded = Decode(GetParam(), wrong, {.input_size = 100});
      EXPECT_TRUE(!decoded || *decoded == text) << at;
    }
  }
}

TEST(ZstdDecompressor, AcceptsAWindowOfEightMebibytesAndNoMore) {
  const std::string text = SomeText(100);
  EXPECT_THAT(Decode(Compression::kZstd, Zstd(text, {.window_log = 23})), IsOkAnd(text));
  const std::string packed = Zstd(text, {.window_log = 24});
  EXPECT_THAT(Decode(Compression::kZstd, packed), Fails(ErrorCode::kUnsupported));
  EXPECT_THAT(Decode(Compression::kZstd, packed), FailsSaying("--zstd=wlog=23"));
}

TEST(ZstdDecompressor, RefusesAFrameThatNeedsADictionary) {
  // Descriptor: single segment, a dictionary's number in one byte.
  const std::string packed("\x28\xb5\x2f\xfd\x21\x07\x01\x01\x00\x00", 10);
  EXPECT_THAT(Decode(Compression::kZstd, packed), FailsSaying("dictionary"));
}

TEST(ZstdDecompressor, DecodesFramesThatDoNotSayTheirSize) {
  const std::string text = SomeText(1000);
  const std::string packed = Zstd(text, {.content_size = false});
  EXPECT_THAT(Decode(Compression::kZstd, packed + packed), IsOkAnd(text + text));
}

// libzstd does not compare where the last block is empty, unless it has the whole frame at once.
TEST(ZstdDecompressor, RefusesAFrameOfAnotherLengthThanItSays) {
  // Descriptor: single segment, the content's size in four bytes; then an empty last block.
  const std::string packed("\x28\xb5\x2f\xfd\xa0\x03\x00\x00\x00\x01\x00\x00", 12);
  const std::string next = Zstd(SomeText(1000));
  for (const std::size_t piece : {1U, 3U, 1000U}) {
    const Pieces pieces = {.input_size = piece};
    EXPECT_THAT(Decode(Compression::kZstd, packed, pieces), Fails(ErrorCode::kMalformed)) << piece;
    EXPECT_THAT(Decode(Compression::kZstd, packed + next, pieces), Fails(ErrorCode::kMalformed));
    EXPECT_THAT(Decode(Compression::kZstd, next + packed, pieces), Fails(ErrorCode::kMalformed));
    EXPECT_THAT(Decode(Compression::kZstd, next + next, pieces), IsOk());
  }
}

struct SeenFrame {
  std::size_t size;
  std::optional<std::uint64_t> content_bytes;
  bool skippable;
  bool operator==(const SeenFrame&) const = default;
};

std::vector<SeenFrame> WalkFrames(const std::string& stream, std::size_t piece_size) {
  std::vector<SeenFrame> frames;
  ZstdFrameWalker walker;
  std::size_t size = 0;
  for (std::size_t at = 0; at < stream.size();) {
    const auto walked =
        walker.Walk(AsBytes(stream).subspan(at).first(std::min(piece_size, stream.size() - at)));
    EXPECT_THAT(walked, IsOk());
    if (!walked) return frames;
    at += *walked;
    size += *walked;
    if (!walker.AtBoundary()) continue;
    frames.push_back({size, walker.frame()->content_bytes, walker.frame()->skippable});
    size = 0;
  }
  EXPECT_THAT(walker.Finish(), IsOk());
  return frames;
}

TEST(ZstdFrameWalker, FindsTheFramesWhateverThePieces) {
  const std::string sized = Zstd(SomeText(300'000));
  const std::string small = Zstd("x");
  const std::string unsized = Zstd(SomeText(1000), {.content_size = false});
  const std::vector<SeenFrame> frames = {{sized.size(), 300'000, false},
                                         {13, std::nullopt, true},
                                         {small.size(), 1, false},
                                         {unsized.size(), std::nullopt, false}};
  const std::string stream = sized + Skippable("abcde") + small + unsized;
  for (const std::size_t piece_size : {std::size_t{1}, std::size_t{7}, stream.size()}) {
    EXPECT_EQ(WalkFrames(stream, piece_size), frames) << piece_size;
  }
}

// 3.1.1.1.4 of RFC 8878: sizes of 0, 1, 2, 4 and 8 bytes, the one of two bytes counting from 256.
TEST(ZstdFrameWalker, ReadsContentSizesOfEveryWidth) {
  for (const std::size_t size : {0U, 255U, 256U, 257U, 65791U, 65792U, 100'000U}) {
    const std::string frame = Zstd(std::string(size, 'x'));
    EXPECT_EQ(WalkFrames(frame, 3), (std::vector<SeenFrame>{{frame.size(), size, false}}));
  }
}

TEST(ZstdFrameDecoder, RefusesAFrameThatDoesNotFit) {
  auto decoder = ZstdFrameDecoder::Create();
  ASSERT_THAT(decoder, IsOk());
  Bytes output(1000);
  EXPECT_THAT(decoder->Decode(AsBytes(Zstd(SomeText(1000))), output), IsOkAnd(1000U));
  EXPECT_THAT(decoder->Decode(AsBytes(Zstd(SomeText(1001))), output), Fails(ErrorCode::kMalformed));
}

}  // namespace
}  // namespace base
