#include "tests/e2e/nginx.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <filesystem>

#include "base/fd.h"
#include "tests/e2e/publisher.h"

namespace test {
namespace {

// A port that nobody listens on now. Somebody may take it before nginx does; then that fails
// loudly.
int FreePort() {
  const base::UniqueFd probe(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t length = sizeof address;
  EXPECT_EQ(bind(probe.get(), generic, length), 0);
  EXPECT_EQ(getsockname(probe.get(), generic, &length), 0);
  return ntohs(address.sin_port);
}

}  // namespace

Nginx::Nginx(const std::string& dir, const std::string& root) : dir_(dir) {
  std::filesystem::create_directories(dir_);
  const std::string port = std::to_string(FreePort());
  url_ = "http://127.0.0.1:" + port;
  WriteAll(dir_ + "/nginx.conf",
           "daemon off;\n"
           "error_log stderr notice;\n"
           "pid " +
               dir_ +
               "/nginx.pid;\n"
               "events {}\n"
               "http {\n"
               "  log_format lines '$request_method $request_uri $status';\n"
               "  access_log " +
               dir_ +
               "/access.log lines;\n"
               "  client_body_temp_path " +
               dir_ +
               "/body;\n"
               "  proxy_temp_path " +
               dir_ +
               "/proxy;\n"
               "  fastcgi_temp_path " +
               dir_ +
               "/fastcgi;\n"
               "  uwsgi_temp_path " +
               dir_ +
               "/uwsgi;\n"
               "  scgi_temp_path " +
               dir_ +
               "/scgi;\n"
               "  server { listen 127.0.0.1:" +
               port + "; root " + root +
               "; }\n"
               "}\n");
  // As root nginx gives its workers to another user, who may not see the test's directory.
  const std::string user = geteuid() == 0 ? "user root;" : "";
  process_ = std::make_unique<Process>(ProcessOptions{
      .program = "/usr/sbin/nginx", .arguments = {"-c", dir_ + "/nginx.conf", "-g", user}});
  EXPECT_TRUE(process_->WaitForErrors("start worker process")) << process_->Wait().errors;
}

std::string Nginx::AccessLog() const {
  return ReadAll(dir_ + "/access.log");
}

}  // namespace test
