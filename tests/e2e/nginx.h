// A real web server: nginx on 127.0.0.1, with a folder of files and an access log.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/fd.h"
#include "tests/support/process.h"

namespace test {

class Nginx {
 public:
  // Serves `root`; keeps its configuration and logs in the new directory `dir`. A server that does
  // not start fails the test. `directives` are further ones of the server.
  Nginx(const std::string& dir, const std::string& root, const std::string& directives = "");
  Nginx(const Nginx&) = delete;
  Nginx& operator=(const Nginx&) = delete;
  // Ends it and its workers.
  ~Nginx();
  std::string Url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::uint16_t port() const { return port_; }
  // "GET /metadata/timestamp.json?seed=42&version=1.0.0 200", a line each.
  std::string AccessLog() const;
  // Cuts all connections: another worker takes the place of the one that dies.
  void KillWorker() const;

 private:
  std::string dir_;
  base::UniqueFd socket_;
  std::uint16_t port_ = 0;
  std::unique_ptr<Process> process_;
};

}  // namespace test
