#include "api/apiclient/verbs.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

#include "base/exit_status.h"
#include "base/json.h"

namespace api {
namespace {

using base::json::Object;
using base::json::Style;
using base::json::Value;

// stdout is checked once, at the program's end.
void Print(const std::string& text) {
  (void)std::fputs(text.c_str(), stdout);
}

void PrintLine(std::FILE* stream, const std::string& line) {
  (void)std::fputs((line + "\n").c_str(), stream);
}

// Objects are merged member by member; everything else is replaced.
void Merge(Object& into, const Object& from) {
  for (const auto& member : from.members()) {
    Value* present = into.Find(member.name);
    if (present != nullptr && present->object() != nullptr && member.value.object() != nullptr) {
      Merge(*present->object(), *member.value.object());
    } else {
      into.Set(member.name, member.value);
    }
  }
}

std::string UriOf(const std::string& prefix) {
  return prefix.starts_with('/') ? prefix : "/?prefix=" + EscapeQuery(prefix);
}

// Stages, and commits what was staged; a transaction of its own, so that nothing of somebody else's
// comes along.
base::Result<int> Set(const Client& client, const std::string& uri, const std::string& body,
                      const std::string& transaction) {
  const std::string query = "?tx=" + EscapeQuery(transaction);
  TRY(client.Request("PATCH", uri + query, body));
  TRY(client.Request("POST", "/tx/commit_and_apply" + query));
  return base::kExitDone;
}

}  // namespace

base::Result<int> Raw(const Client& client, const RawRequest& request) {
  const auto reply = client.Send(request.method, request.uri, request.data);
  if (!reply && reply.error().code() == base::ErrorCode::kUsage) {
    return std::unexpected(reply.error());
  }
  if (!reply) {
    PrintLine(stderr, FailureLine(request.method, request.uri, reply.error()));
    return base::kExitFailed;
  }
  if (reply->status / 100 != 2) {
    PrintLine(stderr, FailureLine(request.method, request.uri, *reply));
    return base::kExitFailed;
  }
  if (request.verbose) PrintLine(stderr, fmt::format("{}", reply->status));
  if (!reply->body.empty()) PrintLine(stdout, reply->body);
  return base::kExitDone;
}

base::Result<int> Get(const Client& client, const std::vector<std::string>& prefixes) {
  Value merged{Object()};
  for (const std::string& prefix : prefixes) {
    const Value part = TRY(client.GetJson(UriOf(prefix)));
    if (part.object() == nullptr) {
      merged = part;
    } else if (merged.object() != nullptr) {
      Merge(*merged.object(), *part.object());
    }
  }
  Print(base::json::Serialize(merged, Style::kPretty));
  return base::kExitDone;
}

base::Result<int> SetPairs(const Client& client, const std::vector<std::string>& pairs,
                           const std::string& transaction) {
  const Value body = base::json::Array(pairs.begin(), pairs.end());
  return Set(client, "/settings/keypair", base::json::Serialize(body, Style::kCompact),
             transaction);
}

base::Result<int> SetDocument(const Client& client, const std::string& json,
                              const std::string& transaction) {
  return Set(client, "/settings", json, transaction);
}

base::Result<int> Reboot(const Client& client, Format format) {
  TRY(client.Request("POST", "/actions/reboot"));
  Print(format == Format::kJson ? "{\"rebooting\": true}\n" : "Rebooting\n");
  return base::kExitDone;
}

}  // namespace api
