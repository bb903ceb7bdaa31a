// Digests over streams: SHA-256 and SHA-512 (FIPS 180-4), and XXH3-128 where only accidents have to
// be found.
//
// The digest of images is not a trust decision by itself (tough compares it with signed metadata),
// so it lives here, where the write path can use it without knowing of TUF.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace base {

enum class DigestAlgorithm : std::uint8_t {
  kSha256,
  kSha512,
  kXxh3,  // XXH3-128, not cryptographic: written against read-back bytes
};

// "sha256", "sha512", "xxh3".
std::string_view DigestName(DigestAlgorithm algorithm);

class Digest {
 public:
  explicit Digest(DigestAlgorithm algorithm);
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;
  ~Digest();

  void Update(ByteView bytes);
  // Ends the computation; the object is then only good for destruction or assignment.
  Bytes Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// In one go.
Bytes DigestOf(DigestAlgorithm algorithm, ByteView bytes);

}  // namespace base
