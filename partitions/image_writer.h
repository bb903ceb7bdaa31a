// ImageWriter: takes an image as it is downloaded, compressed or not, and leaves it in a partition.
//
// Finish() is Ok only if the partition provably holds the image: every frame was complete, the
// length is right, everything was flushed to the device, and what was then *read back from the
// device* is what was published. With an ExpectedImage that is the signed SHA-256 of the raw image,
// which covers decoder, memory, bus and device from end to end; without one, the XXH3-128 of each
// piece before it was written against that of the piece read back, which finds what the device did
// wrong.
//
// The work goes on in threads of its own (two decoders, a writer, two readers right behind the
// writer, and one that hashes) with bounded queues between them: about 30 MiB of memory, whatever
// the image's size. Write() waits while they are full. The first error of any of them stops all,
// and is what the next Write() or Finish() answers; destruction without Finish() stops and joins
// them and leaves nothing running.
//
// Nothing outside of the extent is ever written. What lies in the partition behind the image stays
// as it is: an image's file system, or its verity tree, knows its own length, and wiping the rest
// would cost the time and wear of a whole partition.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/decompress.h"
#include "base/result.h"
#include "base/sink.h"
#include "partitions/extent.h"

namespace partitions {

// What signed metadata says of the raw (decompressed) image.
struct ExpectedImage {
  std::uint64_t length_bytes = 0;
  base::Bytes sha256;
};

struct ImageProgress {
  std::uint64_t written_bytes = 0;   // of the raw image, given to the device
  std::uint64_t verified_bytes = 0;  // read back and hashed
};

// A single access to the partition, as BeforeDiskStep sees it; the offset counts from the
// partition's start.
enum class DiskOperation : std::uint8_t { kWrite, kFlush, kRead };
struct DiskStep {
  DiskOperation operation;
  std::uint64_t offset_bytes;
  std::uint64_t size_bytes;
};

struct ImageWriterOptions {
  Extent where;
  base::Compression compression = base::Compression::kNone;
  // For an uncompressed target that is the target's own length and digest.
  std::optional<ExpectedImage> expected = {};
  // Called from Write() and Finish(), so in the caller's own thread; often, so it has to be cheap.
  std::function<void(const ImageProgress&)> on_progress = {};
  // How much is written before it is flushed and read back.
  std::uint64_t flush_bytes = std::uint64_t{64} << 20;
  // The tests' seam for failing, corrupting and recording disks: called before each access, from
  // the thread that makes it; an error counts as the disk's own. Programs leave it empty.
  std::function<base::Result<>(const DiskStep&)> before_disk_step = {};
};

class ImageWriter final : public base::ByteSink {
 public:
  // Opens the partition: a block device O_EXCL (kBusy while it is mounted or held by device
  // mapper), never with O_CREAT; a disk image as the file that it is. Nothing is written yet, and
  // an expected image that is longer than the partition is refused here (kNoSpace).
  static base::Result<std::unique_ptr<ImageWriter>> Create(ImageWriterOptions options);
  ~ImageWriter() override;

  // kMalformed: compressed bytes that do not decode. kNoSpace: the image is longer than the
  // partition. kMismatch: it is longer than its signed length, or another than was signed or
  // written came back from the device. Errors name the partition's path where it is to blame.
  base::Result<> Write(base::ByteView bytes) override;
  base::Result<> Finish() override;

  class Pipeline;  // private to image_writer.cc

 private:
  explicit ImageWriter(std::unique_ptr<Pipeline> pipeline);
  std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace partitions
