// Decompression: the first byte chooses the format, the rest is a stream. However it is cut into
// pieces, the outcome is one, and memory stays bounded.
#include "base/decompress.h"

#include <optional>
#include <string>

#include "base/sink.h"
#include "tests/fuzz/fuzz.h"

namespace {

constexpr std::uint64_t kMaxOutputBytes = std::uint64_t{4} << 20;

// What the stream decompresses to, if it is valid and not too long.
std::optional<std::string> Decompress(base::Compression compression, std::string_view stream,
                                      std::size_t piece_bytes) {
  base::StringSink out("image", kMaxOutputBytes);
  const auto sink = base::DecompressingSink::Create(compression, out).value();
  for (std::size_t at = 0; at < stream.size(); at += piece_bytes) {
    if (!sink->Write(base::AsBytes(stream.substr(at, piece_bytes))).has_value())
      return std::nullopt;
  }
  if (!sink->Finish().has_value()) return std::nullopt;
  return out.Take();
}

}  // namespace

void fuzz::Run(std::string_view input) {
  if (input.empty()) return;
  const auto compression =
      (input.front() & 1) != 0 ? base::Compression::kZstd : base::Compression::kLz4;
  input.remove_prefix(1);
  const auto whole = Decompress(compression, input, input.size() + 1);
  Check(whole == Decompress(compression, input, 3), "pieces do not matter");
}
