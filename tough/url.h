// URLs: made from a base and a name so that no name, whatever it holds, can change the host, the
// scheme or the folder; and taken apart where we act on them ourselves. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tough {

// Every byte but A-Z a-z 0-9 _ . - ~ becomes %XX, '/' included.
std::string PercentEncode(std::string_view text);

// kMalformed where a '%' is not followed by two hexadecimal digits.
base::Result<std::string> PercentDecode(std::string_view text);

enum class UrlScheme : std::uint8_t { kHttp, kHttps, kFile };

// kUsage for anything but http://…, https://… and file://…, naming the URL.
base::Result<UrlScheme> SchemeOf(std::string_view url);

// `base_url` and the name of a metadata file ("2.root.json"), joined by exactly one '/'.
std::string MetadataUrl(std::string_view base_url, std::string_view file_name);

// `base_url` and a target's path, each of its segments encoded. "." and ".." are kMalformed: a
// server (and RFC 3986) would take them for other folders, encoded or not.
base::Result<std::string> TargetUrl(std::string_view base_url, std::string_view path);

// The path that a file URL names. kNotFound where a segment decodes to something that no file can
// be called ('/' or NUL in it, or an encoded ".."): there is no such file.
base::Result<std::string> PathOfFileUrl(std::string_view url);

// Whether a server at `from` may send us to `to`: http and https only, and never away from https,
// or a man in the middle would be let in by whoever can put up a redirect. kNetwork.
base::Result<> CheckRedirect(std::string_view from, std::string_view to);

// For messages and logs: the URL without "user:password@".
std::string WithoutCredentials(std::string_view url);

}  // namespace tough
