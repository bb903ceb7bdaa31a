#include "tough/verified_sink.h"

#include <fmt/format.h>

#include "base/bytes.h"

namespace tough {

using base::ErrorCode;
using base::Fail;
using base::Result;

namespace {

std::size_t DigitsOf(base::DigestAlgorithm algorithm) {
  return algorithm == base::DigestAlgorithm::kSha512 ? 128 : 64;
}

bool IsLowerCaseHex(const Hash& hash) {
  return hash.hex.size() == DigitsOf(hash.algorithm) &&
         hash.hex.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

VerifiedSink::VerifiedSink(std::string_view what, const TargetFile& listed, base::ByteSink& out)
    : what_(what), out_(out), listed_length_(listed.length) {
  for (const Hash& hash : listed.hashes) digests_.emplace_back(hash, base::Digest(hash.algorithm));
}

Result<std::unique_ptr<VerifiedSink>> VerifiedSink::Create(std::string_view what,
                                                           const TargetFile& listed,
                                                           base::ByteSink& out) {
  if (listed.hashes.empty()) {
    return Fail(ErrorCode::kUnsupported,
                fmt::format("target {}: no listed hash is of a known algorithm", what));
  }
  for (const Hash& hash : listed.hashes) {
    if (IsLowerCaseHex(hash)) continue;
    return Fail(ErrorCode::kMalformed,
                fmt::format("target {}: the listed {} is not {} lower-case hexadecimal digits",
                            what, base::DigestName(hash.algorithm), DigitsOf(hash.algorithm)));
  }
  return std::unique_ptr<VerifiedSink>(new VerifiedSink(what, listed, out));
}

Result<> VerifiedSink::Write(base::ByteView bytes) {
  if (bytes.size() > listed_length_ - length_) {
    return Fail(ErrorCode::kTooLarge,
                fmt::format("target {}: more than the listed {} bytes", what_, listed_length_));
  }
  length_ += bytes.size();
  for (auto& [hash, digest] : digests_) digest.Update(bytes);
  return out_.Write(bytes);
}

Result<> VerifiedSink::CheckLength() const {
  if (length_ == listed_length_) return {};
  return Fail(ErrorCode::kMismatch,
              fmt::format("target {}: {} bytes, listed are {}", what_, length_, listed_length_));
}

Result<> VerifiedSink::Finish() {
  TRY(CheckLength());
  for (auto& [hash, digest] : digests_) {
    const std::string hex = base::HexEncode(digest.Finish());
    if (hex != hash.hex) {
      return Fail(ErrorCode::kMismatch,
                  fmt::format("target {}: {} is {}, listed is {}", what_,
                              base::DigestName(hash.algorithm), hex, hash.hex));
    }
  }
  return out_.Finish();
}

}  // namespace tough
