// The API as apiclient's verbs use it: requests that fail with the line that operators parse.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "api/apiclient/http_client.h"
#include "base/json.h"
#include "base/result.h"

namespace api {

// "Failed POST request to '/x': Status 423 when POSTing /x: Update lock held"; on one line,
// whatever the body holds.
std::string FailureLine(std::string_view method, std::string_view uri, const Reply& reply);
// "Failed GET request to '/x': /run/api.sock: No such file or directory"
std::string FailureLine(std::string_view method, std::string_view uri, const base::Error& error);

class Client {
 public:
  explicit Client(std::string socket_path) : socket_path_(std::move(socket_path)) {}

  // Whatever the server answers.
  base::Result<Reply> Send(std::string_view method, std::string_view uri,
                           std::string_view body = {}) const {
    return SendRequest(socket_path_, method, uri, body);
  }
  // The body of an answer of 2xx. Everything else is an error with a FailureLine: kState for 404
  // and 409, kBusy for 423, kNetwork where no server answers. kUsage as SendRequest().
  base::Result<std::string> Request(std::string_view method, std::string_view uri,
                                    std::string_view body = {}) const;
  base::Result<base::json::Value> GetJson(std::string_view uri) const;

 private:
  std::string socket_path_;
};

}  // namespace api
