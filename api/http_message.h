// A request and its answer, as the routes see them: whole, capped, and free of any HTTP library.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>

namespace api {

// Who is at the other end of the socket, as the kernel attests it (SO_PEERCRED, unix(7)): the
// process that connected.
struct Peer {
  pid_t pid = 0;  // 0: of another PID namespace
  uid_t uid = static_cast<uid_t>(-1);
  gid_t gid = static_cast<gid_t>(-1);
};

struct Request {
  std::string method;  // as sent: "GET", "POST", "PATCH"
  std::string path;    // as sent: not decoded, without the query
  std::map<std::string, std::string> query;
  std::string body;
  Peer peer;
};

struct Response {
  unsigned status = 200;
  std::string body = {};                    // empty for 204
  std::string content_type = "text/plain";  // of a body
  std::string allow = {};                   // with 405: the methods that there are
  // Called once the kernel has the whole answer, or the client is gone: what would keep the answer
  // from being sent. Does not throw.
  std::function<void()> then = {};
};

// Answers at once: nothing here may wait for a network or an action.
using Handler = std::function<Response(const Request&)>;

}  // namespace api
