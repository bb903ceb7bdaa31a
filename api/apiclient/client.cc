#include "api/apiclient/client.h"

#include <fmt/format.h>

#include "base/text.h"

namespace api {
namespace {

using base::ErrorCode;

std::string_view WithoutLineEnd(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

ErrorCode CodeOf(unsigned status) {
  if (status == 423) return ErrorCode::kBusy;
  if (status == 404 || status == 409) return ErrorCode::kState;
  return ErrorCode::kFailed;
}

}  // namespace

std::string FailureLine(std::string_view method, std::string_view uri, const Reply& reply) {
  return base::OneLine(fmt::format("Failed {} request to '{}': Status {} when {}ing {}: {}", method,
                                   uri, reply.status, method, uri, WithoutLineEnd(reply.body)));
}

std::string FailureLine(std::string_view method, std::string_view uri, const base::Error& error) {
  return base::OneLine(fmt::format("Failed {} request to '{}': {}", method, uri, error.message()));
}

base::Result<std::string> Client::Request(std::string_view method, std::string_view uri,
                                          std::string_view body) const {
  auto reply = Send(method, uri, body);
  if (!reply && reply.error().code() == ErrorCode::kUsage) return std::unexpected(reply.error());
  // Without the query: the transaction's name in it is nothing that was typed.
  const std::string_view path = uri.substr(0, uri.find('?'));
  if (!reply) return base::Fail(ErrorCode::kNetwork, FailureLine(method, path, reply.error()));
  if (reply->status / 100 == 2) return std::move(reply->body);
  return base::Fail(CodeOf(reply->status), FailureLine(method, path, *reply));
}

base::Result<base::json::Value> Client::GetJson(std::string_view uri) const {
  const std::string body = TRY(Request("GET", uri));
  return TRY_CONTEXT(base::json::Parse(body), uri);
}

}  // namespace api
