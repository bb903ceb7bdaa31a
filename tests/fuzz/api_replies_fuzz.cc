// What a server answers, as apiclient reads it: whatever comes, it is one answer or a fault, on one
// line, and a status document that is understood is understood the same way again.
// Dictionary: http.dict
#include <algorithm>
#include <string>

#include "api/apiclient/client.h"
#include "api/apiclient/http_client.h"
#include "api/apiclient/status_text.h"
#include "api/update_status.h"
#include "tests/fuzz/fuzz.h"

namespace {

bool IsOneLine(std::string_view text) {
  return std::ranges::none_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void ReadDocument(const base::json::Value& document) {
  static_cast<void>(api::HistoryText(document));
  if (document.object() != nullptr) static_cast<void>(api::RunningText(*document.object()));

  const base::Result<api::UpdateStatus> status = api::DecodeStatus(document);
  if (!status.has_value()) return;
  static_cast<void>(api::StatusText(*status));
  const base::Result<api::UpdateStatus> again = api::DecodeStatus(api::EncodeStatus(*status));
  fuzz::Check(again.has_value() && *again == *status, "encoded and decoded it is the same");
}

}  // namespace

void fuzz::Run(std::string_view input) {
  const base::Result<api::Reply> reply = api::ParseReply("GET", input);
  if (!reply.has_value()) {
    Check(IsOneLine(api::FailureLine("GET", "/os", reply.error())), "a fault is told on one line");
    return;
  }
  Check(reply->status >= 200 && reply->status <= 999, "the status is of an answer");
  Check(input.find(reply->body) != std::string_view::npos, "the body was sent");
  Check(IsOneLine(api::FailureLine("GET", "/os", *reply)), "what operators parse is one line");
  const base::Result<base::json::Value> document = base::json::Parse(reply->body);
  if (document.has_value()) ReadDocument(*document);
}
