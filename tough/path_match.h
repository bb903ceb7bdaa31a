// Which delegations speak for a target path: globs, hash prefixes and hash bins. Pure functions
// over names that may be hostile; none recurses, and none goes back in what it has read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tough {

// Does `path` match the glob `pattern` (TUF 4.5, R63)? Both are split on '/', have to have equally
// many segments, and match segment by segment: '*' any run of characters, '?' any one, "[a-z_]" one
// of a set, "[!a-z_]" one outside of it; ']' right after the opening, and '-' at either end, stand
// for themselves, as does a '[' that nothing closes. A character is a code point of UTF-8. No
// wildcard matches a '/'; there is no escape, no brace and no "**".
// Time: linear in the path. Each of its characters costs one step for every 64 characters that the
// pattern has in that segment, 17 at most within Limits::name_bytes, whatever stars are in it.
bool MatchesPattern(std::string_view pattern, std::string_view path);

// The lower-case hexadecimal SHA-256 of the path's bytes: what path_hash_prefixes are prefixes of
// (R62).
std::string PathHash(std::string_view path);

// TAP 15: the name of the bin that `path` falls into. `bit_length` is 1 to 32; the bin's number is
// that many first bits of the path's SHA-256, in hexadecimal, as wide as the highest bin's (R66).
std::string BinName(std::string_view name_prefix, std::uint32_t bit_length, std::string_view path);
// The same of a number below 2^bit_length: for who makes the bins.
std::string BinName(std::string_view name_prefix, std::uint32_t bit_length, std::uint32_t number);

}  // namespace tough
