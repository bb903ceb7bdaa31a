#include "tough/url.h"

#include <fmt/format.h>

#include <cstddef>
#include <vector>

#include "base/bytes.h"

namespace tough {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

bool IsUnreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-' || c == '~';
}

std::vector<std::string_view> SplitSegments(std::string_view path) {
  std::vector<std::string_view> segments;
  for (;;) {
    const std::size_t slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool IsDotSegment(std::string_view segment) {
  return segment == "." || segment == "..";
}

std::string WithFinalSlash(std::string_view base_url) {
  std::string url(base_url);
  if (!url.ends_with('/')) url.push_back('/');
  return url;
}

// "HTTP://Host" as well: schemes are case-insensitive (RFC 3986 3.1).
bool HasPrefixIgnoringCase(std::string_view text, std::string_view lower_case_prefix) {
  if (text.size() < lower_case_prefix.size()) return false;
  for (std::size_t i = 0; i < lower_case_prefix.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != lower_case_prefix[i]) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string PercentEncode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (IsUnreserved(c)) {
      encoded.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded.push_back('%');
      encoded.push_back(kDigits[byte >> 4U]);
      encoded.push_back(kDigits[byte & 15U]);
    }
  }
  return encoded;
}

Result<std::string> PercentDecode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    if (text.size() - i < 3) {
      return Fail(ErrorCode::kMalformed, fmt::format("{}: ends inside a percent-encoding", text));
    }
    const base::Bytes byte = TRY_CONTEXT(base::HexDecode(text.substr(i + 1, 2)), text);
    decoded.append(base::AsText(byte));
    i += 2;
  }
  return decoded;
}

Result<UrlScheme> SchemeOf(std::string_view url) {
  if (HasPrefixIgnoringCase(url, "https://")) return UrlScheme::kHttps;
  if (HasPrefixIgnoringCase(url, "http://")) return UrlScheme::kHttp;
  if (HasPrefixIgnoringCase(url, "file://")) return UrlScheme::kFile;
  return Fail(ErrorCode::kUsage,
              fmt::format("{}: not an http, https or file URL", WithoutCredentials(url)));
}

std::string MetadataUrl(std::string_view base_url, std::string_view file_name) {
  return WithFinalSlash(base_url) + PercentEncode(file_name);
}

Result<std::string> TargetUrl(std::string_view base_url, std::string_view path) {
  std::string url = WithFinalSlash(base_url);
  std::string_view separator;
  for (const std::string_view segment : SplitSegments(path)) {
    if (IsDotSegment(segment)) {
      return Fail(ErrorCode::kMalformed,
                  fmt::format("target {}: a segment \"{}\" names another folder", path, segment));
    }
    url.append(separator).append(PercentEncode(segment));
    separator = "/";
  }
  return url;
}

Result<std::string> PathOfFileUrl(std::string_view url) {
  std::string_view rest = url.substr(std::string_view("file://").size());
  if (HasPrefixIgnoringCase(rest, "localhost/")) rest.remove_prefix(9);
  if (!rest.starts_with('/')) {
    return Fail(ErrorCode::kUsage, fmt::format("{}: a file URL is file:///PATH", url));
  }
  rest = rest.substr(0, rest.find_first_of("?#"));
  std::string path;
  for (const std::string_view segment : SplitSegments(rest.substr(1))) {
    const std::string name = TRY(PercentDecode(segment));
    const bool hidden_dots = IsDotSegment(name) && name != segment;
    if (hidden_dots || name.find_first_of(std::string_view("/\0", 2)) != std::string::npos) {
      return Fail(ErrorCode::kNotFound, fmt::format("{}: no file can have this name", url));
    }
    path.append("/").append(name);
  }
  return path;
}

Result<> CheckRedirect(std::string_view from, std::string_view to) {
  const bool to_https = HasPrefixIgnoringCase(to, "https://");
  const bool both_http =
      HasPrefixIgnoringCase(from, "http://") && HasPrefixIgnoringCase(to, "http://");
  if (to_https || both_http) return {};
  return Fail(ErrorCode::kNetwork, fmt::format("{}: redirect to {} refused",
                                               WithoutCredentials(from), WithoutCredentials(to)));
}

std::string WithoutCredentials(std::string_view url) {
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return std::string(url);
  const std::size_t authority = scheme_end + 3;
  const std::size_t authority_end = url.find_first_of("/?#", authority);
  const std::size_t at = url.substr(0, authority_end).rfind('@');
  if (at == std::string_view::npos || at < authority) return std::string(url);
  std::string shown(url.substr(0, authority));
  return shown.append(url.substr(at + 1));
}

}  // namespace tough
