// URLs of targets, and names taken out of file URLs: no name changes the host, the scheme or the
// folder.
#include "tough/url.h"

#include <string>

#include "tests/fuzz/fuzz.h"
#include "tough/target_name.h"

namespace {

bool IsUrlPath(std::string_view path) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~/%";
  return path.find_first_not_of(kAllowed) == std::string_view::npos;
}

}  // namespace

void fuzz::Run(std::string_view input) {
  const std::string encoded = tough::PercentEncode(input);
  Check(IsUrlPath(encoded) && encoded.find('/') == std::string::npos, "encoded, it is one segment");
  Check(tough::PercentDecode(encoded).value() == input, "decoding is the inverse");

  const std::string base = "file:///srv/targets/";
  const base::Result<std::string> url = tough::TargetUrl(base, input);
  const bool good_name = tough::CheckTargetName(input).has_value();
  Check(url.has_value() || !good_name, "a good name has a URL");
  if (url.has_value()) {
    Check(url->starts_with(base) && IsUrlPath(std::string_view(*url).substr(base.size())),
          "a target's URL lies below the base");
    const base::Result<std::string> path = tough::PathOfFileUrl(*url);
    Check(!good_name || (path.has_value() && *path == "/srv/targets/" + std::string(input)),
          "and leads to the file of that name");
  }

  static_cast<void>(tough::PathOfFileUrl(base + std::string(input)));
  static_cast<void>(tough::SchemeOf(input));
  Check(tough::WithoutCredentials(input).size() <= input.size(), "nothing is added to a log");
  const bool redirected = tough::CheckRedirect("https://host/x", input).has_value();
  Check(!redirected || tough::SchemeOf(input).value() == tough::UrlScheme::kHttps,
        "nothing leads away from https");
}
