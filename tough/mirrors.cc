#include "tough/mirrors.h"

#include <algorithm>
#include <optional>

#include "base/log.h"
#include "tough/url.h"

namespace tough {

using base::Error;
using base::ErrorCode;
using base::Result;

Result<> Mirrors::Ask(const std::function<Result<>(const std::string&)>& ask) {
  std::optional<Error> failure;
  for (const std::string& base_url : std::vector(base_urls_)) {  // a copy: the order may change
    Result<> answer = ask(base_url);
    if (answer) {
      answered_ = base_url;
      return {};
    }
    if (base_urls_.size() == 1) return answer;
    Error error = std::move(answer).error().WithContext("mirror " + WithoutCredentials(base_url));
    base::log::Info(error.message());
    const bool not_found = error.code() == ErrorCode::kNotFound;
    if (!not_found) AskLast(base_url);
    if (!failure || (not_found && failure->code() != ErrorCode::kNotFound))
      failure.emplace(std::move(error));
  }
  return std::unexpected(*std::move(failure));
}

void Mirrors::AskLast(const std::string& base_url) {
  const auto place = std::find(base_urls_.begin(), base_urls_.end(), base_url);
  if (place != base_urls_.end()) std::rotate(place, place + 1, base_urls_.end());
}

}  // namespace tough
