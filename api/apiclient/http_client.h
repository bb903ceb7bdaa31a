// One request over a Unix socket, HTTP/1.1, a connection each. Small, so that apiclient is one
// static file; it understands what a server may answer to a request that asks for the connection's
// end: a length, or a body until the end.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace api {

struct Reply {
  unsigned status = 0;
  std::string body;
};

// The error names the socket or the fault. kUsage: a method or URI with blanks or control
// characters, of which nothing is sent; kNotFound and kNetwork: no server there, or one that went
// away; kTooLarge: more than 16 MiB.
base::Result<Reply> SendRequest(const std::string& socket_path, std::string_view method,
                                std::string_view uri, std::string_view body);

// What has been read to the connection's end, in answer to `method`: to HEAD comes no body.
// kMalformed, kUnsupported.
base::Result<Reply> ParseReply(std::string_view method, std::string_view message);

// For a query: "a b" is "a%20b".
std::string EscapeQuery(std::string_view text);

}  // namespace api
