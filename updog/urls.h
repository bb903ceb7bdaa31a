// What a URL must be before it is taken from a person: one that can be used as it stands, so that
// what is mistyped is found when it is said and not at the next update. Pure functions.
//
// Refused, with kUsage and a line that quotes the URL without its user and password:
//   another scheme, no host, a host of characters that no name or address has, an open bracket,
//   a port that is not 1 to 65535, blanks, controls and what RFC 3986 has no place for
//   ("<>\^`{|}), and a '%' without two hexadecimal digits.
#pragma once

#include <string_view>

#include "base/result.h"

namespace updog {

// An https or http URL, or a file URL of an absolute path, to which the names of files can be
// appended: it has neither query nor fragment.
base::Result<> CheckBaseUrl(std::string_view url);

// An https or http URL. Empty is none, and the caller's to allow.
base::Result<> CheckProxyUrl(std::string_view url);

}  // namespace updog
