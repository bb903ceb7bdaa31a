// A real web server: nginx on 127.0.0.1, with a folder of files and an access log.
#pragma once

#include <memory>
#include <string>

#include "tests/support/process.h"

namespace test {

class Nginx {
 public:
  // Serves `root`; keeps its configuration and logs in the new directory `dir`. A server that does
  // not start fails the test.
  Nginx(const std::string& dir, const std::string& root);
  std::string Url() const { return url_; }
  // "GET /metadata/timestamp.json?seed=42&version=1.0.0 200", a line each.
  std::string AccessLog() const;

 private:
  std::string dir_;
  std::string url_;
  std::unique_ptr<Process> process_;
};

}  // namespace test
