#include "partitions/image_writer.h"

#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <thread>
#include <utility>
#include <vector>

#include "partitions/block_arena.h"
#include "partitions/bounded_queue.h"
#include "partitions/extent_file.h"
#include "partitions/image_decoder.h"
#include "partitions/image_input.h"
#include "partitions/image_judge.h"
#include "partitions/image_pieces.h"
#include "partitions/outcome.h"
#include "partitions/piece_reader.h"
#include "partitions/piece_writer.h"

namespace partitions {
namespace {

using base::ErrorCode;
using base::Result;

constexpr std::size_t kMiB = std::size_t{1} << 20U;
// The memory of an update, together with the decoder's window (at most 8 MiB). A frame that is
// larger when compressed than an input block hardly needs a second decoder.
constexpr std::size_t kInputBlocks = 3;
constexpr std::size_t kInputBlockBytes = 2 * kMiB;
constexpr std::size_t kOutputBlocks = 4;
constexpr std::size_t kOutputBlockBytes = 4 * kMiB;
// Two are read while another one is hashed: one after the other they would be the slowest stage.
constexpr std::size_t kReadBlocks = 4;
constexpr std::size_t kReadBlockBytes = kMiB;
// Flushed parts that wait to be read back: with more, the end of the update would be a long read.
constexpr std::size_t kFlushedParts = 1;

constexpr std::chrono::milliseconds kProgressInterval{100};

Result<> CheckFits(const ImageWriterOptions& options) {
  if (!options.expected || options.expected->length_bytes <= options.where.size_bytes) return {};
  return base::Fail(
      ErrorCode::kNoSpace,
      fmt::format("{}: the image of {} bytes does not fit into the partition of {}",
                  options.where.path, options.expected->length_bytes, options.where.size_bytes));
}

ImageLimits LimitsOf(const ImageWriterOptions& options) {
  ImageLimits limits{.partition_bytes = options.where.size_bytes};
  if (options.expected) limits.signed_bytes = options.expected->length_bytes;
  return limits;
}

}  // namespace

// The stages, the queues between them, and their threads.
class ImageWriter::Pipeline {
 public:
  static Result<std::unique_ptr<Pipeline>> Create(ImageWriterOptions options);
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;
  ~Pipeline();

  Result<> Write(base::ByteView bytes);
  Result<> Finish();

 private:
  // What can fail to be made.
  struct Parts {
    std::unique_ptr<Outcome> outcome;
    ExtentFile file;
    base::Decompressor stream;
    std::unique_ptr<BlockArena> input_memory;
    std::unique_ptr<BlockArena> output_memory;
    std::unique_ptr<BlockArena> read_memory;
  };

  Pipeline(ImageWriterOptions options, Parts parts);
  void Start();
  template <typename Stage>
  void StartThread(Stage& stage);
  void ReportProgress() const;

  // The order matters: what is destroyed first stands last.
  const ImageWriterOptions options_;
  Parts parts_;
  BoundedQueue<Chunk> chunks_;
  BoundedQueue<Piece> pieces_;
  BoundedQueue<WrittenPieces> written_;
  BoundedQueue<ReadPart> read_;
  ImageInput input_;
  ImageDecoder decoder_;
  PieceWriter writer_;
  PieceReader reader_;
  ImageJudge judge_;
  std::vector<std::jthread> threads_;
};

Result<std::unique_ptr<ImageWriter::Pipeline>> ImageWriter::Pipeline::Create(
    ImageWriterOptions options) {
  auto outcome = std::make_unique<Outcome>();
  const std::stop_token stop = outcome->stop_token();
  Parts parts{
      .outcome = std::move(outcome),
      .file = TRY(ExtentFile::Open(options.where, options.before_disk_step)),
      .stream = TRY(base::Decompressor::Create(options.compression)),
      .input_memory =
          TRY(BlockArena::Create(BlockUse::kProcessor, kInputBlocks, kInputBlockBytes, stop)),
      .output_memory =
          TRY(BlockArena::Create(BlockUse::kDevice, kOutputBlocks, kOutputBlockBytes, stop)),
      .read_memory =
          TRY(BlockArena::Create(BlockUse::kDevice, kReadBlocks, kReadBlockBytes, stop))};
  std::unique_ptr<Pipeline> pipeline(new Pipeline(std::move(options), std::move(parts)));
  try {
    pipeline->Start();
  } catch (const std::exception& exception) {
    return base::Fail(ErrorCode::kFailed,
                      fmt::format("no threads to write an image with: {}", exception.what()));
  }
  return pipeline;
}

ImageWriter::Pipeline::Pipeline(ImageWriterOptions options, Parts parts)
    : options_(std::move(options)),
      parts_(std::move(parts)),
      chunks_(kInputBlocks, parts_.outcome->stop_token()),
      pieces_(kOutputBlocks, parts_.outcome->stop_token()),
      written_(kFlushedParts, parts_.outcome->stop_token()),
      read_(kReadBlocks, parts_.outcome->stop_token()),
      input_(options_.compression, kOutputBlockBytes, *parts_.input_memory, chunks_),
      decoder_(options_.compression, std::move(parts_.stream), LimitsOf(options_),
               options_.expected ? PieceDigests::kNone : PieceDigests::kXxh3,
               {.in = chunks_,
                .arena = *parts_.output_memory,
                .out = pieces_,
                .stop = parts_.outcome->stop_token()}),
      writer_(options_.flush_bytes, pieces_, parts_.file, written_, parts_.outcome->stop_token()),
      reader_(written_, *parts_.read_memory, parts_.file, read_, parts_.outcome->stop_token()),
      judge_(options_.where.path,
             options_.expected ? std::optional(options_.expected->sha256) : std::nullopt, read_,
             parts_.outcome->stop_token()) {}

ImageWriter::Pipeline::~Pipeline() {
  parts_.outcome->Stop();  // threads_ then joins
}

void ImageWriter::Pipeline::Start() {
  for (int i = 0; i < ImageDecoder::kThreads; ++i) StartThread(decoder_);
  StartThread(writer_);
  for (int i = 0; i < PieceReader::kThreads; ++i) StartThread(reader_);
  StartThread(judge_);
}

template <typename Stage>
void ImageWriter::Pipeline::StartThread(Stage& stage) {
  threads_.emplace_back([this, &stage] {
    Outcome& outcome = *parts_.outcome;
    try {
      outcome.Note(stage.Run());
    } catch (const std::exception& exception) {  // memory
      outcome.Note(base::Fail(ErrorCode::kFailed,
                              fmt::format("{}: {}", options_.where.path, exception.what())));
    }
    if constexpr (std::is_same_v<Stage, ImageJudge>) outcome.Complete();
  });
}

Result<> ImageWriter::Pipeline::Write(base::ByteView bytes) {
  parts_.outcome->Note(input_.Write(bytes));
  ReportProgress();
  return parts_.outcome->Get();
}

Result<> ImageWriter::Pipeline::Finish() {
  parts_.outcome->Note(input_.Finish());
  while (!parts_.outcome->WaitFor(kProgressInterval)) ReportProgress();
  threads_.clear();
  ReportProgress();
  return parts_.outcome->Get();
}

void ImageWriter::Pipeline::ReportProgress() const {
  if (!options_.on_progress) return;
  options_.on_progress(
      {.written_bytes = writer_.written_bytes(), .verified_bytes = judge_.verified_bytes()});
}

Result<std::unique_ptr<ImageWriter>> ImageWriter::Create(ImageWriterOptions options) {
  TRY(CheckFits(options));
  auto pipeline = TRY(Pipeline::Create(std::move(options)));
  return std::unique_ptr<ImageWriter>(new ImageWriter(std::move(pipeline)));
}

ImageWriter::ImageWriter(std::unique_ptr<Pipeline> pipeline) : pipeline_(std::move(pipeline)) {}
ImageWriter::~ImageWriter() = default;

Result<> ImageWriter::Write(base::ByteView bytes) {
  return pipeline_->Write(bytes);
}

Result<> ImageWriter::Finish() {
  return pipeline_->Finish();
}

}  // namespace partitions
