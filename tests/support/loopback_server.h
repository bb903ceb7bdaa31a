// One scriptable HTTP server on 127.0.0.1, at a port of its choosing, in threads of this process.
//
//   LoopbackServer server;
//   server.On("/metadata/timestamp.json", Answer(200, text));
//   server.On("/image", {CloseAfter(half), ServeFile(image)});  // one each, the last one stays
//   Fetch(server.Url("/image"));
//   EXPECT_THAT(server.Targets(), ElementsAre("/image", "/image"));
//
// A handler has the connection's raw bytes in its hands, so that a server can misbehave in every
// way. What no handler is set for is answered by 404. Thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace test {

struct RecordedRequest {
  std::string method;
  std::string target;                          // as sent, with its query
  std::map<std::string, std::string> headers;  // names in lower case

  // Empty where there is none.
  std::string Header(const std::string& name) const;
};

// The server's end of one connection.
class Connection {
 public:
  virtual ~Connection() = default;
  // All of `bytes`. False once the client is gone, or the server ends.
  virtual bool Send(std::string_view bytes) = 0;
  // Waits until the client is gone, or the server ends.
  virtual void Stall() = 0;
  // The same, at most for a time: for a server that answers slowly.
  virtual void Wait(std::chrono::milliseconds time) = 0;
  // Closes when the handler returns; else the next request is awaited.
  virtual void CloseAfterwards() = 0;
  // Connects to 127.0.0.1:port and passes bytes both ways until one side ends.
  virtual void TunnelTo(int port) = 0;
};

using Handler = std::function<void(const RecordedRequest&, Connection&)>;

// A well-formed answer with Content-Length, and more header lines ("Name: value").
Handler Answer(int status, const std::string& body = "",
               const std::vector<std::string>& header_lines = {});
Handler RedirectTo(const std::string& url, int status = 302);
// A file as good servers serve it: ETag, Range with If-Range.
Handler ServeFile(const std::string& body, const std::string& etag = "\"v1\"");
// These bytes and nothing else, then the end of the connection.
Handler Raw(const std::string& bytes);
// These bytes, then silence.
Handler RawThenStall(const std::string& bytes);
// These bytes, then `piece` again and again.
Handler RawThenForEver(const std::string& bytes, const std::string& piece);
// Announces all of `body`, and closes after `count` bytes of it.
Handler CloseAfter(const std::string& body, std::size_t count, const std::string& etag = "\"v1\"");

// PEM files for a server that speaks https.
struct TlsFiles {
  std::string certificate;
  std::string key;
  std::string client_ca;  // not empty: clients must show a certificate of this authority
};

class LoopbackServer {
 public:
  LoopbackServer();
  explicit LoopbackServer(const TlsFiles& tls);
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;
  ~LoopbackServer();

  // "http://127.0.0.1:PORT" + `target`.
  std::string Url(const std::string& target = "") const;
  int port() const;

  // For requests of this path, whatever their query; "CONNECT" is the path of every such request.
  // Several handlers answer one request each, the last one all that follow.
  void On(const std::string& path, Handler handler);
  void On(const std::string& path, std::vector<Handler> handlers);
  // For requests that no other handler is set for.
  void Otherwise(Handler handler);
  void ForgetHandlers();

  // What was asked for so far, in order of arrival.
  std::vector<RecordedRequest> Requests() const;
  std::vector<std::string> Targets() const;
  // How many connections were made.
  int Connections() const;
  void Forget();  // the requests and connections so far

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace test
