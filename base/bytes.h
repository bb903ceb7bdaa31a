// Raw bytes: views, owned buffers, and the two ways between bytes and text.
//
// Documents (JSON, PEM, TOML) are std::string; everything that is not text is Bytes, seen through a
// ByteView.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace base {

using ByteView = std::span<const std::byte>;
using Bytes = std::vector<std::byte>;

// The same memory, seen as bytes or as characters. No copy; the view lives as long as what it
// shows.
inline ByteView AsBytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}
inline std::string_view AsText(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Lower-case hexadecimal, two digits a byte.
std::string HexEncode(ByteView bytes);

// Exactly pairs of hexadecimal digits, either case; an empty text is no bytes. kMalformed
// otherwise.
Result<Bytes> HexDecode(std::string_view text);

}  // namespace base
