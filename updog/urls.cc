#include "updog/urls.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

#include "base/text.h"
#include "tough/url.h"

namespace updog {
namespace {

constexpr std::string_view kFile = "file://";

std::unexpected<base::Error> Refuse(std::string_view url, std::string_view what) {
  const std::string shown = base::OneLine(tough::WithoutCredentials(url));
  return base::Fail(base::ErrorCode::kUsage, fmt::format("'{:.60}' {}", shown, what));
}

// What follows "https://" or "http://".
std::optional<std::string_view> WithoutHttpScheme(std::string_view url) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (url.starts_with(scheme)) return url.substr(scheme.size());
  }
  return std::nullopt;
}

base::Result<> CheckCharacters(std::string_view url) {
  if (base::HasControl(url)) return Refuse(url, "has a control character");
  if (url.find(' ') != std::string_view::npos) return Refuse(url, "has a space");
  const std::size_t place = url.find_first_of("\"<>\\^`{|}");
  if (place != std::string_view::npos) {
    return Refuse(url, fmt::format("has a {}, which no URL has; write %{:02X}", url[place],
                                   static_cast<unsigned>(url[place])));
  }
  if (!tough::PercentDecode(url)) {
    return Refuse(url, "has a '%' without two hexadecimal digits after it; write %25 for itself");
  }
  return {};
}

bool IsPort(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port > 0;
}

// Names as they are written in the domain name system, or in a language of people; IPv4 addresses.
bool IsHostName(std::string_view text) {
  if (text.starts_with('.') || text.find("..") != std::string_view::npos) return false;
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || static_cast<unsigned char>(c) >= 0x80;
  });
}

// Perhaps with the interface that it is reached by ("fe80::1%25eth0", RFC 6874).
bool IsIpv6Address(std::string_view text) {
  constexpr std::string_view kZone = "%25";
  const std::size_t zone = text.find(kZone);
  if (zone != std::string_view::npos && zone + kZone.size() == text.size()) return false;
  const std::string address(text.substr(0, zone));
  in6_addr parsed;
  return inet_pton(AF_INET6, address.c_str(), &parsed) == 1;
}

base::Result<> CheckPort(std::string_view url, std::string_view after_host) {
  if (after_host.empty()) return {};
  if (after_host[0] != ':') return Refuse(url, "has more than a port after the ] of its host");
  if (!IsPort(after_host.substr(1))) return Refuse(url, "has a port that is not 1 to 65535");
  return {};
}

// [USER[:PASSWORD]@]HOST[:PORT], or the same with an IPv6 address in brackets.
base::Result<> CheckAuthority(std::string_view url, std::string_view authority) {
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) authority.remove_prefix(at + 1);
  if (authority.starts_with('[')) {
    const std::size_t closed = authority.find(']');
    if (closed == std::string_view::npos) return Refuse(url, "has a [ without its ]");
    if (!IsIpv6Address(authority.substr(1, closed - 1))) {
      return Refuse(url, "has no IPv6 address between [ and ]");
    }
    return CheckPort(url, authority.substr(closed + 1));
  }
  const std::size_t colon = std::min(authority.find(':'), authority.size());
  const std::string_view host = authority.substr(0, colon);
  if (host.empty()) return Refuse(url, "has no host");
  if (!IsHostName(host)) return Refuse(url, "has a host that is neither a name nor an address");
  return CheckPort(url, authority.substr(colon));
}

base::Result<> CheckAfterHttpScheme(std::string_view url, std::string_view rest) {
  TRY(CheckCharacters(url));
  return CheckAuthority(url, rest.substr(0, rest.find_first_of("/?#")));
}

base::Result<> CheckFileUrl(std::string_view url) {
  TRY(CheckCharacters(url));
  const auto path = tough::PathOfFileUrl(url);
  if (path) return {};
  if (path.error().code() == base::ErrorCode::kNotFound) {
    return Refuse(url, "has a name that no file can have");
  }
  return Refuse(url, "has no absolute path; a file URL is file:///PATH");
}

}  // namespace

base::Result<> CheckBaseUrl(std::string_view url) {
  const std::optional<std::string_view> rest = WithoutHttpScheme(url);
  if (!rest && !url.starts_with(kFile)) return Refuse(url, "is not an https, http or file URL");
  TRY(rest ? CheckAfterHttpScheme(url, *rest) : CheckFileUrl(url));
  if (url.find_first_of("?#") != std::string_view::npos) {
    return Refuse(url, "has a query or a fragment; names of files are appended to it");
  }
  return {};
}

base::Result<> CheckProxyUrl(std::string_view url) {
  const std::optional<std::string_view> rest = WithoutHttpScheme(url);
  if (!rest) return Refuse(url, "is not an http or https URL");
  return CheckAfterHttpScheme(url, *rest);
}

}  // namespace updog
