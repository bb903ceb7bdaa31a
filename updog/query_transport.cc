#include "updog/query_transport.h"

#include <fmt/format.h>

namespace updog {
namespace {

// RFC 3986, section 2.3: everything but the unreserved characters is escaped.
bool IsUnreserved(char c) {
  constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  return kUnreserved.find(c) != std::string_view::npos;
}

std::string PercentEncode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (IsUnreserved(c)) {
      encoded.push_back(c);
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace

QueryTransport::QueryTransport(tough::Transport& inner, std::string_view version,
                               std::uint32_t seed)
    : inner_(inner) {
  parameters_["version"] = version;
  parameters_["seed"] = fmt::format("{}", seed);
}

void QueryTransport::AnnounceUpdate(std::string_view target,
                                    const std::vector<std::string>& migrations) {
  parameters_["target"] = target;
  parameters_["migrations"] = fmt::format("{}", fmt::join(migrations, ","));
}

base::Result<> QueryTransport::Fetch(const tough::FetchRequest& request, base::ByteSink& out) {
  if (request.url.starts_with("file:")) return inner_.Fetch(request, out);
  tough::FetchRequest asked = request;
  char separator = request.url.find('?') == std::string::npos ? '?' : '&';
  for (const auto& [name, value] : parameters_) {
    asked.url += fmt::format("{}{}={}", separator, name, PercentEncode(value));
    separator = '&';
  }
  return inner_.Fetch(asked, out);
}

}  // namespace updog
