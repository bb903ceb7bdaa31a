#include "tough/target_description.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/decompress.h"
#include "base/digest.h"
#include "base/fd.h"

namespace tough {

using base::ErrorCode;
using base::Fail;
using base::Result;
using base::json::Object;
using base::json::Value;

namespace {

// Counts and hashes what passes.
class MeasuringSink final : public base::ByteSink {
 public:
  Result<> Write(base::ByteView bytes) override {
    length_ += bytes.size();
    digest_.Update(bytes);
    return {};
  }
  Result<> Finish() override {
    sha256_ = base::HexEncode(digest_.Finish());
    return {};
  }
  std::uint64_t length() const { return length_; }
  const std::string& sha256() const { return sha256_; }

 private:
  base::Digest digest_{base::DigestAlgorithm::kSha256};
  std::uint64_t length_ = 0;
  std::string sha256_;
};

// Into two sinks, one after the other.
class TeeSink final : public base::ByteSink {
 public:
  TeeSink(base::ByteSink& first, base::ByteSink& second) : first_(first), second_(second) {}
  Result<> Write(base::ByteView bytes) override {
    TRY(first_.Write(bytes));
    return second_.Write(bytes);
  }
  Result<> Finish() override {
    TRY(first_.Finish());
    return second_.Finish();
  }

 private:
  base::ByteSink& first_;
  base::ByteSink& second_;
};

Object ImageObject(const MeasuringSink& image) {
  Object hashes;
  hashes.Set("sha256", image.sha256());
  Object object;
  object.Set("length", Value::Unsigned(image.length()));
  object.Set("hashes", std::move(hashes));
  return object;
}

}  // namespace

Result<> PushFile(const std::string& path, base::ByteSink& sink) {
  // O_NONBLOCK: opening a FIFO must not wait for its writer.
  const base::UniqueFd file = TRY(base::OpenFile(path, O_RDONLY | O_NONBLOCK));
  struct stat status{};
  if (fstat(file.get(), &status) != 0) return base::FailErrno(errno, path);
  if (!S_ISREG(status.st_mode))
    return Fail(ErrorCode::kMismatch, fmt::format("{}: not a regular file", path));
  constexpr std::size_t kBufferBytes = 1 << 20;
  base::Bytes buffer(kBufferBytes);
  while (true) {
    const ssize_t got = read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::FailErrno(errno, path);
    if (got == 0) return {};
    TRY(sink.Write(std::span(buffer).first(static_cast<std::size_t>(got))));
  }
}

Result<std::string> FileSha256(const std::string& path) {
  MeasuringSink sink;
  TRY(PushFile(path, sink));
  TRY(sink.Finish());
  return sink.sha256();
}

Result<TargetDescription> DescribeTarget(const std::string& path) {
  const base::Compression compression = base::CompressionOf(path);
  MeasuringSink whole;
  MeasuringSink image;
  if (compression == base::Compression::kNone) {
    TRY(PushFile(path, whole));
    TRY(whole.Finish());
  } else {
    const auto decompress = TRY(base::DecompressingSink::Create(compression, image));
    TeeSink both(whole, *decompress);
    TRY_CONTEXT(PushFile(path, both), path);
    TRY_CONTEXT(both.Finish(), path);
  }
  TargetDescription description{whole.length(), whole.sha256(), {}};
  if (compression != base::Compression::kNone) description.custom.Set("image", ImageObject(image));
  return description;
}

}  // namespace tough
